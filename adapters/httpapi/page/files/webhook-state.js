// The states of webhooks, of deliveries and of attempts, in words.

import { clock, count, duration, number } from './format.js';

// stateOf returns a webhook's state as a badge has it.
export function stateOf(hook) {
  switch (hook.state) {
    case 'paused': return { kind: 'off', word: 'Paused' };
    case 'inactive': return { kind: 'off', word: 'Switched off' };
    case 'disabled': return { kind: 'error', word: 'Given up' };
    default: break;
  }
  if (waits(hook)) return { kind: 'warning', word: 'Waiting' };
  return hook.failures > 0 ? { kind: 'warning', word: 'Failing' } : { kind: 'success', word: 'Active' };
}

const waits = (hook) => hook.paused_until && new Date(hook.paused_until) > Date.now();

// stateSentence says more of it: since when, until when, and why.
export function stateSentence(hook) {
  const failures = hook.failures > 0 ? `${count(hook.failures, 'failure')} since the last success` : '';
  switch (hook.state) {
    case 'paused': return 'What happens meanwhile is kept and sent when you resume it.';
    case 'inactive': return 'It is told nothing.';
    case 'disabled': return `${hook.disabled_reason ?? 'It failed for too long'}. Resume it once it works.`;
    default: break;
  }
  if (waits(hook)) return `Until ${clock(hook.paused_until)}: ${failures || 'the receiver asked for a pause'}.`;
  return failures && `${failures}; it is tried again.`;
}

// deliveryState returns the state of a delivery as a badge has it.
export function deliveryState(delivery) {
  switch (delivery.state) {
    case 'delivered': return { kind: 'success', word: 'Delivered' };
    case 'failed': return { kind: 'error', word: 'Failed' };
    case 'skipped': return { kind: 'off', word: 'Left out' };
    default: return delivery.attempts > 0 ? { kind: 'warning', word: 'Tried again soon' } :
      { kind: 'busy', word: 'Waiting' };
  }
}

// The kinds of failures.
const kinds = {
  dns: 'the name has no address', refused: 'nobody listens there', connection: 'the connection broke',
  tls: 'its certificate or TLS is not right', timeout: 'no answer in time', ssrf: 'the address is not allowed',
  redirect: 'it sends on to another address', header: 'its answer has a header that is too long',
  protocol: 'its answer is no HTTP', request: 'the request could not be made',
};

// answerOf says what came back: "204 in 12 ms", "no answer in time".
export function answerOf({ status, kind, seconds }) {
  const time = seconds < 1 ? `${number(Math.round(seconds * 1000))} ms` : duration(seconds ?? 0);
  const took = seconds === undefined ? '' : ` in ${time}`;
  if (status) return `${status}${took}${kinds[kind] ? `, ${kinds[kind]}` : ''}`;
  return kind ? `${kinds[kind] ?? kind}${took}` : '';
}
