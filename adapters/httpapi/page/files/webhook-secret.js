// The secret of a webhook, which is shown once.

import { openDialog } from './dialog.js';
import { button, field, h, replace } from './dom.js';

// showSecret shows the secret, and resolves once somebody has seen it.
export function showSecret(view, secret) {
  return new Promise((resolve) => {
    const shown = h('input.secret', { value: secret, readOnly: true, spellcheck: 'false' });
    const said = h('p', { role: 'status' });
    const copy = button('Copy the secret', async () => {
      try {
        await navigator.clipboard.writeText(secret);
        replace(said, 'Copied.');
      } catch {
        shown.focus();
        shown.select();
        replace(said, 'The browser does not let this page copy. It is selected: copy it by the keyboard.');
      }
    }, { look: 'primary' });
    const { close } = openDialog(view, 'The secret of this webhook', '', [
      h('p', 'It is shown this once. Give it to the receiver, which checks by it that events come from here: ' +
      'the headers webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks says.'),
    field('Secret', shown), said, h('div.row', copy, button('I have kept it', () => close()))],
    { closed: resolve, cancel: false }); // it would be gone by a slip
    copy.focus();
  });
}
