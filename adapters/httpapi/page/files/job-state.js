// Words for what becomes of an import, and of its records.

import { badge } from './messages.js';
import { h } from './dom.js';
import { count, number } from './format.js';

const finals = ['SUCCESS', 'FAILURE', 'REVOKED'];

export const ended = (job) => finals.includes(job.state);

// undoOf returns the id of the import that a job takes back, or null.
export const undoOf = (job) => job.settings?.undo ?? null;

export const isDryRun = (job) => Boolean(job.settings?.dry_run);

// stateBadge returns the state of an import in a word.
export function stateBadge(job) {
  switch (job.state) {
    case 'SUCCESS': return isDryRun(job) ? badge('info', 'Tried out') : badge('success', 'Done');
    case 'FAILURE': return badge('error', 'Failed');
    case 'REVOKED': return badge('off', 'Stopped');
    case 'PENDING': return badge('busy', job.waiting ? 'Waiting for the database' : 'Waiting its turn');
    default: return badge('busy', isDryRun(job) ? 'Being tried out' : undoOf(job) ? 'Being undone' : 'Importing');
  }
}

// The six numbers: what became of each record. In a dry run it is what would become of it.
export const outcomes = [
  { key: 'created', word: 'New', of: 'new', hint: 'not in the catalogue before' },
  { key: 'updated', word: 'Changed', of: 'changed', hint: 'written with what the file says' },
  { key: 'unchanged', word: 'Unchanged', of: 'unchanged', hint: 'already as the file says' },
  { key: 'skipped', word: 'Left alone', of: 'left alone', hint: 'by what you chose for products that exist' },
  { key: 'superseded', word: 'Doubled in the file', of: 'doubled', hint: 'another line of the file has the SKU' },
  { key: 'rejected', word: 'Not taken', of: 'not taken', hint: 'something is wrong in the line' },
];

// What becomes of each product of an import that is undone.
const undoOutcomes = [
  { key: 'deleted', word: 'Deleted', of: 'deleted', hint: 'the import had created them' },
  { key: 'updated', word: 'Given back', of: 'given back', hint: 'have again what they had before' },
  { key: 'created', word: 'Brought back', of: 'brought back', hint: 'had been deleted' },
  { key: 'kept', word: 'Left alone', of: 'left alone', hint: 'somebody has changed them since' },
];

// What becomes of products that the file does not have, by what the settings say; one that is rare is shown once it has a
// number.
const missingOutcomes = {
  deactivate: { key: 'deactivated', word: 'Deactivated', of: 'deactivated', hint: 'the file does not have them' },
  delete: { key: 'deleted', word: 'Deleted', of: 'deleted', hint: 'the file does not have them' },
};
const keptOutcome = { key: 'kept', word: 'Kept', of: 'kept', hint: 'somebody has changed them meanwhile',
  rare: true };

// missingOutcome returns what an import does to them, and nothing where that is nothing.
export const missingOutcome = (job) => missingOutcomes[job.settings?.missing];

// outcomesOf returns those that a job counts.
export const outcomesOf = (job) => undoOf(job) ? undoOutcomes :
  missingOutcome(job) ? [...outcomes, missingOutcome(job), keptOutcome] : outcomes;

// countsSentence says the numbers that aren't 0: "1,994 new, 6 not taken".
export function countsSentence(job) {
  const all = outcomesOf(job).filter(({ key }) => job[key] > 0).map(({ key, of }) => `${number(job[key])} ${of}`);
  return all.length ? all.join(', ') : ended(job) ? 'nothing' : 'nothing yet';
}

// countTiles returns a job's numbers, large, with a function that updates them. opened(outcome, job) returns what
// stands below a number, such as a link to its records, or nothing; before has the numbers of a dry run to compare
// with.
export function countTiles(first, opened = () => null) {
  const tiles = outcomesOf(first).map((outcome) => ({ outcome, value: h('dd', '0'), below: h('dd.hint') }));
  const element = h('dl.counts',
    tiles.map(({ outcome, value, below }) =>
      h('div', h('dt', { title: outcome.hint }, outcome.word), value, below)));
  const update = (job, before = null) => {
    for (const { outcome, value, below } of tiles) {
      value.textContent = number(job[outcome.key]);
      value.parentNode.hidden = Boolean(outcome.rare && !job[outcome.key]);
      const differs = before && (before[outcome.key] ?? 0) !== (job[outcome.key] ?? 0);
      below.replaceChildren(...[opened(outcome, job),
        differs && h('span.soft', `the dry run said ${number(before[outcome.key])}`)].filter(Boolean));
    }
  };
  return { element, update };
}

// toWrite is how many products an import with these numbers writes.
export const toWrite = (job) => (job.created ?? 0) + (job.updated ?? 0) + (job.deactivated ?? 0) + (job.deleted ?? 0);
export const products = (n) => count(n, 'product');
