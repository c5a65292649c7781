// <products-import endpoint="/catalog/">: the import, for a page of an application's own.
//
// endpoint is where the API stands, behind the application's own authentication, at the page's own origin. The
// element has its own styles. It sends events that bubble, of the imports and dry runs that are begun in it:
// products-import-begun, whose detail has the id, and products-import-ended, whose detail is what GET /imports/{id}
// answers; and products-import-signed-out, when the API wants to know who asks.

import { Announcer } from './announce.js';
import { Api } from './api.js';
import { Connection } from './connection.js';
import { h, replace } from './dom.js';
import { show } from './import-place.js';
import { failure, loading } from './messages.js';
import { aborted } from './problem.js';
import { parse } from './router.js';
import { View } from './view.js';

// Steps stands in for the page's addresses, which belong to the application here.
class Steps {
  #show;

  constructor(show) {
    this.#show = show;
  }

  go(address) {
    this.#show(parse(address));
  }

  note() {}
}

class ProductsImport extends HTMLElement {
  static observedAttributes = ['endpoint'];

  #over = new AbortController(); // aborted when a step is left
  #main = h('div.embedded');
  #bar = h('div.connection', { role: 'status', hidden: true });
  #spoken = h('div.unseen', { 'aria-live': 'polite' });
  #announcer = new Announcer(this.#spoken);
  #connection = new Connection(this.#bar);
  #steps = new Steps((parts) => this.#go(parts));
  #api = null;
  #first = true;
  #begun = new Set(); // ids of imports that have not ended

  connectedCallback() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: 'open' }).append(
        h('link', { rel: 'stylesheet', href: new URL('style.css', import.meta.url) }), this.#bar, this.#main,
        this.#spoken);
    }
    this.#begin();
  }

  disconnectedCallback() {
    this.#over.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected && this.shadowRoot) this.#begin();
  }

  #begin() {
    this.#over.abort();
    if (!this.hasAttribute('endpoint')) return;
    const endpoint = new URL(this.getAttribute('endpoint'), document.baseURI);
    if (!endpoint.pathname.endsWith('/')) endpoint.pathname += '/';
    this.#api = new Api(endpoint, { connection: this.#connection, signIn: async () => {
      this.#tell('signed-out', null);
      return false;
    } });
    this.#first = true;
    this.#go(parse('#/import'));
  }

  async #go({ path, query }) {
    this.#over.abort();
    this.#over = new AbortController();
    const { signal } = this.#over;
    const root = h('div.screen', loading());
    replace(this.#main, root);
    const focus = !this.#first;
    this.#first = false;
    try {
      await show(new View({ root, place: 'import', path, query, signal, api: this.#api, router: this.#steps, focus,
        session: { user: null, role: null }, dropTarget: this, level: 'h2',
        say: (sentence) => this.#announcer.say(sentence),
        happened: (what, job) => this.#happened(what, job) }));
    } catch (error) {
      if (!aborted(error) && !signal.aborted) {
        replace(root, failure(error, () => this.#go({ path, query })));
      }
    }
  }

  // happened tells of imports that were begun here: one can look at others too.
  #happened(what, job) {
    if (what === 'begun') this.#begun.add(job.id);
    if (what === 'begun' || this.#begun.delete(job.id)) this.#tell(what, job);
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(`products-import-${what}`, { bubbles: true, composed: true, detail }));
  }
}

customElements.define('products-import', ProductsImport);
