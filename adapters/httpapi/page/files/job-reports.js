// The records behind the numbers: those that were not taken, doubled, or left alone, as a list and as a file.

import { atMost } from './api.js';
import { button, freshID, h, replace } from './dom.js';
import { count, cut, number } from './format.js';
import { isDryRun } from './job-state.js';
import { notice } from './messages.js';
import { aborted, sentence } from './problem.js';
import { StreamedRows } from './streamed-rows.js';
import { WindowedTable } from './windowed.js';

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

// openReport shows a report over the screen, as it comes.
async function openReport(view, report, total) {
  const said = h('div', { class: 'soft', role: 'status' }, 'Reading…');
  const place = h('div');
  const { dialog, signal } = openDialog(view, `${report.title}: ${number(total)}`, said, place,
    downloadLink(report, 'Download all as CSV'));
  const rows = new StreamedRows();
  let list = null;
  let wrong = false;
  const failed = (error) => {
    wrong = true;
    if (!aborted(error)) replace(said, notice('error', error.message));
  };
  const grown = atMost(200, () => {
    if (signal.aborted || rows.header.length === 0) return;
    if (!list) {
      list = new WindowedTable({ ...recordsOf(rows.header), rows, total, caption: report.title, failed, signal,
        open: (record) => openRecord(view, rows.header, record) });
      replace(place, list.element);
    }
    list.draw();
    if (!rows.whole && !wrong) said.textContent = `${number(rows.length)} of ${count(total, 'record')} are here…`;
  });
  try {
    await rows.read(report.url, { signal, grown });
    grown();
    said.textContent = rows.whole ? '' :
      `The first ${number(rows.length)} of ${count(total, 'record')}. The file has all of them.`;
  } catch (error) {
    failed(error);
  }
  return dialog;
}

// openDialog shows elements over the screen. What its signal belongs to ends when it is closed.
function openDialog(view, title, ...elements) {
  const over = new AbortController();
  const id = freshID('title');
  const further = elements.pop();
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': id, on: { close: () => {
    over.abort();
    dialog.remove();
  } } }, h('h2', { id, tabindex: '-1' }, title), elements,
  h('div', { class: 'row' }, further, button('Close', () => dialog.close())));
  view.signal.addEventListener('abort', () => dialog.close(), { signal: over.signal });
  view.root.append(dialog);
  dialog.showModal();
  return { dialog, signal: over.signal };
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
      wrong >= 0 && h('span', { class: 'wrong' }, record[wrong] === '' ? 'empty' : shown(record[wrong])),
      sentence(record[reason]), shown(others.join(', '))];
  } };
}

// wrongCell returns which cell a record was not taken for, or -1.
function wrongCell(header, record) {
  const line = header.indexOf('_line');
  return header.slice(0, Math.max(0, line)).indexOf(record[header.indexOf('_column')]);
}

const shown = (text) => h('bdi', {}, cut(text, 200));

// openRecord shows one record whole.
function openRecord(view, header, record) {
  const line = header.indexOf('_line');
  const wrong = wrongCell(header, record);
  const own = header.map((name, i) => [name, record[i] ?? '', i])
    .filter(([, text, i]) => (line < 0 || i < line) && (text !== '' || i === wrong));
  openDialog(view, line < 0 ? record[0] : `Line ${number(record[line])}`,
    line >= 0 && notice('error', h('p', {}, sentence(record[header.indexOf('_reason')]))),
    h('dl', { class: 'pairs' }, own.map(([name, text, i]) => h('div', {}, h('dt', {}, name),
      h('dd', { class: i === wrong ? 'wrong' : null }, text === '' ? 'empty' : h('bdi', {}, text))))), null);
}
