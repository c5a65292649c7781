// Two people changed a product at the same time: what each wrote, field by field, to choose from.

import { button, form, freshID, h } from './dom.js';
import { when } from './format.js';
import { notice } from './messages.js';
import { same } from './product-inputs.js';
import { label, shownValue } from './schema.js';

// conflict returns those of the fields, {key, name, type}, in which mine and theirs differ. wrote are the keys that I
// changed: mine is proposed for these, and theirs for others. save is called with what was chosen, by keys; giveUp where
// mine is dropped.
export function conflict(all, { mine, theirs, wrote, at }, save, giveUp) {
  const fields = all.filter(({ key }) => !same(mine[key], theirs[key]));
  const chosen = new Map(fields.map(({ key }) => [key, wrote.includes(key) ? mine : theirs]));
  const rows = fields.map(({ key, name, type }) => {
    const group = freshID('choice');
    const choice = (values, words) => {
      const shown = shownValue(values[key], type);
      return h('label.check', h('input', { type: 'radio', name: group,
        checked: chosen.get(key) === values, on: { change: () => chosen.set(key, values) } }),
      h('span', h('strong', words), shown === '' ? 'nothing' : shown));
    };
    return h('fieldset', h('legend', key === 'status' ? 'Active' : label(name)),
      h('div.choices', choice(mine, 'Yours'), choice(theirs, 'Theirs')));
  });
  return form(() => save(Object.fromEntries([...chosen].map(([key, values]) => [key, values[key]]))),
  h('h3', { tabindex: '-1' }, 'Somebody else changed this product'),
  notice('warning',
    h('p', 'It was changed ', when(at), ', while you worked on it. Nothing of yours is stored yet.')),
  rows.length > 0 ? rows : h('p', 'What they wrote is what you wrote.'),
  h('div.row', h('button.primary', 'Save what is chosen'),
    button('Drop my changes', giveUp)));
}
