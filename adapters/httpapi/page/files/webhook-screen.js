// One webhook: how it is, what can be done with it, and what it was sent.

import { route } from './api.js';
import { button, h, replace } from './dom.js';
import { confirm } from './confirm.js';
import { count, exactTime, when } from './format.js';
import { badge, notice } from './messages.js';
import { aborted, sentence } from './problem.js';
import { showDeliveries } from './deliveries.js';
import { dayChart } from './delivery-chart.js';
import { eventsInWords } from './webhook-events.js';
import { editWebhook } from './webhook-form.js';
import { showSecret } from './webhook-secret.js';
import { answerOf, stateOf, stateSentence } from './webhook-state.js';

// showWebhook shows the webhook of the id.
export async function showWebhook(view, id) {
  const path = route`webhooks/${id}`;
  const first = await view.send('GET', path);
  let hook = first.body;
  let etag;
  const facts = h('div');
  const doing = h('div.row');
  const result = h('div', { role: 'status' });
  const chart = h('section');
  const deliveries = h('section');
  view.title(hook.client_name || 'Webhook', h('p', h('a', { href: view.address() }, 'All webhooks')), facts, doing,
    result, chart, deliveries);

  // take shows the webhook of an answer, which is its newest version.
  const take = (answer) => {
    const { secret, ...stored } = answer.body;
    hook = stored;
    etag = answer.header('ETag');
    draw();
  };
  const again = async () => take(await view.send('GET', path));
  // act runs what a button does, and shows what became of it.
  const act = (control, title, action) => {
    control.addEventListener('click', async () => {
      const at = [...doing.children].indexOf(control);
      control.disabled = true;
      view.summary.clear();
      try {
        await action();
      } catch (error) {
        view.summary.fail(title, error);
      } finally {
        control.disabled = false;
        if (document.activeElement === document.body) doing.children[at]?.focus(); // it was drawn anew
      }
    });
    return control;
  };
  const post = (what, body) => view.send('POST', `${path}/${what}`, { body });

  function draw() {
    const { kind, word } = stateOf(hook);
    const sentence = stateSentence(hook);
    replace(facts, h('p', badge(kind, word), sentence && ` ${sentence}`), h('dl.pairs',
      pair('Address', hook.callback_url), pair('Told of', eventsInWords(hook)),
      pair('Last success', when(hook.last_success) ?? 'none yet'),
      pair('Sent with', [hook.has_token && 'a token', ...hook.header_names].filter(Boolean).join(', ') || 'no token'),
      hook.secrets.length > 1 && pair('Secrets', `the old one signs too, until ${
        exactTime(hook.secrets.find((s) => s.until)?.until)}`)));
    const resting = hook.state !== 'active';
    replace(doing,
      act(button('Send a test', null, { look: 'primary' }), 'The test was not sent', test),
      button('Change', () => editWebhook(view, hook, () => again(), etag)),
      act(button(resting ? 'Resume' : 'Pause'), resting ? 'It was not resumed' : 'It was not paused', async () => {
        take(await post(resting ? 'resume' : 'pause'));
        view.say(resting ? 'Resumed' : 'Paused');
      }),
      button('New secret', newSecret), button('Delete', remove, { look: 'danger' }));
  }

  async function test() {
    replace(result, notice('busy', h('p', 'Waiting for an answer…')));
    try {
      const { body: attempt } = await post('test');
      replace(result, attemptNotice(hook, attempt));
    } catch (error) {
      replace(result);
      throw error;
    }
  }

  async function newSecret() {
    let secret = '';
    const done = await confirm(view, { title: 'Make a new secret?', label: 'Make a new secret',
      sentence: 'For a day, events are signed by the old one as well, so that the receiver can change over.',
      action: async () => {
        const answer = await post('rotate', {});
        ({ secret } = answer.body);
        take(answer);
      } });
    if (done) await showSecret(view, secret);
  }

  async function remove() {
    const name = hook.client_name || new URL(hook.callback_url).host;
    const done = await confirm(view, { title: 'Delete this webhook?', typed: name, hint: `Type ${name} to confirm`,
      sentence: 'Its deliveries go with it, those too that wait to be sent.', label: 'Delete the webhook',
      action: () => view.send('DELETE', path, { headers: etag ? { 'If-Match': etag } : {} }) });
    if (done) view.go([]);
  }

  take(first);
  try {
    showDeliveries(view, deliveries, hook, again);
    await dayChart(view, chart, hook.id);
  } catch (error) {
    if (!aborted(error)) throw error;
  }
}

const pair = (term, value) => h('div', h('dt', term), h('dd', value));

// attemptNotice shows the request of a test, and its answer.
function attemptNotice(hook, attempt) {
  return notice(attempt.delivered ? 'success' : 'error',
    h('h2.small', attempt.delivered ? 'The test arrived' : 'The test failed'),
    h('p', h('strong', 'Request: '), `POST ${hook.callback_url}, webhook.test, ${exactTime(attempt.at)}`),
    h('p', h('strong', 'Answer: '), answerOf(attempt)),
    attempt.error && h('p', sentence(attempt.error)),
    attempt.response && h('pre.sample', attempt.response),
    !attempt.delivered && hook.failures > 0 &&
      h('p', `${count(hook.failures, 'delivery', 'deliveries')} failed before it.`));
}
