// The place Imports: all of them, the newest first, while they go on.

import { cells, field, freshID, h, replace, select, table } from './dom.js';
import { count, long, number, short, when } from './format.js';
import { sleep } from './api.js';
import { empty, failure } from './messages.js';
import { aborted, sentence } from './problem.js';
import { countsSentence, ended, isDryRun, outcomes, outcomesOf, stateBadge, undoOf } from './job-state.js';
import { queryOf } from './settings.js';

const pageSize = 25;
const [busyPause, idlePause] = [1500, 15_000]; // ms between two looks

const filters = [['', 'all'], ['running', 'going on'], ['SUCCESS', 'done'], ['FAILURE', 'failed'],
  ['REVOKED', 'stopped']];
const running = ['PENDING', 'STARTED', 'PROGRESS'];
const modes = { ignore: 'What exists is left alone', update: 'What exists is updated', existing: 'Only what exists' };

// show shows the list, or the import that the address names, which has a place of its own.
export async function show(view) {
  if (view.path[0]) {
    view.go(['jobs', view.path[0]], null, { place: 'import', replace: true });
    return;
  }
  const filter = { state: view.query.get('state') ?? '', user: view.query.get('user') ?? '' };
  const given = () => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
  const filtered = (name, value) => {
    filter[name] = value;
    view.go([], given());
  };
  const offset = Math.max(0, Number(view.query.get('offset')) || 0);
  const state = select(filters, filter.state, { on: { change: () => filtered('state', state.value) } });
  const names = h('datalist', { id: freshID('names') });
  const user = h('input', { value: filter.user, autocomplete: 'off', list: names.id,
    on: { change: () => filtered('user', user.value.trim()) } });
  const total = h('span.soft', { role: 'status' });
  const body = h('div.list.imports');
  const pages = h('div.row');
  const rows = new Map(); // by their ids
  const query = { limit: pageSize, offset, ...filter, ...(filter.state === 'running' && { state: running }) };
  const page = await view.get('imports/', { query });
  view.title('Imports', h('div.row.end', field('State', state), field('Asked for by', user), names,
    total), body, pages);
  draw(page);
  watch(page);

  function draw({ results, count: all, next }) {
    total.textContent = count(all, 'import');
    const shown = results.map((job) => {
      const made = row(view, job);
      const known = rows.get(job.id) ?? made;
      rows.set(job.id, known);
      [...made.cells].forEach((cell, i) => {
        if (!cell.isEqualNode(known.cells[i])) known.cells[i].replaceWith(cell); // others keep the focus
      });
      return known;
    });
    const list = body.querySelector('tbody');
    const known = new Set(results.map((job) => job.user).filter(Boolean));
    if (known.size > 0) replace(names, [...known].map((name) => h('option', { value: name })));
    if (shown.length === 0) {
      replace(body, Object.keys(given()).length > 0 ? empty('There are none of these.') : empty(
        'Nothing was imported yet.', h('a.button', { href: view.address([], null, 'import') }, 'Import a file')));
    } else if (!list) {
      replace(body, table('Imports', titles, shown));
    } else if (shown.some((element, i) => list.children[i] !== element) || list.children.length !== shown.length) {
      list.replaceChildren(...shown);
    }
    const turn = (to, words) => h('a.button', { href: view.address([], { ...(to > 0 && { offset: to }), ...given() }) }, words);
    replace(pages, offset > 0 && turn(Math.max(0, offset - pageSize), 'Previous page'),
      next && turn(offset + pageSize, 'Next page'));
  }

  // watch looks again and again, more often while something goes on, and not while nobody looks.
  async function watch(last) {
    try {
      for (;;) {
        await sleep(last.results.some((job) => !ended(job)) ? busyPause : idlePause, view.signal);
        if (document.hidden) continue;
        last = await view.get('imports/', { query });
        draw(last);
      }
    } catch (error) {
      if (!aborted(error)) replace(pages, failure(error, () => watch(last)));
    }
  }
}

const titles = ['File', 'When', 'State', ...outcomes.map(({ word }) => word)];

function row(view, job) {
  return cells(titles, [
    [h('a', { href: view.address(['jobs', job.id], null, 'import') },
      short(job.file_name || 'A file without a name', 30)), h('p.hint', how(job))],
    [when(job.created_at), job.user && h('p.hint', 'by ', long(job.user, 20))],
    [stateBadge(job), h('p.hint', more(view, job))],
    ...outcomes.map(({ key }) => h('span.number', number(job[key]))),
  ]);
}

const how = (job) => undoOf(job) ? `${isDryRun(job) ? 'Undo, tried out' : 'Undo'}: ${countsSentence(job)}` :
  [isDryRun(job) ? 'Tried out, nothing written' : modes[job.settings?.mode ?? 'ignore'] ?? '',
    ...outcomesOf(job).slice(outcomes.length).filter(({ key }) => job[key] > 0)
      .map(({ key, of }) => `${number(job[key])} ${of}`)].join(', ');

// more says how far an import is, or why it failed and what to do.
function more(view, job) {
  if (!ended(job)) return job.waiting ? sentence(job.waiting.for) : `${number(Math.round(job.progression))} %`;
  if (job.state !== 'FAILURE') return null;
  if (undoOf(job)) return sentence(job.error || 'The server gave no reason');
  const upload = job.has_file === false ? null : job.upload?.id ?? job.upload;
  return [sentence(job.error?.replace(/^importer: /, '') || 'The server gave no reason'), ' ', upload ?
    h('a', { href: view.address(['uploads', upload], queryOf(job.settings), 'import') }, 'Change its settings') :
    h('a', { href: view.address([], null, 'import') }, 'Send the file again')];
}
