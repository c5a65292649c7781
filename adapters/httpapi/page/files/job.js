// Steps 3 and 4: an import is tried out, or done, live; and what became of it.

import { route } from './api.js';
import { button, h, replace } from './dom.js';
import { count, duration, long, number, when } from './format.js';
import { follow } from './follow.js';
import { openChanges } from './job-changes.js';
import { countTiles, countsSentence, ended, isDryRun, missingOutcome, outcomesOf, products, stateBadge,
  undoOf } from './job-state.js';
import { nextSteps } from './job-next.js';
import { reportLink } from './job-reports.js';
import { notice } from './messages.js';
import { aborted, sentence } from './problem.js';

// showJob shows an import as it is, and follows it to its end.
export async function showJob(view, id) {
  const path = route`imports/${id}`;
  let job = await view.get(path);
  const dry = isDryRun(job);
  const tried = view.query.get('tried');
  const before = tried && !dry ? await triedOut(view, tried) : null;

  const facts = h('p.row');
  const bar = h('progress', { max: '100', 'aria-label': dry ? 'Tried out' : 'Imported' });
  const line = h('p.progress-line.number');
  const running = h('div', bar, line);
  const tiles = countTiles(job, (outcome, now) => ended(now) ? reportLink(view, now, outcome) : null);
  const outcome = h('div');
  const next = h('div');
  view.title(undoOf(job) ? (dry ? 'What undoing would change' : 'Undo') : dry ? 'What would change' : 'Import', facts, running, outcome, tiles.element, next);

  const draw = (now) => {
    job = { ...job, ...now };
    replace(facts, long(job.file_name || 'A file without a name'), stateBadge(job),
      h('span.soft', when(job.finished_at ?? job.created_at), job.user ? ` by ${job.user}` : ''));
    bar.value = job.progression;
    line.textContent = progressLine(job);
    tiles.update(job, ended(job) ? before : null);
    running.hidden = ended(job);
  };
  const finish = () => {
    replace(outcome, outcomeNotice(view, job, before));
    view.happened('ended', job);
    nextSteps(view, next, job);
  };
  draw({});
  if (ended(job)) {
    finish();
    return;
  }
  nextSteps(view, next, job);
  watch(view, id, draw, (last) => {
    draw(last);
    finish();
    view.say(`${title(last)}: ${countsSentence(last)}`);
  });
}

async function watch(view, id, draw, end) {
  try {
    const update = (now) => {
      draw(now);
      if (!ended(now)) view.say(`${Math.round(now.progression)} %`);
    };
    end(await follow(view.api, id, { signal: view.signal, update }));
  } catch (error) {
    if (!aborted(error)) view.summary.fail('This import can not be followed', error);
  }
}

// triedOut returns the dry run that came before an import, or null where it is gone.
async function triedOut(view, id) {
  try {
    return await view.get(route`imports/${id}`);
  } catch (error) {
    if (aborted(error)) throw error;
    return null;
  }
}

const recordsOf = (job) => count(job.read, undoOf(job) ? 'product' : 'record');

function progressLine(job) {
  if (job.waiting) return `Waiting since ${when(job.waiting.since).textContent}: ${job.waiting.for}`;
  if (job.state === 'PENDING') return 'Waiting its turn…';
  const parts = [job.phase === 'importing' ? `${recordsOf(job)} ${isDryRun(job) ? 'compared' : 'done'}` :
    `${count(job.checked, 'record')} checked`];
  if (job.rows_per_second) parts.push(`${number(Math.round(job.rows_per_second))} a second`);
  if ((job.eta ?? null) !== null) parts.push(`${duration(job.eta)} left`);
  return parts.join(', ');
}

function title(job) {
  switch (job.state) {
    case 'SUCCESS': return isDryRun(job) ? 'Tried out, nothing is written yet' : undoOf(job) ? 'Undone' : 'Imported';
    case 'REVOKED': return 'Stopped';
    default: return isDryRun(job) ? 'This could not be tried out' :
      undoOf(job) ? 'The undo failed' : 'The import failed';
  }
}

// toGo says which products would go, of a dry run of a file that does not have them.
function toGo(view, job) {
  const outcome = isDryRun(job) && missingOutcome(job);
  const n = job[outcome?.key] ?? 0;
  return n > 0 && [h('p', h('strong', `${products(n)} that the file does not have would be ${outcome.of}.`)),
    job.settings.changes === 'all' && button(`Look at ${n === 1 ? 'it' : 'them'}`,
      () => openChanges(view, job, { kind: outcome.key, title: outcome.word, total: n }))];
}

// whyNot says why an import failed, and what to do where the file does not have more products than it may.
function whyNot(job) {
  const [, missing, of, most] = /many products are missing .*: (\d+) of (\d+) .* at most (\d+)/.exec(job.error) ?? [];
  return !missing ? h('p', sentence(job.error || 'the server gave no reason')) : [
    h('p', `The file does not have ${number(missing)} of ${products(Number(of))}, and at most ${
      number(most)} may be missing. Nothing was written.`),
    h('p', 'Look first whether the file is whole. If they are to go, change the settings: let more be missing, or say ',
      'which products the file is about.')];
}

function outcomeNotice(view, job, before) {
  const passed = job.passed_over > 0 &&
    h('p', `${count(job.passed_over, 'line')} of the file ${job.passed_over === 1 ? 'is' : 'are'} no product of ${
      job.passed_over === 1 ? 'its' : 'their'} own, such as empty lines and further pictures, and not counted.`);
  const hints = (job.dialect?.hints ?? []).map((hint) => h('p', sentence(hint.text)));
  const took = h('p.soft', `${recordsOf(job)} in ${
    job.seconds < 1 ? 'less than a second' : duration(job.seconds)}`);
  const heading = h('h2.small', title(job));
  switch (job.state) {
    case 'SUCCESS':
      return notice(isDryRun(job) ? 'info' : 'success', heading, took, toGo(view, job), passed, hints,
        before && differs(job, before) &&
        h('p', 'The numbers differ from the dry run: the catalogue was changed by somebody else in between.'));
    case 'REVOKED':
      return notice('warning', heading, h('p', isDryRun(job) ? 'Nothing was written.' :
        `What is counted below was written and stays; ${undoOf(job) ? 'undoing the import' : 'importing the file'
        } again goes on from there.`));
    default:
      return notice('error', heading, whyNot(job), hints,
        !isDryRun(job) && job.read > 0 && h('p', 'What is counted below was written and stays.'));
  }
}

const differs = (job, before) => outcomesOf(job).some(({ key }) => (job[key] ?? 0) !== (before[key] ?? 0));
