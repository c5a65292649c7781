// Filters of the list of products, by status and by the fields that are declared.

import { button, field, form, h, select } from './dom.js';
import { label } from './schema.js';

// filterForm returns the filters as the query has them; changed is called with the query that they make.
export function filterForm(schema, query, changed) {
  const controls = new Map(); // by their parameters
  const control = (parameter, words, element) => {
    controls.set(parameter, element);
    return field(words, element);
  };
  const given = (parameter) => query.get(parameter) ?? '';
  const parts = [
    control('status', 'Status', select([['', 'all'], ['true', 'active'], ['false', 'inactive']], given('status'))),
    ...schema.fields.flatMap((one) => filtersOf(one).map(([parameter, words, make]) =>
      control(parameter, words, make(given(parameter))))),
  ];
  const summary = h('summary');
  const count = () => {
    const set = [...controls.values()].filter((c) => c.value.trim() !== '').length;
    summary.textContent = set > 0 ? `Filters (${set})` : 'Filters';
  };
  const apply = () => {
    const next = new URLSearchParams();
    for (const [parameter, element] of controls) {
      if (element.value.trim() !== '') next.set(parameter, element.value.trim());
    }
    count();
    changed(next);
  };
  count();
  const element = form(apply, h('div.filters', parts), h('div.row', h('button', 'Filter'),
    button('Show all', () => {
      for (const element of controls.values()) element.value = '';
      apply();
    }, { look: 'quiet' })));
  element.addEventListener('change', (event) => { if (event.target instanceof HTMLSelectElement) apply(); });
  return h('details', { open: [...controls.keys()].some((name) => query.has(name)) }, summary, element);
}

// filtersOf lists a field's filters: a parameter, its words, and what makes the control.
export function filtersOf({ name, type, words, filters }) {
  const of = label(name);
  const text = (attributes) => (value) => h('input', { ...attributes, value });
  const numeric = { inputmode: 'decimal', autocomplete: 'off', size: '10' };
  const all = [];
  const add = (parameter, said, make) => {
    if (filters.includes(parameter)) all.push([parameter, said, make]);
  };
  switch (type) {
    case 'integer': case 'decimal':
      add(`${name}__gte`, `${of} at least`, text(numeric));
      add(`${name}__lte`, `${of} at most`, text(numeric));
      break;
    case 'date': case 'timestamp':
      add(`${name}__gte`, `${of}, on or after`, text({ type: 'date' }));
      add(`${name}__lte`, `${of}, on or before`, text({ type: 'date' }));
      break;
    case 'boolean':
      add(name, of, (value) => select([['', 'all'], ['true', 'yes'], ['false', 'no']], value));
      break;
    case 'list':
      add(`${name}__contains`, `${of} with`, text({ autocomplete: 'off' }));
      break;
    default:
      add(name, of, words ? (value) => select([['', 'all'], ...words.map((w) => [w, w])], value) :
        text({ autocomplete: 'off' }));
  }
  add(`${name}__isnull`, `${of} given`, (value) =>
    select([['', 'all'], ['false', 'given'], ['true', 'not given']], value));
  return all;
}
