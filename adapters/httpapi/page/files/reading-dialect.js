// How the file is written: one sentence, with the evidence and the settings behind it.

import { field, h, select } from './dom.js';
import { number } from './format.js';
import { label as fieldWord } from './schema.js';
import { withSetting } from './settings.js';

const delimiterWords = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };
const orderWords = { ymd: 'year first', dmy: 'day first', mdy: 'month first' };
const encodings = ['utf-8', 'windows-1252', 'windows-1250', 'windows-1251', 'iso-8859-1', 'iso-8859-15', 'utf-16le',
  'utf-16be', 'macintosh', 'ibm850', 'shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr'];

const encodingWord = (name) => /^utf|^iso|^gb|^ibm/.test(name) ? name.toUpperCase() :
  name.replace(/^./, (c) => c.toUpperCase());

// dialectSentence says how the file is read, and lets one change it.
export function dialectSentence({ preview, settings, change }) {
  const { dialect } = preview;
  return h('section', { 'aria-label': 'How the file is written' },
    h('p', h('strong', dialect ? sentenceFor(dialect, preview.columns.length) :
      'The file can not be read like this.')),
    h('details', { key: 'dialect' }, h('summary', 'Why? Change it'), dialect && evidence(dialect),
      h('div.row.end', controls(settings, dialect, change))));
}

function sentenceFor(dialect, columns) {
  const parts = [`Read as ${encodingWord(dialect.encoding)}`];
  parts.push(columns > 1 ?
    `separated by ${delimiterWords[dialect.delimiter] ?? dialect.delimiter}` : 'one column');
  parts.push(dialect.header ? `names in line ${number((dialect.skipped_lines ?? 0) + 1)}` : 'no line with names');
  const formats = dialect.columns.filter((c) => c.format?.number || c.format?.date).slice(0, 3);
  for (const { field: name, format } of formats) {
    const word = fieldWord(name ?? '').toLowerCase();
    parts.push(format.number ? `${word} like ${format.number}` :
      `${word} with the ${orderWords[format.date] ?? format.date}`);
  }
  const compressed = dialect.compression ? `Compressed with ${dialect.compression}. ` : '';
  return `${compressed}${parts.join(', ')}.`;
}

function evidence(dialect) {
  const { encoding, delimiter, quote, line_ends: ends } = dialect.evidence ?? {};
  const said = [['Encoding', encoding], ['Separator', delimiter], ['Quotes', quote], ['Line ends', ends],
    ...dialect.columns.map((c) => [c.name || `Column ${c.number}`, c.format?.evidence])].filter(([, text]) => text);
  return said.length > 0 && h('ul', said.map(([of, text]) => h('li', h('bdi', of), `: ${text}`)));
}

function controls(settings, dialect, change) {
  const choice = (label, name, options) => {
    const value = settings[name] === '\t' ? 'tab' : settings[name] ?? '';
    const all = options.some(([option]) => option === value) ? options : [...options, [value, value]];
    const control = select(all, value, { key: `set-${name}`,
      on: { change: () => change(withSetting(settings, name, control.value)) } });
    return field(label, control);
  };
  const found = (text) => text ? `Found out: ${text}` : 'Find out';
  return [
    choice('Encoding', 'encoding', [['', found(dialect && encodingWord(dialect.encoding))],
      ...encodings.map((name) => [name, encodingWord(name)])]),
    choice('Separated by', 'delimiter', [
      ['', found(dialect && (delimiterWords[dialect.delimiter] ?? dialect.delimiter))],
      [',', 'Commas'], [';', 'Semicolons'], ['tab', 'Tabs'], ['|', 'Bars']]),
    choice('Quotes', 'quote', [['', found(dialect && (dialect.quote === 'none' ? 'none' : dialect.quote))], ['"', '"'],
      ["'", "'"], ['none', 'None']]),
    choice('First line', 'header', [['', found(dialect && (dialect.header ? 'names' : 'a product'))],
      ['yes', 'Has the names'], ['no', 'Is a product'], ['skip', 'Is passed over']]),
  ];
}
