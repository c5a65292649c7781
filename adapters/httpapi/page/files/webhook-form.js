// Creating and changing a webhook.

import { openDialog } from './dialog.js';
import { button, field, form, freshID, h } from './dom.js';
import { Summary } from './messages.js';
import { PairsInput } from './pairs-input.js';
import { aborted, sentence } from './problem.js';
import { schema } from './schema.js';
import { showSecret } from './webhook-secret.js';
import { chosen, eventTypes } from './webhook-events.js';

// editWebhook opens the form for a webhook, or for a new one where it is null. done gets what was stored, once its
// secret was seen, where it has a new one. etag is the version that is changed.
export async function editWebhook(view, hook, done, etag = null) {
  const summary = new Summary();
  const controls = {
    callback_url: h('input', { type: 'url', value: hook?.callback_url ?? '', autocomplete: 'off',
      'aria-required': 'true' }),
    client_name: h('input', { value: hook?.client_name ?? '', autocomplete: 'off' }),
    token: h('input', { type: 'password', autocomplete: 'new-password' }),
    concurrency: numberInput(hook?.concurrency ?? 8, 1, 64),
    rate_limit: numberInput(hook?.rate_limit ?? 0, 0, 10_000),
    timeout: numberInput(hook?.timeout ?? 15, 1, 30),
  };
  const events = boxes(hook?.events ?? ['*'], (await schema(view.api)).products);
  const summaries = h('input', { type: 'checkbox', checked: hook?.summaries_only ?? false });
  const headers = new PairsInput((hook?.header_names ?? []).map((name) => [name, null]),
    { name: 'Header', value: 'Value', add: 'Add a header' });
  const save = h('button.primary', hook ? 'Save changes' : 'Create webhook');
  const { close } = openDialog(view, hook ? 'Change webhook' : 'New webhook', 'panel', [summary.element, form(send,
    field('Address (needed)', controls.callback_url, 'Where events are sent: a whole address, with https'),
    field('Whose it is', controls.client_name),
    events.element,
    h('label.check', summaries, 'Of imports only the end, and not each product'),
    field('Token', controls.token, hook?.has_token ? 'There is one, which is never shown. Empty leaves it as it is.' :
      'Sent with each event as Authorization: Bearer. It is never shown.'),
    h('details', h('summary', 'Further headers'), headers.element),
    h('details', h('summary', 'How fast'),
      field('At the same time', controls.concurrency, 'With 1, events come in order in practice.'),
      field('Begun in a second', controls.rate_limit, '0 is any number.'),
      field('Seconds for an answer', controls.timeout)),
    h('div.row', save, button('Close', () => close())))]);
  controls.callback_url.focus();

  async function send() {
    summary.clear();
    for (const control of Object.values(controls)) control.removeAttribute('aria-invalid');
    const body = {
      callback_url: controls.callback_url.value.trim(), client_name: controls.client_name.value.trim(),
      events: events.value(), summaries_only: summaries.checked,
    };
    for (const name of ['concurrency', 'rate_limit', 'timeout']) {
      body[name] = controls[name].value === '' ? null : Number(controls[name].value);
    }
    if (controls.token.value) body.token = controls.token.value;
    const changed = headers.patch();
    if (Object.keys(changed).length > 0) body.headers = changed;
    save.disabled = true;
    try {
      const { body: stored } = hook ?
        await view.send('PATCH', `webhooks/${hook.id}`, { body,
          headers: { 'Content-Type': 'application/merge-patch+json', ...(etag && { 'If-Match': etag }) } }) :
        await view.send('POST', 'webhooks/', { body });
      close();
      if (stored.secret) await showSecret(view, stored.secret);
      done(stored);
    } catch (error) {
      if (!aborted(error)) failed(error);
    } finally {
      save.disabled = false;
    }
  }

  function failed(error) {
    const title = hook ? 'The webhook was not changed' : 'The webhook was not created';
    if (error.status === 412) {
      summary.show(title, [{ text: 'Somebody else changed it meanwhile. Close this, and look at what it says now.' }]);
      return;
    }
    const errors = error.errors.map(({ field: name, message }) => {
      const at = controls[name] ?? null;
      at?.setAttribute('aria-invalid', 'true');
      return { text: sentence(message), at };
    });
    if (errors.length > 0) summary.show(title, errors);
    else summary.fail(title, error);
  }
}

const numberInput = (value, min, max) => h('input', { type: 'number', value, min, max });

// boxes returns the types of events to choose from, and value(), the patterns that stand for what is chosen.
function boxes(patterns, products) {
  const first = chosen(patterns);
  const others = patterns.filter((p) => p !== '*' && !p.endsWith('.*') && !eventTypes.some(([type]) => type === p));
  const all = eventTypes.filter(([type]) => products || type[0] !== 'p').map(([type, words]) => ({ type, words,
    box: h('input', { type: 'checkbox', checked: first.includes(type) }) }));
  const id = freshID('events');
  return {
    element: h('fieldset', { 'aria-labelledby': id }, h('legend', { id }, 'Told of'),
      all.map(({ words, box }) => h('label.check', box, words))),
    value: () => {
      const on = all.filter(({ box }) => box.checked).map(({ type }) => type);
      return on.length === all.length ? ['*'] : [...on, ...others];
    },
  };
}
