// A table of very many rows, of which those that are seen are in the document, with some above and below.

import { cells, freshID, h } from './dom.js';

const beyond = 10; // rows above and below those that are seen
const tallest = 8_000_000; // px: beyond some more, browsers lay nothing out

// WindowedTable shows rows, which have a length that may grow, and slice(from, to), a promise of them. write returns the
// cells of a row, whose first one is its header; open, if there is one, shows a row whole; failed is told why rows can't
// be had. All rows are equally tall, by the stylesheet. The arrow keys and their like lead through the rows, and Enter
// opens one. total is how many rows there will be, where that is known.
export class WindowedTable {
  #rows;
  #given; // what the table was made with
  #height = 40; // of a row, until one is measured
  #from = 0; // the rows that are drawn
  #to = 0;
  #active = -1; // the row that the keyboard is at
  #anchor = null; // the row that stays at the top while the height of all changes
  #drawing = 0; // counts drawings: the newest one counts
  #above = h('td');
  #below = h('td');
  #body = h('tbody');
  #table;

  constructor({ caption, titles, rows, total = null, write, open = null, failed, signal }) {
    this.#given = { titles, total, write, open, failed };
    this.#rows = rows;
    const pad = (cell) => h('tbody.pad', { 'aria-hidden': 'true' }, h('tr', cell));
    for (const cell of [this.#above, this.#below]) cell.colSpan = titles.length;
    const hint = h('p.hint', { id: freshID('keys') },
      `The arrow keys lead through the rows${open ? ', and Enter or a click shows one whole' : ''}.`);
    this.#table = h('table', { role: 'grid', tabindex: '0', 'aria-describedby': hint.id, 'aria-readonly': 'true',
      class: titles.length < 4 ? 'slim' : null,
      on: { keydown: (event) => this.#key(event), focus: () => this.#focused() } },
    h('caption.unseen', caption),
    h('thead', h('tr', { 'aria-rowindex': '1' }, titles.map((title) => h('th', { scope: 'col' }, title)))),
    pad(this.#above), this.#body, pad(this.#below));
    this.#body.addEventListener('click', (event) => {
      const row = event.target.closest('tr');
      if (!row) return;
      this.#go(Number(row.dataset.row));
      this.#show();
    });
    this.scroller = h('div.scroll.windowed', { on: { scroll: () => this.#scrolled() } }, this.#table);
    this.element = h('div', this.scroller, hint);
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.scroller);
    signal.addEventListener('abort', () => sizes.disconnect(), { once: true });
  }

  // seen returns how many rows fit, and first which one is at the top.
  get #seen() {
    const head = this.#table.tHead.offsetHeight;
    return Math.max(1, Math.ceil((this.scroller.clientHeight - head) / this.#height));
  }

  get #first() {
    const { scrollTop } = this.scroller;
    const at = this.#scale === 1 ? scrollTop / this.#height : scrollTop / this.#range * this.#last;
    return Math.min(Math.max(0, Math.floor(at)), Math.max(0, this.#rows.length - 1));
  }

  // scale is how much less than its rows the table is tall: more rows than a browser can lay out lie closer together.
  get #scale() {
    return Math.min(1, tallest / (this.#rows.length * this.#height || 1));
  }

  get #all() {
    return this.#rows.length * this.#height * this.#scale;
  }

  // range is how far it can be scrolled, and last which row is at the top then.
  get #range() {
    return Math.max(1, this.#all + this.#table.tHead.offsetHeight - this.scroller.clientHeight);
  }

  get #last() {
    return Math.max(0, this.#rows.length - this.#seen + 1);
  }

  #scrolled() {
    const first = this.#first;
    const near = this.#scale === 1 && first - beyond / 2 >= this.#from && first + this.#seen + beyond / 2 <= this.#to;
    if (!near) this.draw();
  }

  // draw shows the rows that are in sight as they are by now.
  async draw() {
    const drawing = ++this.#drawing;
    const first = this.#anchor ?? this.#first;
    const from = Math.max(0, first - beyond);
    const to = Math.min(this.#rows.length, first + this.#seen + beyond);
    let found;
    try {
      found = await this.#rows.slice(from, to);
    } catch (error) {
      this.#given.failed(error);
      return;
    }
    if (drawing !== this.#drawing) return;
    this.#from = from;
    this.#to = from + found.length;
    // Nothing may ask for the layout in between: what is less tall for a moment would be scrolled back.
    const top = this.#scale === 1 ? from * this.#height :
      Math.max(0, this.scroller.scrollTop - (first - from) * this.#height);
    const below = Math.max(0, this.#all - top - found.length * this.#height);
    this.#body.replaceChildren(...found.map((row, i) => this.#row(row, from + i)));
    this.#above.style.height = `${top}px`;
    this.#below.style.height = `${below}px`;
    this.#measure();
    if (this.#anchor !== null && this.#body.rows[0]?.offsetHeight === this.#height) {
      this.#anchor = null;
      this.#scrollTo(first);
    }
    this.#table.setAttribute('aria-rowcount', (this.#given.total ?? this.#rows.length) + 1);
    this.#mark();
  }

  #measure() {
    const tall = this.#body.rows[0]?.offsetHeight;
    if (tall && tall !== this.#height) {
      this.#anchor = this.#first;
      this.#height = tall;
      queueMicrotask(() => this.draw());
    }
  }

  #row(record, at) {
    const { titles, write, open } = this.#given;
    return cells(titles, write(record), { id: `${this.#table.getAttribute('aria-describedby')}-${at}`,
      'aria-rowindex': at + 2, 'data-row': at, class: open ? 'opens' : null });
  }

  // mark shows which row the keyboard is at.
  #mark() {
    this.#body.querySelector('.active')?.classList.remove('active');
    const row = this.#body.rows[this.#active - this.#from];
    if (row && this.#active >= this.#from) {
      row.classList.add('active');
      this.#table.setAttribute('aria-activedescendant', row.id);
    } else {
      this.#table.removeAttribute('aria-activedescendant');
    }
  }

  // focused begins where the keyboard was, or at a row that is seen where somebody has scrolled far away.
  #focused() {
    if (this.#active < this.#from || this.#active >= this.#to) this.#active = this.#first;
    this.#mark();
  }

  // go leads the keyboard to a row, and scrolls no further than it must.
  #go(at) {
    this.#active = Math.min(Math.max(0, at), this.#rows.length - 1);
    const fits = this.#seen - 1;
    const first = this.#first;
    if (this.#active <= first) this.#scrollTo(this.#active);
    else if (this.#active >= first + fits) this.#scrollTo(this.#active - fits + 1);
    if (this.#active < this.#from || this.#active >= this.#to) this.draw();
    else this.#mark();
  }

  #scrollTo(row) {
    this.scroller.scrollTop = this.#scale === 1 ? row * this.#height : row / this.#last * this.#range;
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: this.#seen - 1, PageUp: 1 - this.#seen, Home: -Infinity,
      End: Infinity };
    if (event.key === 'Enter') this.#show();
    else if (event.key in steps) this.#go(this.#active + steps[event.key]);
    else return;
    event.preventDefault();
  }

  async #show() {
    const { open, failed } = this.#given;
    if (!open || this.#active < 0) return;
    try {
      const [record] = await this.#rows.slice(this.#active, this.#active + 1);
      if (record) open(record);
    } catch (error) {
      failed(error);
    }
  }
}
