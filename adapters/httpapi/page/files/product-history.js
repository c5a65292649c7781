// What was changed of a product, when, and by whom: the newest changes, and older ones when they are asked for.

import { route } from './api.js';
import { after, before, differences, isUpdate } from './differences.js';
import { append, busy, button, h, replace } from './dom.js';
import { count, long, short, when } from './format.js';
import { failure, loading } from './messages.js';
import { aborted } from './problem.js';

const pageSize = 10;
const words = { created: 'Created', updated: 'Changed', deactivated: 'Deactivated', deleted: 'Deleted' };

// productHistory returns the history of the product of the id, and nothing where the server keeps none.
export function productHistory(view, id, signal) {
  const list = h('ul.plain.attempts');
  const more = h('div', loading());
  const section = h('section', { 'aria-label': 'History' }, h('h3', 'History'), list, more);
  let shown = 0;
  let asking = false;

  // add shows what comes from a place on; a page of the server's may have nothing and lead on all the same.
  async function add(cursor) {
    if (asking) return;
    asking = true;
    busy(section, true);
    try {
      let found;
      do {
        found = await view.get(route`products/${id}/history`, { query: { limit: pageSize, cursor }, signal });
        cursor = view.api.cursor(found.next);
      } while (found.results.length === 0 && cursor);
      const entries = found.results.map((entry) => h('li', { tabindex: '-1' }, what(view, entry)));
      append(list, entries);
      replace(more, shown + entries.length === 0 ? h('p.soft', 'No change of it is kept.') :
        cursor && button('Show older changes', () => add(cursor)));
      if (shown > 0 && entries.length > 0) {
        entries[0].focus();
        view.say(`${count(entries.length, 'older change')} shown`);
      }
      shown += entries.length;
    } catch (error) {
      if (error.code === 'no_history') section.remove();
      else if (!aborted(error)) replace(more, failure(error, () => add(cursor)));
    }
    asking = false;
    busy(section, false);
  }

  add(null);
  return section;
}

// what says what one change was.
function what(view, { kind, at, user, import: job, ...change }) {
  const fields = differences(change).map(([name, from, to]) => h('li', `${name}: `,
    isUpdate(kind) ? [before(from, 100), ' → ', after(to, 100)] : long(to || from, 100)));
  const values = fields.length > 0 && h('ul.plain', fields);
  return [h('strong', words[kind]), ' ', when(at), user && [' by ', long(user, 40)],
    job && [job.undo ? ', in the undo of ' : ', in the import of ', h('a',
      { href: view.address(['jobs', job.id], null, 'import') }, short(job.file_name || 'a file without a name', 40))],
    values && !isUpdate(kind) ? h('details', h('summary', kind === 'created' ? 'What it had' : 'What it had last'),
      values) : values];
}
