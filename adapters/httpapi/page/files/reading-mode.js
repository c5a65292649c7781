// What happens to products that exist, to those that the file does not have, and settings that few need.

import { button, field, form, h, replace, select } from './dom.js';
import { long } from './format.js';
import { filtersOf } from './products-filters.js';
import { withSetting } from './settings.js';

const modes = [
  ['ignore', 'Leave it alone', 'Only new products are added.'],
  ['update', 'Update it', 'New products are added, and those that exist get what the file says.'],
  ['existing', 'Update only, add nothing', 'Products that exist get what the file says: for prices or stock.'],
];

const ways = [
  ['keep', 'Keep them', 'Nothing happens to them.'],
  ['deactivate', 'Deactivate them', 'They stay in the catalogue, and are not active any more.'],
  ['delete', 'Delete them', 'They are removed from the catalogue.'],
];

// cards asks to choose one of some ways, [value, title, text].
function cards(title, name, ways, taken, choose) {
  return h('fieldset', h('legend', h('h2', title)),
    h('div.choices', ways.map(([value, words, text]) => h('label',
      h('input', { type: 'radio', name: `pi-${name}`, value, checked: value === taken, key: `${name}-${value}`,
        on: { change: () => choose(value) } }),
      h('span', h('strong', words), text)))));
}

// settingInput is the input of a setting.
function settingInput({ settings, change }, label, name, hint, attributes) {
  const control = h('input', { ...attributes, value: settings[name] ?? '', key: `set-${name}`,
    autocomplete: 'off', on: { change: () => change(withSetting(settings, name, control.value.trim())) } });
  return field(label, control, hint);
}

// modeCards asks what to do with a product that exists already.
export const modeCards = ({ settings, change }) => cards('When a product exists already', 'mode', modes,
  settings.mode ?? 'ignore', (mode) => change(withSetting(settings, 'mode', mode)));

// missingCards asks what to do with products that the file does not have, how many they may be, and which ones it is
// about; nothing where the server has no products.
export function missingCards(context) {
  const { settings, change, schema } = context;
  if (!schema?.products) return null;
  const taken = settings.missing ?? 'keep';
  return [cards('Products that the file does not have', 'missing', ways, taken,
    (way) => change(withSetting(settings, 'missing', way === 'keep' ? null : way))),
  taken !== 'keep' && [settingInput(context, 'At most', 'max_missing',
    'If more are missing, nothing is written: a number such as 100, or a share such as 2.5%.', { placeholder: '5%' }),
  scope(context)]];
}

// scope says which products may be missing, by filters as the list of products has them.
function scope({ settings, change, schema }) {
  const compares = ([parameter]) => parameter.includes('__');
  const filters = schema.fields.flatMap(filtersOf).sort((a, b) => compares(a) - compares(b)); // equal ones first
  const given = settings.scope ?? [];
  const wordsOf = (parameter) => filters.find(([one]) => one === parameter)?.[1] ?? parameter;
  const place = h('div');
  let value;
  const show = () => {
    value = filters.find(([parameter]) => parameter === name.value)[2]('');
    value.dataset.key = 'scope-value';
    replace(place, field('Value', value));
  };
  const name = select(filters, filters[0]?.[0], { key: 'scope-name', on: { change: show } });
  const add = () => {
    if (value.value.trim() === '') value.focus();
    else change(withSetting(settings, 'scope', [...new Set([...given, `${name.value}=${value.value.trim()}`])]));
  };
  if (filters.length > 0) show();
  return h('section', { 'aria-label': 'Which products may be missing' },
    given.length === 0 ? h('p', 'All products are looked at. Narrow it where the file is about a part of them:') :
      h('ul.plain', given.map((filter) => {
        const [, parameter, text] = filter.match(/(.*?)=(.*)/s);
        return h('li', 'Only products with ', h('strong', wordsOf(parameter)), ': ', long(text, 60), ' ',
          button('Remove', () => change(withSetting(settings, 'scope', given.filter((one) => one !== filter))),
            { look: 'quiet', name: `Remove ${wordsOf(parameter)}: ${text}`, key: `scope-${filter}` }));
      })),
    filters.length > 0 && form(add, h('div.row.end', field('Only products with', name), place,
      h('button', { key: 'scope-add' }, 'Add'))));
}

// moreSettings are folded away.
export const moreSettings = (context) => h('details', { key: 'more' }, h('summary', 'More settings'),
  settingInput(context, 'Give up after', 'max_rejects',
    'How many lines may be wrong: a number such as 100, or a share such as 2.5%.', { placeholder: 'never' }),
  settingInput(context, 'Time zone', 'zone', 'Of times that do not say theirs, such as Europe/Berlin.',
    { placeholder: 'UTC' }));
