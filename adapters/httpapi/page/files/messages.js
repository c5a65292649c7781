// Messages that stand on the page until what they say is over.

import { button, freshID, h, replace } from './dom.js';
import { aborted } from './problem.js';

// The signs beside messages and states, so that colour alone never says anything.
const signs = { error: '✕', warning: '!', success: '✓', info: 'i', busy: '…', off: '–' };

// badge returns a state in a word, with its sign; kind is one of the names above.
export function badge(kind, word) {
  return h('span', { class: `badge ${kind}` }, h('span.sign', { 'aria-hidden': 'true' }, signs[kind]), word);
}

// notice returns a message.
export function notice(kind, ...children) {
  return h('div', { class: `notice ${kind}` }, h('span.sign', { 'aria-hidden': 'true' }, signs[kind]),
    h('div', children));
}

// Summary is the place at the top of a screen where its errors stand, each a link to where it can be mended.
export class Summary {
  constructor() {
    this.element = h('div.summary', { tabindex: '-1', role: 'alert' });
  }

  // show shows errors, {text, at}, where at is the element that the error is about, or none. The focus moves here.
  show(title, errors) {
    replace(this.element, notice('error', h('h2.small', title),
      h('ul', errors.map(({ text, at }) => h('li', at ? this.#link(text, at) : text)))));
    this.element.focus();
  }

  // fail shows what became of a request; nothing where the page itself gave it up.
  fail(title, error) {
    if (aborted(error)) return;
    const more = error.requestID && error.status >= 500 ? ` (${error.requestID})` : '';
    const fields = (error.errors ?? []).filter((e) => e.message && e.message !== error.message);
    this.show(title, [{ text: error.message + more }, ...fields.map((e) => ({ text: e.message }))]);
  }

  clear() {
    replace(this.element);
  }

  #link(text, at) {
    if (!at.id) at.id = freshID('at');
    return h('a', { href: `#${at.id}`, on: { click: (event) => {
      event.preventDefault();
      at.scrollIntoView({ block: 'center' });
      at.focus();
    } } }, text);
  }
}

// empty returns what stands in place of a list without entries: what to do.
export function empty(sentence, ...actions) {
  return h('div.empty', h('p', sentence), actions);
}

// loading returns what stands where something is being fetched.
export function loading(what = 'Loading') {
  return h('p.loading', { role: 'status' }, `${what}…`);
}

// failure returns what stands where something couldn't be fetched, with a button to try again.
export function failure(error, again) {
  return h('div', { role: 'alert' }, notice('error', h('p', error.message), again && button('Try again', again)));
}
