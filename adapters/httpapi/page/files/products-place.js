// The place Products: the catalogue, searched, filtered, changed and exported.

import { busy, button, cells, field, h, replace, select, table } from './dom.js';
import { counted, cut, long, when } from './format.js';
import { products } from './job-state.js';
import { empty, failure, loading } from './messages.js';
import { aborted } from './problem.js';
import { columnChoice } from './products-columns.js';
import { deleteAll, deleteAllButton } from './products-delete.js';
import { filterForm } from './products-filters.js';
import { openPanel } from './product-panel.js';
import { label, schema } from './schema.js';

const pageSize = 50;
const pause = 200; // ms after the last letter of a search

// show shows the list that the address asks for, and the product that it names.
export async function show(view) {
  const known = await schema(view.api);
  const list = new List(view, known);
  list.show();
  const [opened] = view.path;
  if (opened === 'new') list.open(null);
  else if (opened) list.open(opened);
}

// List is the list on the page, with what leads through it.
class List {
  #view;
  #schema;
  #cursors = ['']; // of the pages up to this one
  #asking = null; // the request that is under way
  #query; // without the place in the list

  constructor(view, known) {
    this.#view = view;
    this.#schema = known;
    this.#query = new URLSearchParams(view.query);
  }

  show() {
    const view = this.#view;
    const search = h('input', { type: 'search', value: this.#query.get('search') ?? '', autocomplete: 'off' });
    let timer;
    search.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#change('search', search.value.trim()), pause);
    });
    view.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    const orders = this.#schema.orderings.filter((o) => o !== 'id' && o !== '-id');
    const order = select([['', 'Oldest first'], ['-id', 'Newest first'], ...orders.map((o) => [o, orderWords(o)])],
      this.#query.get('ordering') ?? '', { on: { change: () => this.#change('ordering', order.value) } });
    this.columns = columnChoice(this.#schema, () => this.#draw());
    this.total = h('p.soft.total', { role: 'status' });
    this.body = h('div.list', loading());
    this.pages = h('div.row');
    this.exported = h('a.button', { download: 'products.csv' }, 'Export this list');
    this.deleting = deleteAllButton(() => deleteAll(view, () => this.reload()));
    view.title('Products',
      h('div.row.end', field('Search in SKU and name', search), field('Order', order),
        button('New product', () => this.open(null), { look: 'primary' })),
      filterForm(this.#schema, this.#query, (query) => this.#filter(query)), this.columns.element,
      this.total, this.body, this.pages,
      h('div.row', this.exported, this.deleting.element));
    this.reload();
  }

  // open opens a product, or a new one for null.
  open(id) {
    openPanel(this.#view, this.#schema, id, {
      closed: () => this.#view.note([], this.#query), changed: () => this.refresh() });
    this.#view.note([id ?? 'new'], this.#query);
  }

  // refresh shows this page of the list as it is by now.
  refresh() {
    this.#load();
    this.#count();
  }

  // reload shows the list from its beginning, with the count.
  reload() {
    this.#cursors = [''];
    this.#load();
    this.#count();
  }

  #change(name, value) {
    if (value) this.#query.set(name, value);
    else this.#query.delete(name);
    this.#view.note([], this.#query);
    this.reload();
  }

  #filter(query) {
    for (const name of ['search', 'ordering']) {
      if (this.#query.has(name)) query.set(name, this.#query.get(name));
    }
    this.#query = query;
    this.#view.note([], query);
    this.reload();
  }

  // #load fetches this page of the list, and gives up the one that was asked for before. What is shown stays till then.
  async #load() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const signal = AbortSignal.any([asking.signal, this.#view.signal]);
    const filters = new URLSearchParams(this.#query);
    filters.delete('ordering');
    this.exported.href = this.#view.api.url('products/export.csv', filters);
    busy(this.body, true);
    try {
      const query = new URLSearchParams(this.#query);
      query.set('limit', pageSize);
      const cursor = encodeURIComponent(this.#cursors.at(-1));
      this.page = await this.#view.get(`products/?cursor=${cursor}`, { query, signal });
      this.#draw();
    } catch (error) {
      if (aborted(error)) return;
      replace(this.body, failure(error, () => this.#load()));
    }
    busy(this.body, false);
  }

  // #count says how many there are once that is known: of a large catalogue it takes longer than a page of it.
  async #count() {
    const query = new URLSearchParams(this.#query);
    query.delete('ordering');
    const asked = query.toString();
    try {
      const ask = (filters) => this.#view.get('products/?limit=1&count=true', { query: filters, patient: false });
      const matching = await ask(query);
      const all = asked === '' ? matching : await ask();
      const now = new URLSearchParams(this.#query);
      now.delete('ordering');
      if (now.toString() !== asked) return;
      this.total.textContent = (asked === '' ? '' : `${counted(matching)} of `) + counted(all, products);
      this.deleting.show(all);
    } catch (error) {
      if (!aborted(error)) this.total.textContent = '';
    }
  }

  #draw() {
    if (!this.page) return;
    const { results } = this.page;
    const columns = this.columns.chosen();
    const titles = columns.map((c) => c.title);
    if (results.length === 0) {
      const filtered = [...this.#query.keys()].some((name) => name !== 'ordering');
      replace(this.body, filtered ? empty('No product fits. Change the search or the filters.') :
        empty('There is no product yet. Import a file, or add one by hand.',
          h('a.button', { href: this.#view.address([], null, 'import') }, 'Import a file')));
    } else {
      const focused = document.activeElement?.dataset.product;
      replace(this.body, table('Products', titles, results.map((product) => this.#row(product, columns, titles))));
      if (focused) {
        (this.body.querySelector(`[data-product="${focused}"]`) ?? this.body.querySelector('.scroll')).focus();
      }
    }
    const next = this.#view.api.cursor(this.page.next);
    replace(this.pages,
      this.#cursors.length > 1 && button('Previous page', () => this.#turn(this.#cursors.slice(0, -1))),
      next && button('Next page', () => this.#turn([...this.#cursors, next])));
  }

  #row(product, columns, titles) {
    return cells(titles, columns.map((column) => column.name === 'sku' ?
      button(cut(product.sku, 30), () => this.open(product.id),
        { look: 'quiet', title: product.sku, 'data-product': product.id }) :
      column.name === 'updated_at' || column.name === 'created_at' ? when(product[column.name]) :
        long(column.text(product), 60)));
  }

  async #turn(cursors) {
    this.#cursors = cursors;
    await this.#load();
    this.#view.root.querySelector('h1').scrollIntoView();
    this.body.querySelector('.scroll')?.focus({ preventScroll: true });
    this.#view.say(`Page ${cursors.length}`);
  }
}

function orderWords(order) {
  const down = order.startsWith('-');
  const name = label(order.replace(/^-/, '')).replace(/ at$/, '');
  return down ? `${name}, from the end` : name;
}
