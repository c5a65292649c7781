// The inputs by which a product is edited, one for each of its fields, by their types.

import { field, freshID, h, select } from './dom.js';
import { label } from './schema.js';

// The fields that all products have, described as those of one's own.
const standard = [
  { name: 'sku', type: 'text', required: true }, { name: 'name', type: 'text', required: true },
  { name: 'description', type: 'long' }, { name: 'status', type: 'active' },
];

// keysOf returns the fields of products with their keys: name, fields.price.
export const keysOf = (schema) => [...standard.map((f) => ({ ...f, key: f.name })),
  ...schema.fields.map((f) => ({ ...f, key: `fields.${f.name}` }))];

// ProductInputs are the inputs for a product, or for a new one where it is null.
export class ProductInputs {
  #fields;
  #controls = new Map(); // by keys
  #errors = new Map();
  #before; // the values as they were

  constructor(schema, product) {
    this.#fields = keysOf(schema);
    this.element = h('div', this.#fields.map((one) => this.#input(one, product && valueOf(product, one.key))));
    this.#before = this.values();
  }

  #input(one, value) {
    const control = controlOf(one, value);
    const error = h('p.field-error', { id: freshID('error'), hidden: true });
    this.#controls.set(one.key, control);
    this.#errors.set(one.key, error);
    const words = one.key === 'status' ? 'Active' : label(one.name);
    const box = field(one.required ? `${words} (needed)` : words, control, hintOf(one));
    box.append(error);
    control.setAttribute('aria-describedby', `${control.getAttribute('aria-describedby') ?? ''} ${error.id}`.trim());
    if (one.required) control.setAttribute('aria-required', 'true');
    return box;
  }

  // values returns what the inputs say by now, by keys, as the API has it.
  values() {
    return Object.fromEntries(this.#fields.map((one) => [one.key, read(one, this.#controls.get(one.key))]));
  }

  // changed returns the keys of what differs from the product.
  changed() {
    const now = this.values();
    return Object.keys(now).filter((key) => !same(now[key], this.#before[key]));
  }

  // patch returns what differs from the product, as a merge patch.
  patch() {
    const now = this.values();
    return nested(this.changed().map((key) => [key, now[key]]));
  }

  // whole returns a new product, without what is empty.
  whole() {
    return nested(Object.entries(this.values()).filter(([, value]) => value !== null));
  }

  // take writes values into the inputs, by keys.
  take(values) {
    for (const one of this.#fields) {
      if (one.key in values) write(one, this.#controls.get(one.key), values[one.key]);
    }
  }

  // showError shows an error at the field that the API names, and returns the field's control, or null.
  showError(name, message) {
    const key = this.#controls.has(name) ? name : name.replace(/^(fields\.[^.[]+).*$/, '$1');
    const control = this.#controls.get(key);
    if (!control) return null;
    const error = this.#errors.get(key);
    error.textContent = message;
    error.hidden = false;
    control.setAttribute('aria-invalid', 'true');
    return control;
  }

  clearErrors() {
    for (const [key, error] of this.#errors) {
      error.hidden = true;
      error.textContent = '';
      this.#controls.get(key).removeAttribute('aria-invalid');
    }
  }
}

// valueOf returns a product's value of a key; what it doesn't have is null.
function valueOf(product, key) {
  return (key.startsWith('fields.') ? product.fields[key.slice('fields.'.length)] : product[key]) ?? null;
}

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function nested(entries) {
  const body = {};
  for (const [key, value] of entries) {
    if (key.startsWith('fields.')) (body.fields ??= {})[key.slice('fields.'.length)] = value;
    else body[key] = value;
  }
  return body;
}

function controlOf(one, value) {
  const control = (() => {
    switch (one.type) {
      case 'long': return h('textarea', { rows: '4' });
      case 'list': return h('textarea', { rows: '3' });
      case 'active': return h('input', { type: 'checkbox' });
      case 'boolean': return select([['', 'not given'], ['true', 'yes'], ['false', 'no']], '');
      case 'date': return h('input', { type: 'date' });
      case 'integer': return h('input', { inputmode: 'numeric', autocomplete: 'off' });
      case 'decimal': return h('input', { inputmode: 'decimal', autocomplete: 'off' });
      default: return one.words ? select([['', 'not given'], ...wordsWith(one.words, value).map((w) => [w, w])], '') :
        h('input', { autocomplete: 'off' });
    }
  })();
  write(one, control, value);
  return control;
}

// wordsWith are those that a field may have, and what it has by an older rule.
const wordsWith = (words, value) => value === null || words.includes(value) ? words : [...words, value];

function write({ type }, control, value) {
  if (type === 'active') control.checked = Boolean(value);
  else if (type === 'list') control.value = (value ?? []).join('\n');
  else control.value = value === null ? '' : String(value);
}

function read({ type, key }, control) {
  if (type === 'active') return control.checked;
  const text = control.value;
  if (type === 'long') return text;
  if (type === 'list') {
    const entries = text.split('\n').map((line) => line.trim()).filter(Boolean);
    return entries.length ? entries : null;
  }
  if (key === 'sku' || key === 'name') return text;
  if (text.trim() === '') return null;
  if (type === 'boolean') return text === 'true';
  // What is no number goes to the server as it is, which says so.
  if (type === 'integer' && Number.isSafeInteger(Number(text))) return Number(text);
  return text.trim();
}

function hintOf({ type, rules }) {
  const how = { list: 'One a line', timestamp: 'As 2026-11-28T10:30:00Z', decimal: 'As 1234.50' }[type];
  return [how, rules].filter(Boolean).join('. ') || null;
}
