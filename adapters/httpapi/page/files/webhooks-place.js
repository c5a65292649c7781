// The place Webhooks: the endpoints that are told what happens.

import { button, cells, h, table } from './dom.js';
import { count, long, short, when } from './format.js';
import { badge, empty } from './messages.js';
import { schema } from './schema.js';
import { eventsInWords } from './webhook-events.js';
import { editWebhook } from './webhook-form.js';
import { showWebhook } from './webhook-screen.js';
import { stateOf, stateSentence } from './webhook-state.js';

const pageSize = 50;

// show shows the list, or the endpoint that the address names.
export async function show(view) {
  const [id] = view.path;
  if (id) {
    await showWebhook(view, id);
    return;
  }
  if (!(await schema(view.api)).webhooks) {
    view.title('Webhooks', empty('This server sends no webhooks.'));
    return;
  }
  const offset = Math.max(0, Number(view.query.get('offset')) || 0);
  const page = await view.get('webhooks/', { query: { limit: pageSize, offset } });
  const add = button('New webhook', () => editWebhook(view, null, (made) => view.go([made.id])), { look: 'primary' });
  const turn = (to, words) =>
    h('a.button', { href: view.address([], to > 0 ? { offset: to } : null) }, words);
  view.title('Webhooks',
    h('p', 'A webhook tells another system what changes here: products, and how imports end.'),
    h('div', page.results.length === 0 ? empty('Nobody is told yet.', add) : [
      h('div.row', add, h('span.soft', count(page.count, 'webhook'))),
      h('div.list', table('Webhooks', titles, page.results.map((hook) => row(view, hook)))),
      h('div.row', offset > 0 && turn(Math.max(0, offset - pageSize), 'Previous page'),
        page.next && turn(offset + pageSize, 'Next page')),
    ]));
}

const titles = ['Address', 'Whose', 'Told of', 'State', 'Last success'];

function row(view, hook) {
  const { kind, word } = stateOf(hook);
  return cells(titles, [
    h('a', { href: view.address([hook.id]) }, short(hook.callback_url, 60)),
    long(hook.client_name, 30),
    eventsInWords(hook),
    [badge(kind, word), h('p.hint', stateSentence(hook))],
    when(hook.last_success) ?? 'none yet',
  ]);
}
