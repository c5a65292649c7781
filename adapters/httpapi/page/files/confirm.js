// Asks before something is done that can't be undone.

import { openDialog } from './dialog.js';
import { button, field, form, h, replace } from './dom.js';
import { notice } from './messages.js';
import { aborted } from './problem.js';

// confirm shows a dialog, and resolves to whether the action was done. title says what happens; typed is the text that
// has to be typed before, or null; label is the button's. The action's error stands in the dialog, which stays open.
export function confirm(view, { title, sentence, typed = null, hint = '', label, action }) {
  return new Promise((resolve) => {
    let done = false;
    const wrong = h('div', { role: 'alert' });
    const answer = h('input', { autocomplete: 'off', spellcheck: 'false', on: { input: () => check() } });
    const go = h('button.danger', label);
    const check = () => { go.disabled = typed !== null && plain(answer.value) !== plain(typed); };
    check();
    const { close } = openDialog(view, title, '', form(async () => {
      go.disabled = true;
      try {
        await action();
        done = true;
        close();
      } catch (error) {
        if (aborted(error)) return;
        replace(wrong, notice('error', error.message));
        check();
      }
    }, h('p', sentence), wrong, typed !== null && field(hint, answer),
    h('div.row', go, button('Keep as it is', () => close()))), { closed: () => resolve(done) });
    (typed === null ? go : answer).focus();
  });
}

// plain is what counts of a text that was typed: 466,693 is 466693.
const plain = (text) => String(text).trim().replace(/(?<=\d)[\s.,'’]+(?=\d)/g, '');
