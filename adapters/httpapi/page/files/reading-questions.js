// What is not sure about a file: open questions and missing fields, each with buttons that answer it.

import { button, h } from './dom.js';
import { cut, day } from './format.js';
import { notice } from './messages.js';
import { sentence } from './problem.js';
import { label as fieldWord } from './schema.js';
import { columnReference, withSetting } from './settings.js';

// profileNotice says that a profile was taken.
export function profileNotice(profile, dont) {
  return notice('info', h('p', 'Read as last time: ', h('strong', profile.name)),
    button("Don't", dont, { name: `Do not read it as last time (${profile.name})`, key: 'no-profile' }));
}

// openQuestions asks what no value of the file decides, with each reading of a real value as a button.
export function openQuestions({ preview, settings, change }) {
  return preview.questions.map((q) => {
    const key = `question-${q.parameter}-${q.field ?? ''}`;
    const answers = q.readings.filter(({ reads }) => reads).map(({ answer, reads }) =>
      button(day(reads), () => change(withSetting(settings, q.parameter, answer, q.field ?? null)),
        { key: `${key}-${answer}`, name: q.value ? `Read ${q.value} as ${day(reads)}` : null }));
    return h('section',
      { class: q.open ? 'question open' : 'question', 'data-at': key, tabindex: '-1', 'aria-label': 'Question' },
      h('h2.small', ask(q)), h('p', sentence(q.detail)), h('div.row', answers));
  });
}

function ask({ parameter, value, column, field }) {
  const where = column ?? (field ? fieldWord(field) : '');
  if (parameter === 'encoding') return 'Which of these reads right?';
  if (!value) return where ? `How is ${cut(where, 60)} meant?` : 'How is this meant?';
  return `How is ${cut(value, 60)}${where ? ` in ${cut(where, 60)}` : ''} meant?`;
}

// missingFields shows the fields that are needed and have no column, with the best guesses.
export function missingFields({ preview, settings, change }) {
  return preview.missing.map(({ field, detail, suggestions = [] }) => {
    const key = `missing-${field}`;
    const guesses = suggestions.map((s) => {
      const column = preview.columns.find((c) => c.name === s.column || String(c.column) === s.column);
      const reference = column ? columnReference(column, preview.columns) : s.column;
      const use = () => change(withSetting(settings, 'map', reference, field));
      return h('li', button(`Use ${cut(s.column, 60)}`, use, { key: `${key}-${s.column}` }), ' ',
        h('span.soft', sentence(s.detail)));
    });
    return h('section.question',
      { 'data-at': key, tabindex: '-1', 'aria-label': `${fieldWord(field)} is missing` },
      h('h2.small', `Which column has the ${field === 'sku' ? 'SKU' : fieldWord(field).toLowerCase()}?`),
      h('p', sentence(detail)), guesses.length > 0 && h('ul.plain', guesses),
      h('p.hint', 'Any other column can be chosen in the list of columns below.'));
  });
}

// hints are sentences about what looks like a mistake; one that names a column for a field can be followed.
export function hints({ preview, settings, change }) {
  const known = preview.dialect?.hints ?? [];
  return preview.hints.map((text) => {
    const { field, column } = known.find((hint) => hint.text === text) ?? {};
    const meant = field && preview.columns.find((c) => c.name === column);
    const use = () => change(withSetting(settings, 'map', columnReference(meant, preview.columns), field));
    return notice('warning', h('p', sentence(text)), meant &&
      button(`Use ${cut(column, 60)} as ${fieldWord(field)}`, use, { key: `hint-${field}-${column}` }));
  });
}
