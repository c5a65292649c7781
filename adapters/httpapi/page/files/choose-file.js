// Step 1: a file is chosen, or dropped anywhere, and sent.

import { route } from './api.js';
import { append, button, field, h, replace, select, table, cells } from './dom.js';
import { bytes, duration, long, share, short, when } from './format.js';
import { countsSentence, stateBadge } from './job-state.js';
import { loading, notice } from './messages.js';
import { aborted, passes } from './problem.js';
import { queryOf } from './settings.js';
import { beginning, upload } from './upload.js';

const another = 'another file'; // why an upload is given up

// showChoice shows the step.
export function showChoice(view) {
  const state = { settings: null };
  const drop = dropZone(view, { settings: () => state.settings });
  const profiles = h('div');
  const recent = h('section', { 'aria-label': 'Last imports' });
  view.title('Import products', drop.element, profiles, recent);
  takeDrops(view, (file) => drop.send(file));
  showProfiles(view, profiles, (settings) => { state.settings = settings; });
  showRecent(view, recent);
}

// dropZone returns a place for a file: element, and send(file), which leads to the next step with the settings.
export function dropZone(view, { settings, prompt = null, template = true }) {
  prompt ??= view.dropTarget === document ? 'Drop a file anywhere on this page' : 'Drop a file here';
  const said = h('div', { role: 'alert' });
  const input = h('input', { type: 'file', hidden: true,
    accept: '.csv,.tsv,.txt,.gz,.zst,.zip,text/csv,text/plain',
    on: { change: () => input.files[0] && send(input.files[0]) } });
  const choose = button('Choose a file', () => input.click(), { look: 'primary' });
  const idle = [
    h('p', h('strong', prompt), ' or'), h('p', choose), input,
    h('p.hint',
      'CSV, TSV or another table as text, also compressed: gzip, Zstandard, or a ZIP with one file.'),
    template && h('p', h('a', { href: view.api.url('template.csv'), download: 'template.csv' },
      'Download a template to fill in')),
  ];
  const area = h('div.drop', idle);
  let cancel = null; // of the upload that goes on

  async function send(file) {
    cancel?.abort(another);
    cancel = new AbortController();
    const { signal } = cancel;
    replace(said);
    const bar = h('progress', { max: '1', value: 0, 'aria-label': 'Sent' });
    const line = h('p.progress-line', 'Sending…');
    replace(area, h('p', 'Sending ', long(file.name)), bar, line, button('Cancel', () => cancel.abort()));
    try {
      const sent = await upload(view.api, file, { signal: AbortSignal.any([signal, view.signal]), progress: (now) => {
        bar.value = now.total ? now.sent / now.total : 0;
        line.textContent = progressSentence(now);
        view.say(`${share(bar.value)} sent`);
      }, broken: () => {
        bar.value = 0;
        line.textContent = 'The connection broke. The file is sent again from its beginning once the server answers.';
        view.say(line.textContent);
      } });
      const query = queryOf(settings() ?? {});
      if (!template) query.set('profile', ''); // it is a mended one: no profile says how it is read
      view.go(['uploads', sent.id], query);
    } catch (error) {
      if (view.signal.aborted || signal.reason === another) return;
      input.value = '';
      replace(area, idle);
      if (aborted(error)) {
        choose.focus();
      } else {
        await refuse(file, error);
      }
    }
  }

  async function refuse(file, error) {
    const begins = error.status === 415 || error.status === 422 ? await beginning(file) : '';
    replace(said, notice('error', h('p', h('strong', long(file.name)), ' was not taken. ', error.message),
      begins && h('p', 'It begins with ', h('code', begins)),
      (passes(error) || error.status === 429) && button('Send it again', () => send(file))));
  }

  return { element: h('div', said, area), send };
}

function progressSentence({ sent, total, speed, left }) {
  if (sent >= total) return 'All sent; the server looks at it…';
  const parts = [`${bytes(sent)} of ${bytes(total)}`];
  if (speed) parts.push(`${bytes(speed)} a second`, `${duration(left)} left`);
  return parts.join(', ');
}

// takeDrops has a whole page take files that are dropped on it.
export function takeDrops(view, take) {
  const { signal, dropTarget } = view;
  const lit = (on) => view.root.classList.toggle('dragging', on);
  const files = (event) => event.dataTransfer?.types.includes('Files');
  dropTarget.addEventListener('dragover', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    lit(true);
  }, { signal });
  dropTarget.addEventListener('dragleave', (event) => { if (!event.relatedTarget) lit(false); }, { signal });
  dropTarget.addEventListener('drop', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    lit(false);
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  }, { signal });
}

// showProfiles lets one choose how the file will be read; nothing where no profiles are kept.
async function showProfiles(view, place, choose) {
  let profiles;
  try {
    profiles = (await view.get('profiles/')).results;
  } catch {
    return; // the import goes on without
  }
  replace(place);
  if (profiles.length === 0) return;
  const chooser = select([['', 'Find out'], ...profiles.map(({ name }) => [name, name])], '', { on: { change: () => {
    choose(profiles.find(({ name }) => name === chooser.value)?.settings ?? null);
  } } });
  append(place, field('Read the file', chooser, 'As one of your profiles says, or as its content shows.'),
    h('details', h('summary', 'Manage profiles'), h('ul', profiles.map((profile) => h('li',
      long(profile.name), ', ', when(profile.updated_at), ' ',
      view.act('Delete', 'The profile is still there', async () => {
        await view.send('DELETE', route`profiles/${profile.name}`);
        view.say(`The profile ${profile.name} is deleted`);
        choose(null);
        await showProfiles(view, place, choose);
      }, { look: 'quiet', name: `Delete the profile ${profile.name}` }))))));
}

async function showRecent(view, place) {
  replace(place, h('h2', 'Last imports'), loading());
  try {
    const { results } = await view.get('imports/', { query: { limit: 5 } });
    const titles = ['File', 'State', 'When', 'Records'];
    replace(place, h('h2', 'Last imports'), results.length === 0 ?
      h('p.soft', 'None yet. The first file starts the list.') :
      table('Last imports', titles, results.map((job) => cells(titles, [
        view.link(['jobs', job.id], short(job.file_name || 'without a name', 40)), stateBadge(job), when(job.created_at),
        countsSentence(job)]))));
  } catch (error) {
    if (!aborted(error)) replace(place, h('h2', 'Last imports'), notice('error', error.message));
  }
}
