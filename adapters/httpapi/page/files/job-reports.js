// The records behind the numbers: new, changed, not taken, doubled, or left alone, as a list and as a file.

import { route } from './api.js';
import { button, h } from './dom.js';
import { cut, number } from './format.js';
import { openChanges } from './job-changes.js';
import { isDryRun } from './job-state.js';
import { notice } from './messages.js';
import { sentence } from './problem.js';
import { openRows, openWide } from './rows-dialog.js';

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
  return { ...report, url: view.api.url(route`imports/${job.id}/${report.file}`) };
}

// reportLink returns what stands below a number: a button that opens its list.
export function reportLink(view, job, { key, word, of }) {
  const report = reportOf(view, job, key);
  const changes = job[key] > 0 && job.settings?.changes === 'all' &&
    ['created', 'updated', 'deactivated', 'deleted', 'kept'].includes(key);
  if (!report && !changes) return null;
  return button('Show', () => {
    if (changes) openChanges(view, job, { kind: key, title: word, total: job[key] });
    else openReport(view, report, job[key]);
  }, { look: 'quiet', name: `Show what is ${of}` });
}

// downloadLink returns a link to the whole report.
export function downloadLink(report, label) {
  return h('a.button', { href: report.url, download: report.file }, label);
}

function openReport(view, report, total) {
  openRows(view, report.title, { total, buttons: downloadLink(report, 'Download all as CSV'),
    read: (rows, options) => rows.read(report.url, options),
    listOf: ({ header }) => ({ ...recordsOf(header), open: (record) => openRecord(view, header, record) }) });
}

// recordsOf returns the columns of a list of records, and how each is written in them: what the server says of it, and
// of a record that was not taken the cell that is wrong, and how the record begins.
function recordsOf(header) {
  const line = header.indexOf('_line');
  if (line < 0) {
    const words = { sku: 'SKU', line: 'Line', winner: 'Line that counts' };
    return { titles: header.map((name) => words[name] ?? name), write: (record) => record.map((text) => shown(text)) };
  }
  const reason = header.indexOf('_reason');
  return { titles: ['Line', 'Column', 'Value', 'Why', 'Record'], write: (record) => {
    const wrong = wrongCell(header, record);
    const others = record.slice(0, line).filter((text, i) => text !== '' && i !== wrong).slice(0, 3);
    return [number(record[line]), shown(record[line + 1]),
      wrong >= 0 && h('span.wrong', record[wrong] === '' ? 'empty' : shown(record[wrong])),
      sentence(record[reason]), shown(others.join(', '))];
  } };
}

// wrongCell returns which cell a record was not taken for, or -1.
function wrongCell(header, record) {
  const line = header.indexOf('_line');
  return header.slice(0, Math.max(0, line)).indexOf(record[header.indexOf('_column')]);
}

const shown = (text) => h('bdi', cut(text, 200));

// openRecord shows one record whole.
function openRecord(view, header, record) {
  const line = header.indexOf('_line');
  const wrong = wrongCell(header, record);
  const own = header.map((name, i) => [name, record[i] ?? '', i])
    .filter(([, text, i]) => (line < 0 || i < line) && (text !== '' || i === wrong));
  openWide(view, line < 0 ? record[0] : `Line ${number(record[line])}`, [
    line >= 0 && notice('error', h('p', sentence(record[header.indexOf('_reason')]))),
    h('dl.pairs', own.map(([name, text, i]) => h('div', h('dt', name),
      h('dd', { class: i === wrong ? 'wrong' : null }, text === '' ? 'empty' : h('bdi', text)))))]);
}
