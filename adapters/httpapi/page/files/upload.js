// Sends a file, and says how far it is. fetch can't tell that yet; XMLHttpRequest can.

import { atMost, fromPage, sleep } from './api.js';
import { bytes } from './format.js';
import { Problem, aborted, passes, problemOf } from './problem.js';
import { schema } from './schema.js';

const most = 5; // how often a file is sent in all

// upload sends a file to POST /uploads/ and resolves to the answer. The server can't go on in the middle of a file: where
// the connection breaks, broken() is called, and the file is sent again from its beginning once the server answers.
// progress({sent, total, speed, left}) is called at most five times a second, speed in bytes a second and left in
// seconds, null until they are known. The signal cancels it.
export async function upload(api, file, { signal, progress, broken }) {
  // A server that refuses a file while it is sent may close the connection before a browser has read why.
  const { maxUpload = Infinity } = await schema(api).catch(() => ({}));
  if (file.size > maxUpload) {
    throw new Problem({ status: 413,
      detail: `It has ${bytes(file.size)}, and the server takes ${bytes(maxUpload)} at most.` });
  }
  let asked = false;
  for (let sent = 1; ; sent++) {
    try {
      return await attempt(api, file, { signal, progress });
    } catch (error) {
      if (error.status === 401 && !asked && await api.signIn()) {
        asked = true;
        continue;
      }
      if (!passes(error) || sent === most) throw error;
      broken();
      await sleep(Math.max(1000 * sent, error.retryAfter * 1000), signal);
      await answers(api, signal);
      await readable(file);
    }
  }
}

// answers waits until the server answers a question, whatever it says.
async function answers(api, signal) {
  try {
    await api.get('imports/', { query: { limit: 1 }, signal });
  } catch (error) {
    if (aborted(error)) throw error;
  }
}

// readable throws where a file was changed or removed since it was chosen: a browser doesn't send it then.
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem({ status: 400, detail: 'The file was changed or removed meanwhile. Choose it again.' });
  }
}

function attempt(api, file, { signal, progress }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener('abort', stop, { once: true });
    let over = false;
    const tell = atMost(200, (now) => { if (!over) progress(now); });
    const began = performance.now();
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      const seconds = (performance.now() - began) / 1000;
      const speed = seconds > 1 ? loaded / seconds : null;
      tell({ sent: loaded, total, speed, left: speed ? (total - loaded) / speed : null });
    });
    request.addEventListener('loadend', () => {
      over = true;
      signal.removeEventListener('abort', stop);
    });
    request.addEventListener('abort', () => reject(signal.reason ?? new DOMException('Cancelled', 'AbortError')));
    request.addEventListener('error', () => {
      api.unanswered();
      reject(new Problem({ detail: 'The connection broke before the file was there.' }));
    });
    request.addEventListener('load', () => {
      api.answered();
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(problemOf(request.status, request.responseText, (name) => request.getResponseHeader(name)));
    });
    request.open('POST', api.url('uploads/'));
    request.setRequestHeader('Accept', 'application/json, application/problem+json');
    for (const [name, value] of Object.entries(fromPage)) request.setRequestHeader(name, value);
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}

// beginning returns how a file begins, for a message: what can't be shown is a dot.
export async function beginning(file) {
  const text = await file.slice(0, 120).text();
  return text.replace(/[\p{C}\uFFFD]+/gu, '·').trim();
}
