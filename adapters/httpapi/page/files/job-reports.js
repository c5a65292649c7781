// The records behind the numbers: those that were not taken, doubled, or left alone, as a list and as a file.

import { button, cells, h, replace, table } from './dom.js';
import { readRecords } from './csv.js';
import { count, number } from './format.js';
import { isDryRun } from './job-state.js';
import { loading, notice } from './messages.js';
import { aborted } from './problem.js';

const shown = 50;

// The reports that the server makes, by what they count.
const reports = {
  rejected: { file: 'rejects.csv', title: 'Not taken' },
  superseded: { file: 'superseded.csv', title: 'Doubled in the file' },
  skipped: { file: 'skipped.csv', title: 'Left alone' },
};

// reportOf returns the report of an outcome where the server has one for this import, or null.
export function reportOf(view, job, key) {
  const report = reports[key];
  if (!report || !job[key] || job.has_file === false) return null;
  if (key === 'skipped' && (isDryRun(job) || job.settings?.mode !== 'existing')) return null;
  return { ...report, url: view.api.url(`imports/${encodeURIComponent(job.id)}/${report.file}`) };
}

// reportLink returns what stands below a number: a button that opens its list.
export function reportLink(view, job, outcome) {
  const report = reportOf(view, job, outcome.key);
  return report && button('Show', () => openReport(view, report, job[outcome.key]),
    { look: 'quiet', name: `Show what is ${outcome.of}` });
}

// downloadLink returns a link to the whole report.
export function downloadLink(report, label) {
  return h('a', { class: 'button', href: report.url, download: report.file }, label);
}

// openReport shows the first records of a report over the screen.
async function openReport(view, report, total) {
  const body = h('div', {}, loading());
  const stop = new AbortController();
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'report-title', on: { close: () => {
    stop.abort();
    dialog.remove();
  } } }, h('h2', { id: 'report-title', tabindex: '-1' }, `${report.title}: ${number(total)}`), body,
  h('div', { class: 'row' }, downloadLink(report, 'Download all as CSV'), button('Close', () => dialog.close())));
  view.signal.addEventListener('abort', () => dialog.close(), { signal: stop.signal });
  view.root.append(dialog);
  dialog.showModal();
  try {
    const { records, more } = await readRecords(report.url, shown, stop.signal);
    replace(body, recordsTable(report.title, records),
      more && h('p', { class: 'soft' }, `The first ${number(records.length - 1)} of ${count(total, 'record')}.`));
  } catch (error) {
    if (!aborted(error)) replace(body, notice('error', error.message));
  }
}

// recordsTable shows records with what the server says of them first, and then the columns of the file.
function recordsTable(caption, [header = [], ...records]) {
  const own = header.indexOf('_line') < 0 ? header.length : header.indexOf('_line');
  const words = own < header.length ? { _line: 'Line', _column: 'Column', _code: null, _reason: 'Why' } :
    { sku: 'SKU', line: 'Line', winner: 'Line that counts' };
  const first = header.map((name, i) => ({ name: words[name] === undefined ? name : words[name], i }))
    .filter(({ name, i }) => i >= own && name !== null);
  const rest = header.map((name, i) => ({ name: own < header.length ? name : words[name] ?? name, i }))
    .filter(({ i }) => i < own);
  const columns = [...first, ...rest];
  const wrong = header.indexOf('_column');
  return table(caption, columns.map(({ name }) => name), records.map((record) => {
    const row = cells(columns.map(({ name }) => name), columns.map(({ i }) => record[i] ?? ''));
    columns.forEach(({ name, i }, at) => {
      if (wrong >= 0 && i < own && name === record[wrong]) row.cells[at].classList.add('rejected');
    });
    return row;
  }));
}
