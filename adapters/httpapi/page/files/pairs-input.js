// Inputs for values under names that are not known before: attributes of a product, headers of a webhook.

import { append, button, h } from './dom.js';
import { cut } from './format.js';

// PairsInput edits an object of texts, which is given as a list of [name, value]; a value that is null is there and not
// shown. words are what a name, a value, and adding one are called. patch() returns what was changed, with null for what
// was removed; take(patch) changes it so.
export class PairsInput {
  #words;
  #rows = new Map(); // by names, of those that were given: {value, control, removed}
  #added = []; // {name, control}
  #list = h('ul.plain.pairs-input');

  constructor(pairs, words) {
    this.#words = words;
    for (const [name, value] of pairs) this.#show(name, value);
    const add = button(words.add, () => {
      const row = this.#new();
      row.name.focus();
    });
    this.element = h('div', this.#list, add);
  }

  #show(name, value) {
    const control = this.#control(value ?? '', { 'aria-label': `${this.#words.value} of ${name}`,
      placeholder: value === null ? 'never shown; empty leaves it' : null });
    const row = { value, control, removed: false };
    this.#rows.set(name, row);
    const line = h('li', h('bdi', { title: name }, cut(name, 60)), control, button('Remove', () => {
      row.removed = true;
      line.remove();
    }, { look: 'quiet', name: `Remove ${name}` }));
    this.#list.append(line);
  }

  #control(value, attributes) {
    const long = value.length > 80 || value.includes('\n');
    return h(long ? 'textarea' : 'input', { autocomplete: 'off', rows: long ? '3' : null, ...attributes, value });
  }

  #new(name = '', value = '') {
    const named = (of) => ({ 'aria-label': of, placeholder: of });
    const row = { name: h('input', { autocomplete: 'off', ...named(this.#words.name), value: name }),
      control: this.#control(value, named(this.#words.value)) };
    this.#added.push(row);
    append(this.#list, h('li', row.name, row.control));
    return row;
  }

  patch() {
    const patch = {};
    for (const [name, { value, control, removed }] of this.#rows) {
      if (removed) patch[name] = null;
      else if (control.value !== (value ?? '')) patch[name] = control.value;
    }
    for (const { name, control } of this.#added) {
      if (name.value.trim() !== '') patch[name.value.trim()] = control.value;
    }
    return patch;
  }

  take(patch) {
    for (const [name, value] of Object.entries(patch)) {
      const row = this.#rows.get(name);
      if (row && value === null) {
        row.removed = true;
        row.control.closest('li').remove();
      } else if (row) {
        row.control.value = value;
      } else if (value !== null) {
        this.#new(name, value);
      }
    }
  }
}
