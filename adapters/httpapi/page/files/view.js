// What a screen gets, and is: made for each time that somebody goes somewhere, and over when they go on.

import { button, h } from './dom.js';
import { addressOf } from './router.js';
import { Summary } from './messages.js';

// View is given to a screen: root is where it puts its elements; path and query are what follows the place's name in
// the address; signal is aborted once somebody goes on, which ends the screen's requests, timers and listeners; api
// asks the server; dropTarget is where files may be dropped; say tells screen readers a sentence; summary is where
// errors are shown; happened tells whoever embeds the screen what has become of an import; session has user and role,
// null where they aren't known.
export class View {
  #router;
  #place;
  #focus;
  #titled;
  #level;

  constructor({ root, place, path, query, signal, api, say, session, router, focus, dropTarget, titled = () => {},
    level = 'h1', happened = () => {} }) {
    Object.assign(this, { root, path, query, signal, api, say, session, dropTarget, happened, summary: new Summary() });
    this.#router = router;
    this.#place = place;
    this.#focus = focus;
    this.#titled = titled;
    this.#level = level;
  }

  // title puts the screen's heading, the place for errors behind it, and further elements. The focus moves to the
  // heading, but for the first screen of all.
  title(text, ...children) {
    this.#titled(text);
    const heading = h(this.#level, { tabindex: '-1', class: 'title' }, text);
    this.root.replaceChildren(heading, this.summary.element, ...children);
    if (this.#focus) heading.focus();
    this.#focus = true;
    return heading;
  }

  // link returns a link to a path of this place.
  link(path, ...children) {
    return h('a', { href: this.address(path), on: { click: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in another tab
      event.preventDefault();
      this.go(path);
    } } }, children);
  }

  // get and send ask the server as those of the api do, for as long as the screen is there.
  get(path, options) {
    return this.api.get(path, { signal: this.signal, ...options });
  }

  send(method, path, options) {
    return this.api.send(method, path, { signal: this.signal, ...options });
  }

  // act returns a button that does something, and rests meanwhile. Where that fails, the summary says so under a title.
  act(label, title, action, attributes) {
    const control = button(label, async () => {
      control.disabled = true;
      this.summary.clear();
      try {
        await action();
      } catch (error) {
        control.disabled = false;
        this.summary.fail(title, error);
      }
    }, attributes);
    return control;
  }

  // address returns that of a path of this place, or of another, for links.
  address(path = [], query = null, place = this.#place) {
    return addressOf(place, path, query);
  }

  // go leads there.
  go(path, query = null, { replace = false, place = this.#place } = {}) {
    this.#router.go(addressOf(place, path, query), { replace });
  }

  // note changes the address of this screen to say what it shows by now: a filter, a setting.
  note(path, query = null) {
    this.query = new URLSearchParams(query ?? '');
    this.#router.note(addressOf(this.#place, path, query));
  }
}
