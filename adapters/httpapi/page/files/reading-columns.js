// The columns of the file beside the fields they go to, and fields with one value for all.

import { button, cells, field, form, h, select, table } from './dom.js';
import { bytes, count, cut, share } from './format.js';
import { label as fieldWord } from './schema.js';
import { columnReference, unclaimed, withColumn, withKept, withSetting } from './settings.js';

const atFirst = 100; // columns; the others are shown when they are asked for
const [group, keep, out] = ['=group', '=keep', '=out']; // no field is called so
const foundWords = { name: 'same name', alias: 'another name for it', values: 'by its values',
  position: 'by its position', given: 'by hand' };

const useWords = { kind: 'says what kind of row a line is', store_view: 'says for which store view a line is',
  reject_note: 'says why the line was not taken once' };

// columnsTable has one row for each column: first those that are used, then the others, folded unless a field is
// missing.
export function columnsTable(context) {
  const { preview } = context;
  const unused = unclaimed(preview);
  const used = preview.columns.filter((column) => !unused.includes(column));
  const left = preview.more_columns ?? 0;
  const names = cut(unused.map((column) => column.name || `Column ${column.column}`).join(', '), 160);
  const kept = unused.filter((column) => column.use === 'attribute').length;
  const words = [kept > 0 && `${count(kept, 'column')} kept as ${kept === 1 ? 'it is' : 'they are'}`,
    kept < unused.length && `${count(unused.length - kept, 'column')} left out`].filter(Boolean).join(', ');
  return h('section', { 'aria-label': 'Columns' }, h('h2', 'Columns'),
    !preview.whole && h('p.soft', `As the first ${bytes(preview.bytes_read)} of the file shows.`),
    used.length > 0 && rowsOf(context, 'Columns that go to a field', used),
    unused.length > 0 && [h('details', { key: 'unused', open: preview.missing.length > 0 },
      h('summary', `${words}: `, h('bdi', names)),
      rowsOf(context, 'Columns that go to no field', unused)), others(context)],
    left > 0 && h('p.soft', `${count(left, 'further column')} can not be shown.`));
}

function rowsOf(context, caption, columns) {
  const titles = ['Column', 'Samples', 'Filled', 'Different', 'Goes to'];
  const row = (column) => cells(titles, [
    nameOf(column), samples(column.samples ?? []), share(column.filled), share(column.unique),
    target(context, column)]);
  const more = columns.length - atFirst;
  const place = table(caption, titles, columns.slice(0, atFirst).map(row));
  const all = more > 0 && button(`Show ${count(more, 'more column')}`, () => {
    place.querySelector('tbody').append(...columns.slice(atFirst).map(row));
    all.remove();
  });
  return [place, all];
}

// others says what becomes of the columns that go to no field: of all of them, unless each has its own choice.
function others({ settings, change }) {
  const mixed = settings.leave_out?.length > 0;
  const choices = [['', 'Leave them all out'], ['keep', 'Keep them all as they are'],
    ['reject', 'Refuse a file that has any'], ...mixed ? [['mixed', 'As chosen for each']] : []];
  const extra = select(choices, mixed ? 'mixed' : settings.extra === 'ignore' ? '' : settings.extra ?? '',
    { key: 'set-extra', on: { change: () => {
      if (extra.value !== 'mixed') change(withSetting(withSetting(settings, 'leave_out', null), 'extra', extra.value));
    } } });
  return field('Columns that go to no field', extra, 'What is kept stands with the product under its own name.');
}

const nameOf = (column) => h('bdi', { title: column.name }, cut(column.name || `Column ${column.column}`, 60));

function samples(all) {
  return h('ul.plain', all.map((text) =>
    h('li.sample', h('bdi', { title: text }, cut(text, 60)))));
}

// target is the select of the field that a column goes to.
function target(context, column) {
  const { preview, settings, change } = context;
  const none = column.use === 'attribute' ? keep : out;
  const taken = column.use === 'group' ? group : column.field ?? none;
  // Where others can't be shown, one can't be kept alone: they would have to be named to leave them out.
  const one = !preview.more_columns || settings.extra === 'keep';
  const options = [...one ? [[keep, 'Keep as it is']] : [], [out, 'Leave out'],
    ...preview.fields.map(({ name, required }) => [name, required ? `${fieldWord(name)} (needed)` : fieldWord(name)]),
    [group, 'Says which lines are variants of one product']];
  // Very many columns and fields would be too many options: they come when they are looked for.
  const lazy = options.length * preview.columns.length > 5000;
  const control = select(lazy ? options.filter(([value]) => value === taken) : options, taken, {
    'aria-label': `Field for ${column.name || `column ${column.column}`}`, key: `column-${column.column}`,
    on: { change: () => change(chosen(context, column, control.value)) } });
  if (lazy) {
    const complete = () => {
      if (control.options.length < options.length) control.replaceChildren(...select(options, taken).children);
      control.value = taken;
    };
    control.addEventListener('pointerenter', complete, { once: true });
    control.addEventListener('focus', complete, { once: true });
  }
  const also = (column.also ?? []).map((name) => `also ${fieldWord(name)}`);
  const said = [foundWords[column.found], ...also, useWords[column.use]].filter(Boolean).join(', ');
  return [control, said && h('div.hint', said)];
}

function chosen({ preview, settings }, column, value) {
  let next = settings;
  if (value === keep || value === out) {
    if (column.field) next = withColumn(next, column, '', preview);
    if (column.use === 'group') next = withSetting(next, 'group', 'none');
    return withKept(next, column, value === keep, preview);
  }
  if (column.use === 'group') next = withSetting(next, 'group', 'none');
  if (value === group) {
    next = withColumn(next, column, '', preview);
    return withSetting(next, 'group', columnReference(column, preview.columns));
  }
  return withColumn(next, column, value, preview);
}

// constants are fields that have the same value in every record.
export function constants({ preview, settings, change }) {
  const set = Object.entries(settings.set ?? {});
  const free = preview.fields.filter(({ name, column }) =>
    name !== 'sku' && settings.set?.[name] === undefined && !column);
  if (set.length + free.length === 0) return null;
  const value = h('input', { autocomplete: 'off', key: 'constant-value' });
  const name = select(free.map((f) => [f.name, fieldWord(f.name)]), free[0]?.name, { key: 'constant-name' });
  return h('section', { 'aria-label': 'The same for all' }, h('h2', 'The same for all'),
    set.length > 0 && h('ul.plain', set.map(([of, text]) => h('li',
      h('strong', fieldWord(of)), ' is ', text === '' ? 'empty' : h('bdi', cut(text, 60)), ' in every product ',
      button('Remove', () => change(withSetting(settings, 'set', null, of)),
        { look: 'quiet', name: `Remove the value for ${fieldWord(of)}`, key: `constant-${of}` })))),
    free.length > 0 && form(() => change(withSetting(settings, 'set', value.value, name.value)),
      h('div.row.end', field('Field', name), field('Value in every product', value),
        h('button', 'Add'))));
}
