// The bar that says that the server is away, and since when. It goes once the server has answered again.

import { replace } from './dom.js';
import { clock } from './format.js';

// Connection knows whether the server answers.
export class Connection {
  #bar;
  #since = null;

  constructor(bar) {
    this.#bar = bar;
    addEventListener('offline', () => this.lost());
  }

  // lost is called when a request got no answer.
  lost() {
    if (this.#since !== null) return;
    this.#since = Date.now();
    this.#bar.hidden = false;
    replace(this.#bar, `${navigator.onLine ? 'The server has not answered' : 'You have been offline'} since ${
      clock(this.#since)}. Nothing you typed is lost, and the page tries again by itself.`);
  }

  // found is called when one was answered.
  found() {
    if (this.#since === null) return;
    this.#since = null;
    this.#bar.hidden = true;
    replace(this.#bar);
  }
}
