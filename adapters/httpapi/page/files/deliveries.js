// The deliveries of a webhook: filtered, opened, sent again.

import { route } from './api.js';
import { button, cells, field, h, replace, select, table } from './dom.js';
import { confirm } from './confirm.js';
import { count, when } from './format.js';
import { badge, empty, failure, loading } from './messages.js';
import { aborted } from './problem.js';
import { openDelivery } from './delivery.js';
import { eventTypes, eventWords } from './webhook-events.js';
import { answerOf, deliveryState } from './webhook-state.js';

const pageSize = 50;
const titles = ['Event', 'State', 'When', 'Attempts', 'Last answer'];

// showDeliveries puts the list into a section. sent is called once something was sent again.
export function showDeliveries(view, section, hook, sent) {
  const path = route`webhooks/${hook.id}/deliveries`;
  const state = select([['', 'all'], ['failed', 'failed'], ['pending', 'waiting'], ['delivered', 'delivered'],
    ['skipped', 'left out']], view.query.get('state') ?? '', { on: { change: () => begin() } });
  const type = select([['', 'all'], ...eventTypes], view.query.get('event_type') ?? '',
    { on: { change: () => begin() } });
  const body = h('div.list');
  const olderPlace = h('div');
  const more = h('div.row', olderPlace, button('Look again', () => begin(), { look: 'quiet' }));
  let rows = [];
  let asking = null;

  // begin shows the newest of those that the filters let through, and load those that are older.
  // What is there stays until then.
  async function begin() {
    view.note([hook.id], Object.fromEntries([['state', state.value], ['event_type', type.value]].filter(([, v]) => v)));
    if (rows.length === 0) replace(body, loading());
    await load([]);
  }

  async function older() {
    const known = rows.length;
    await load(rows);
    body.querySelectorAll('tbody button')[known]?.focus();
  }

  async function load(before) {
    asking?.abort();
    const now = new AbortController();
    asking = now;
    try {
      const query = { limit: pageSize, state: state.value, event_type: type.value, before: before.at(-1)?.id };
      const page = await view.get(path, { query, signal: AbortSignal.any([now.signal, view.signal]) });
      rows = [...before, ...page.results];
      draw(page.next !== null && page.results.length > 0);
    } catch (error) {
      if (!aborted(error)) replace(body, failure(error, begin));
    }
  }

  function draw(further) {
    if (rows.length === 0) {
      replace(body, empty(state.value || type.value ? 'There are none of these.' : 'Nothing was sent yet.'));
    } else {
      const focused = document.activeElement?.dataset.delivery;
      replace(body, table('Deliveries', titles, rows.map(row)));
      if (focused) (body.querySelector(`[data-delivery="${focused}"]`) ?? body.querySelector('.scroll')).focus();
    }
    replace(olderPlace, further && button('Show older ones', older));
  }

  function row(delivery) {
    const { kind, word } = deliveryState(delivery);
    return cells(titles, [
      button(`${eventWords(delivery.event_type)}${delivery.number ? ` (${delivery.number})` : ''}`,
        () => openDelivery(view, delivery.id, again), { look: 'quiet', 'data-delivery': delivery.id }),
      badge(kind, word), when(delivery.finished_at ?? delivery.last_attempt ?? delivery.created_at),
      String(delivery.attempts),
      answerOf({ status: delivery.last_status, kind: delivery.last_kind }),
    ]);
  }

  async function again() {
    await begin();
    await sent();
  }

  const all = button('Send all that failed again', async () => {
    let replayed = 0;
    const done = await confirm(view, { title: 'Send all that failed again?', label: 'Send them again',
      sentence: 'All deliveries that failed or were left out are sent again, after new ones. The receiver ignores ' +
        'what it knows by its id.',
      action: async () => {
        ({ body: { replayed } } = await view.send('POST', route`webhooks/${hook.id}/replay`,
          { body: { since: hook.created_at } }));
      } });
    if (!done) return;
    view.say(`${count(replayed, 'delivery', 'deliveries')} sent again`);
    await again();
  });
  replace(section, h('h2', 'Deliveries'),
    h('div.row.end', field('State', state), field('Event', type), all), body, more);
  return begin();
}
