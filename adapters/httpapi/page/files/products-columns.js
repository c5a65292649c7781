// Which columns the list of products has: chosen, and kept in the browser.

import { h } from './dom.js';
import { label, shownValue } from './schema.js';

const usual = ['sku', 'name', 'status', 'updated_at'];

// columnChoice returns the boxes to choose by, and chosen(), the columns in their order: each has a name, a title, and
// text(product). changed is called when somebody chose.
export function columnChoice(schema, changed) {
  const all = [
    { name: 'sku', title: 'SKU', text: (p) => p.sku },
    { name: 'name', title: 'Name', text: (p) => p.name },
    { name: 'status', title: 'Status', text: (p) => p.status ? 'active' : 'inactive' },
    ...schema.fields.map(({ name, type }) => ({ name: `fields.${name}`, title: label(name),
      text: (p) => shownValue(p.fields[name], type) })),
    { name: 'description', title: 'Description', text: (p) => p.description },
    { name: 'created_at', title: 'Created', text: (p) => p.created_at },
    { name: 'updated_at', title: 'Changed', text: (p) => p.updated_at },
  ];
  const rank = ({ type }) => ['decimal', 'integer'].includes(type) ? 0 : 1; // prices and stocks are looked at most
  const first = [...usual, ...schema.fields.toSorted((a, b) => rank(a) - rank(b)).slice(0, 3)
    .map((f) => `fields.${f.name}`)];
  const names = new Set(kept('columns', first));
  names.add('sku'); // it opens the product
  const boxes = all.filter((c) => c.name !== 'sku').map((column) => {
    const box = h('input', { type: 'checkbox', checked: names.has(column.name), on: { change: () => {
      if (box.checked) names.add(column.name);
      else names.delete(column.name);
      keep('columns', [...names]);
      changed();
    } } });
    return h('label.check', box, column.title);
  });
  return {
    element: h('details', h('summary', 'Columns'),
      h('fieldset', h('legend.unseen', 'Columns of the list'), h('div.row', boxes))),
    chosen: () => all.filter((column) => names.has(column.name)),
  };
}

// kept returns what is kept under a name, or the other value where there is nothing, or nothing may be kept.
function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`products-importer.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

// keep keeps a value, where the browser lets it.
function keep(name, value) {
  try {
    localStorage.setItem(`products-importer.${name}`, JSON.stringify(value));
  } catch {
    // It is forgotten with the page.
  }
}
