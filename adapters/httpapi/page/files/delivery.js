// One delivery: its event, its attempts, and their answers.

import { openDialog } from './dialog.js';
import { button, h, replace } from './dom.js';
import { when } from './format.js';
import { badge, failure, loading, notice } from './messages.js';
import { aborted, sentence } from './problem.js';
import { eventWords } from './webhook-events.js';
import { answerOf, deliveryState } from './webhook-state.js';

// openDelivery shows the delivery of the id over the screen. again is called once it is sent again.
export async function openDelivery(view, id, again) {
  const body = h('div', loading());
  const { close, signal } = openDialog(view, 'Delivery', 'panel', body);
  const closing = button('Close', close);
  try {
    const delivery = await view.get(`webhooks/deliveries/${id}/attempts`, { signal });
    const wrong = h('div', { role: 'alert' });
    const resend = button('Send again', async () => {
      resend.disabled = true;
      try {
        await view.send('POST', `webhooks/deliveries/${id}/resend`, { signal });
        close();
        view.say('It is sent again');
        await again();
      } catch (error) {
        if (aborted(error)) return;
        replace(wrong, notice('error', error.message));
        resend.disabled = false;
      }
    }, { look: 'primary' });
    const { kind, word } = deliveryState(delivery);
    replace(body,
      h('p.row', eventWords(delivery.event_type), badge(kind, word), when(delivery.created_at)), wrong,
      h('h3', 'Attempts'),
      delivery.log.length === 0 ? h('p', 'None yet.') : h('ol.attempts', delivery.log.map(attempt)),
      h('details', h('summary', 'What was sent'),
        h('pre.sample', JSON.stringify(delivery.event, null, 2))),
      h('div.row', delivery.state !== 'pending' && resend, closing));
  } catch (error) {
    if (!aborted(error)) replace(body, failure(error), closing);
  }
}

const attempt = (one) => h('li', when(one.at), ': ', answerOf(one),
  one.error && h('p.hint', sentence(one.error)),
  one.response && h('pre.sample', one.response));
