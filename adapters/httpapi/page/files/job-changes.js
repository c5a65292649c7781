// What an import did to each product, or would do: before and after, of the fields that differ.

import { route } from './api.js';
import { after, before, differences, isUpdate } from './differences.js';
import { cells, field, h, select, table } from './dom.js';
import { cut } from './format.js';
import { openRows, openWide } from './rows-dialog.js';
import { label, schema } from './schema.js';

const pageSize = 1000;

const titles = { created: 'What it has', updated: 'What changes', deactivated: 'What changes', deleted: 'What it had',
  kept: 'Why' };

// openChanges shows the changes of a kind: created, updated, deactivated, deleted or kept.
export async function openChanges(view, job, { kind, title, total }) {
  const path = route`imports/${job.id}/changes`;
  const filter = kind === 'updated' ? await fieldFilter(view.api).catch(() => null) : null; // the list goes on without
  const query = () => ({ kind, field: filter?.chosen() });
  openRows(view, title, { total, filter,
    buttons: h('a.button', { href: view.api.url(`${path}.csv`, query()), download: 'changes.csv' },
      'Download all as CSV'),
    read: (rows, { signal, grown }) => rows.readPages(async (cursor) => {
      const { results, next } = await view.get(path, { query: { ...query(), limit: pageSize, cursor }, signal });
      return { results, cursor: view.api.cursor(next) };
    }, { grown }),
    listOf: () => ({ titles: ['SKU', titles[kind]],
      write: (change) => [h('bdi', cut(change.sku, 100)), shortly(change)],
      open: (change) => openChange(view, change) }) });
}

// fieldFilter lets one choose a field whose changes are looked for.
async function fieldFilter(api) {
  const { fields } = await schema(api);
  const names = ['name', 'description', 'status', ...fields.map(({ name }) => name)];
  const control = select([['', 'any'], ...names.map((name) => [name, label(name)])], '');
  return { element: field('Field that changes', control), chosen: () => control.value,
    changed: (show) => control.addEventListener('change', show) };
}

const reasons = { changed: 'Somebody has changed it since.', deleted: 'Somebody has deleted it since.',
  exists: 'A product with its SKU is there again.' };

// shortly writes a change in one line.
function shortly(change) {
  if (change.kind === 'kept') return reasons[change.reason] ?? change.reason;
  return differences(change).slice(0, 8).map(([name, from, to], i) => [i > 0 && '; ', `${name} `,
    isUpdate(change.kind) ? [before(cut(from, 60)), ' → ', after(cut(to, 60))] : h('bdi', cut(to || from, 60))]);
}

// openChange shows one change whole.
function openChange(view, change) {
  const both = isUpdate(change.kind);
  const titles = both ? ['Field', 'Before', 'After'] : ['Field', 'Value'];
  openWide(view, cut(change.sku, 100), change.kind === 'kept' ? h('p', shortly(change)) :
    table('What changes', titles, differences(change).map(([name, from, to]) =>
      cells(titles, both ? [name, before(from), after(to)] : [name, h('bdi', to || from)]))));
}
