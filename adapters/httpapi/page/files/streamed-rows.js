// Rows that the server makes, however many: they come one after the other, the browser keeps their bytes outside the
// page's memory, and those that are looked at are read from there.

import { fromPage } from './api.js';
import { parseRecords } from './csv.js';
import { Problem, aborted, problemOf } from './problem.js';

const stride = 16; // of how many rows the first one's place is remembered
const kept = 256_000_000; // bytes; what follows is in the file alone
const piece = 1_000_000; // bytes that are kept at a time

// StreamedRows are those of a CSV file, with a header, a list of names, once it is there; or, as objects, of pages of a
// list. length is how many rows came so far, and whole tells whether there are no more.
export class StreamedRows {
  #bytes = new Blob();
  #fresh = []; // chunks that are not among the bytes yet
  #freshSize = 0;
  #size = 0; // of all
  #places = []; // where each stride begins
  #end = 0; // of the last whole row
  #quoted = false;
  #rows = 0; // with the header
  #parse = parseRecords;
  header = [];
  whole = false;

  get length() {
    return Math.max(0, this.#rows - 1);
  }

  // read fetches the file, and calls grown whenever rows have come. It ends with the file, or with as much of it as is
  // kept.
  async read(url, { signal, grown }) {
    const response = await fetch(url, { signal, cache: 'no-store', headers: fromPage });
    if (!response.ok) throw problemOf(response.status, await response.text(), (name) => response.headers.get(name));
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.#add(value);
        if (this.header.length === 0 && this.#rows > 0) this.header = (await this.#between(0, this.#places[0]))[0];
        if (this.#size > kept) {
          reader.cancel().catch(() => {});
          return;
        }
        grown();
      }
    } catch (error) {
      if (aborted(error) || signal.aborted) throw error;
      throw new Problem({ detail: 'The connection broke before the list was there.' });
    }
    this.whole = true;
  }

  // readPages is read for a list that comes in pages: next(cursor) resolves to one, {results, cursor}, from the first,
  // for null, to the last, whose cursor is null.
  async readPages(next, { grown }) {
    this.#parse = (text) => text.split('\n').slice(0, -1).map((line) => JSON.parse(line));
    this.#rows = 1; // as if there were a header
    this.#places = [0];
    for (let cursor = null; ;) {
      const page = await next(cursor);
      const lines = page.results.map((one) => `${JSON.stringify(one)}\n`).join('');
      this.#add(new TextEncoder().encode(lines), false);
      ({ cursor } = page);
      this.whole = cursor === null;
      grown();
      if (this.whole || this.#size > kept) return;
    }
  }

  #add(chunk, quotes = true) {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] === 0x22 && quotes) {
        this.#quoted = !this.#quoted; // twice for a quote within a cell
      } else if (chunk[i] === 0x0a && !this.#quoted) {
        this.#end = this.#size + i + 1;
        if (this.#rows++ % stride === 0) this.#places.push(this.#end);
      }
    }
    this.#size += chunk.length;
    this.#fresh.push(chunk);
    this.#freshSize += chunk.length;
    if (this.#freshSize > piece) this.#keep();
  }

  #keep() {
    this.#bytes = new Blob([this.#bytes, ...this.#fresh]);
    this.#fresh = [];
    this.#freshSize = 0;
  }

  async #between(from, to) {
    if (this.#fresh.length > 0) this.#keep();
    return this.#parse(await this.#bytes.slice(from, to).text());
  }

  // slice resolves to the rows from one to before another, each a list of cells, or an object.
  async slice(from, to) {
    const first = Math.floor(from / stride);
    const rows = await this.#between(this.#places[first] ?? this.#end,
      this.#places[Math.ceil(to / stride)] ?? this.#end);
    return rows.slice(from - first * stride, to - first * stride);
  }
}
