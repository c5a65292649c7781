// What happens to products that exist, and settings that few need.

import { field, h } from './dom.js';
import { withSetting } from './settings.js';

const modes = [
  ['ignore', 'Leave it alone', 'Only new products are added.'],
  ['update', 'Update it', 'New products are added, and those that exist get what the file says.'],
  ['existing', 'Update only, add nothing', 'Products that exist get what the file says: for prices or stock.'],
];

// modeCards asks what to do with a product that exists already.
export function modeCards({ settings, change }) {
  const taken = settings.mode ?? 'ignore';
  return h('fieldset', h('legend', h('h2', 'When a product exists already')),
    h('div', { class: 'choices' }, modes.map(([mode, title, text]) => h('label',
      h('input', { type: 'radio', name: 'pi-mode', value: mode, checked: mode === taken, 'data-key': `mode-${mode}`,
        on: { change: () => change(withSetting(settings, 'mode', mode)) } }),
      h('span', h('strong', title), text)))));
}

// moreSettings are folded away.
export function moreSettings({ settings, change }) {
  const input = (label, name, hint, attributes) => {
    const control = h('input', { ...attributes, value: settings[name] ?? '', 'data-key': `set-${name}`,
      autocomplete: 'off', on: { change: () => change(withSetting(settings, name, control.value.trim())) } });
    return field(label, control, hint);
  };
  return h('details', { 'data-key': 'more' }, h('summary', 'More settings'),
    input('Give up after', 'max_rejects', 'How many lines may be wrong: a number such as 100, or a share such as 2.5%.',
      { placeholder: 'never' }),
    input('Time zone', 'zone', 'Of times that do not say theirs, such as Europe/Berlin.', { placeholder: 'UTC' }));
}
