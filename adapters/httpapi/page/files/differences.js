// What a change made of a product's fields: before and after.

import { h } from './dom.js';
import { long } from './format.js';
import { label, shownValue } from './schema.js';

const first = ['sku', 'name', 'description', 'status'];
const rank = ([name]) => first.includes(name) ? first.indexOf(name) : first.length;
const written = (name, value) => name === 'status' && typeof value === 'boolean' ?
  (value ? 'active' : 'inactive') : shownValue(value);

// differences lists the fields of a change, and its attributes: [name, before, after], as texts.
export const differences = ({ fields, attributes }) => [
  ...Object.entries(fields).sort((a, b) => rank(a) - rank(b)).map(([name, { before, after }]) =>
    [label(name), written(name, before), written(name, after)]),
  ...Object.entries(attributes).map(([name, { before, after }]) => [name, shownValue(before), shownValue(after)])];

// isUpdate tells whether a change of the kind made something else of a product that stays.
export const isUpdate = (kind) => kind === 'updated' || kind === 'deactivated';

const marked = (name, text, most = Infinity) =>
  text === '' ? h('span.soft', 'nothing') : h(name, long(text, most));

// before and after mark a text as what was, and as what is; one that is longer than most is cut.
export const before = (text, most) => marked('del', text, most);
export const after = (text, most) => marked('ins', text, most);
