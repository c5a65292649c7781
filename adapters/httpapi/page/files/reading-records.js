// The first records of the file, as the products they would be.

import { cells, h, table } from './dom.js';
import { cut, number } from './format.js';
import { badge } from './messages.js';
import { sentence } from './problem.js';
import { label as fieldWord } from './schema.js';

// firstRecords shows them, with what is wrong at its cell.
export function firstRecords({ preview }) {
  const { records, columns } = preview;
  if (records.length === 0) return null;
  const fields = preview.fields.filter((f) => f.column || (f.constant ?? null) !== null ||
    records.some(({ product }) => valueOf(product, f.name) !== undefined));
  const titles = ['Line', ...fields.map((f) => fieldWord(f.name))];
  const rows = records.map(({ line, product, reject }) => {
    const at = reject ? placeOf(reject, fields, columns) : -1;
    const row = cells(titles, [number(line), ...fields.map((f, i) =>
      i === at ? rejected(reject) : written(valueOf(product, f.name)))]);
    if (reject) (row.cells[at + 1] ?? row.cells[0]).classList.add('rejected');
    if (reject && at < 0) row.cells[0].append(rejected(reject));
    return row;
  });
  return h('section', { 'aria-label': 'First products' },
    h('h2', records.length === 1 ? 'The first line as a product' :
      `The first ${number(records.length)} lines as products`),
    table('The first lines as products', titles, rows));
}

// valueOf returns the value of a field, which stands in the product or among its fields.
function valueOf(product, name) {
  return product?.[name] ?? product?.fields?.[name];
}

// placeOf returns which of the fields a reject is about, or -1.
function placeOf(reject, fields, columns) {
  const column = columns.find((c) => c.name === reject.column);
  return fields.findIndex((f) => f.name === reject.column || column && f.name === column.field);
}

function rejected({ value, reason }) {
  return [badge('error', 'Not taken'), value ? h('div.sample', h('bdi', cut(value, 80))) : null,
    h('span.reason', sentence(reason))];
}

function written(value) {
  if ((value ?? '') === '') return h('span.soft', '–');
  if (value === true || value === false) return value ? 'yes' : 'no';
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return h('bdi', { title: text.length > 80 ? cut(text, 1000) : null }, cut(text, 80));
}
