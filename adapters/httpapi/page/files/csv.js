// Reads the beginning of a CSV file that the server makes.

import { fromPage } from './api.js';
import { problemOf } from './problem.js';

// parseRecords returns the whole records of a text: lists of cells. The last one counts only where the text is all.
export function parseRecords(text, all) {
  const records = [];
  let record = [];
  let cell = '';
  let quoted = false;
  const endCell = () => {
    record.push(cell);
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') {
      quoted = true;
    } else if (c === ',') {
      endCell();
    } else if (c === '\n' || c === '\r') {
      if (c === '\r' && text[i + 1] === '\n') i++;
      endCell();
      records.push(record);
      record = [];
    } else {
      cell += c;
    }
  }
  if (all && (cell !== '' || record.length > 0)) {
    endCell();
    records.push(record);
  }
  return records;
}

// readRecords fetches the header and at most so many records, whatever the size of the file, and tells whether there
// are more.
export async function readRecords(url, most, signal) {
  const response = await fetch(url, { signal, cache: 'no-store', headers: fromPage });
  if (!response.ok) throw problemOf(response.status, await response.text(), (name) => response.headers.get(name));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let records = [];
  let done = false;
  while (!done && records.length <= most + 1 && text.length < 4_000_000) {
    const chunk = await reader.read();
    done = chunk.done;
    text += chunk.value ?? '';
    records = parseRecords(text, done);
  }
  reader.cancel().catch(() => {});
  return { records: records.slice(0, most + 1), more: !done || records.length > most + 1 };
}
