// Follows an import by its events, over restarts of the server, until it has ended.

import { atMost, route, sleep } from './api.js';
import { ended } from './job-state.js';

// follow calls update with what is new of an import, at most five times a second, and resolves to the whole import once
// it has ended. The signal stops it.
export async function follow(api, id, { signal, update }) {
  const show = atMost(200, (status) => { if (!signal.aborted) update(status); });
  for (;;) {
    await stream(api, id, signal, show);
    const job = await api.get(`imports/${id}`, { signal });
    if (ended(job)) return job;
    await sleep(2000, signal); // the stream was refused, or this server stops
  }
}

// stream resolves when a stream has ended for good: by its last event, or since the server refused it.
function stream(api, id, signal, show) {
  return new Promise((resolve) => {
    const events = new EventSource(api.url(route`imports/${id}/events`));
    const end = () => {
      signal.removeEventListener('abort', end);
      events.close();
      resolve();
    };
    signal.addEventListener('abort', end);
    events.addEventListener('open', () => api.answered());
    events.addEventListener('progress', (event) => show(JSON.parse(event.data)));
    for (const last of ['done', 'failed', 'cancelled']) {
      events.addEventListener(last, (event) => {
        show(JSON.parse(event.data));
        end();
      });
    }
    events.addEventListener('error', () => {
      if (events.readyState === EventSource.CLOSED) end();
      else api.unanswered(); // it tries again by itself
    });
    if (signal.aborted) end();
  });
}
