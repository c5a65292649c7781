// The rows of a CSV file that the server makes, however many: they come as a stream, the browser keeps their bytes
// outside the page's memory, and those that are looked at are read from there.

import { fromPage } from './api.js';
import { parseRecords } from './csv.js';
import { Problem, aborted, problemOf } from './problem.js';

const stride = 16; // of how many rows the first one's place is remembered
const kept = 256_000_000; // bytes; what follows is in the file alone
const piece = 1_000_000; // bytes that are kept at a time

// StreamedRows has a header, a list of names, once the first row is there; length is how many rows came so far, and
// whole tells whether the file has no more.
export class StreamedRows {
  #bytes = new Blob();
  #fresh = []; // chunks that are not among the bytes yet
  #freshSize = 0;
  #size = 0; // of all
  #places = []; // where each stride begins
  #end = 0; // of the last whole row
  #quoted = false;
  #rows = 0; // with the header
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
        if (this.header.length === 0 && this.#rows > 0) this.header = (await this.#parse(0, this.#places[0]))[0];
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

  #add(chunk) {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] === 0x22) {
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

  async #parse(from, to) {
    if (this.#fresh.length > 0) this.#keep();
    return parseRecords(await this.#bytes.slice(from, to).text());
  }

  // slice resolves to the rows from one to before another, each a list of cells.
  async slice(from, to) {
    const first = Math.floor(from / stride);
    const rows = await this.#parse(this.#places[first] ?? this.#end, this.#places[Math.ceil(to / stride)] ?? this.#end);
    return rows.slice(from - first * stride, to - first * stride);
  }
}
