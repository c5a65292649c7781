// Requests to the API, whose place is relative to the page.

import { Problem, aborted, passes, problemOf } from './problem.js';

// fromPage are headers by which the server knows that a page asks, and leaves the question who somebody is to the page.
export const fromPage = { 'X-Requested-With': 'fetch' };

// freshKey returns an Idempotency-Key for one thing to be done: the server does it once, however often it is asked.
export function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

// route writes a path below the API's base, whose values may be any texts: route`imports/${id}`.
export const route = (texts, ...values) => String.raw(texts, ...values.map(encodeURIComponent));

// Api asks the API below a base, which ends with a slash. connection is told whether the server answers; signIn, called
// when it wants to know who asks, resolves to true once somebody has signed in.
export class Api {
  #connection;
  #signIn;

  constructor(base, { connection = null, signIn = async () => false } = {}) {
    this.base = new URL(base, document.baseURI);
    this.base.username = this.base.password = ''; // with which a browser makes no request
    this.#connection = connection;
    this.#signIn = signIn;
  }

  // url returns the address of a path below the base, such as 'products/7'. A value of the query may be a list;
  // null, undefined and '' are left out.
  url(path, query = {}) {
    const url = new URL(path, this.base);
    const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
    for (const [name, values] of entries) {
      for (const value of [values].flat()) {
        if ((value ?? '') !== '') url.searchParams.append(name, value);
      }
    }
    return url;
  }

  // cursor returns that of the address of a list's next page, null for none.
  cursor(next) {
    return next && new URL(next, this.base).searchParams.get('cursor');
  }

  // get returns the JSON at a path. While the server is away it tries again, until the signal aborts it.
  async get(path, { query, signal, patient = true } = {}) {
    for (let pause = 1000; ; pause = Math.min(pause * 2, 15_000)) {
      try {
        return (await this.send('GET', path, { query, signal })).body;
      } catch (error) {
        if (!patient || !passes(error)) throw error;
        await sleep(Math.max(pause, error.retryAfter * 1000), signal);
      }
    }
  }

  // send makes one request, and resolves to its status, body (JSON, text, or null) and header(name). It throws a
  // Problem for every status from 400, and where there is no answer. body is sent as JSON.
  async send(method, path, { query, body, headers = {}, signal, asks = true } = {}) {
    const all = { ...fromPage, Accept: 'application/json, application/problem+json', ...headers };
    if (body !== undefined) all['Content-Type'] ??= 'application/json';
    let response;
    let text;
    try {
      response = await fetch(this.url(path, query), {
        method, headers: all, signal, cache: 'no-store', credentials: 'same-origin',
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      text = await response.text();
    } catch (error) {
      if (aborted(error) || signal?.aborted) throw error;
      this.#connection?.lost();
      throw new Problem({ detail: method === 'GET' ? 'The server does not answer.' :
        'The server did not answer, so it is not known whether this was done. Look, then try again.' });
    }
    const header = (name) => response.headers.get(name);
    if (response.ok) {
      this.#connection?.found();
      const json = /\bjson\b/.test(header('Content-Type') ?? '');
      return { status: response.status, body: json && text ? JSON.parse(text) : text || null, header };
    }
    if (passes(new Problem({ status: response.status })) && response.status !== 503) {
      this.#connection?.lost(); // a proxy answers for the server
    } else {
      this.#connection?.found();
    }
    if (response.status === 401 && asks && await this.#signIn()) {
      return this.send(method, path, { query, body, headers, signal, asks: false });
    }
    throw problemOf(response.status, text, header);
  }

  // Others than get and send, uploads and streams, report here what they see of the server.
  answered() {
    this.#connection?.found();
  }

  unanswered() {
    this.#connection?.lost();
  }

  signIn() {
    return this.#signIn();
  }
}

// sleep waits so many milliseconds, or until the signal aborts it, which it throws.
export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}

// atMost returns a function that calls f with the newest argument, at most once in so many milliseconds.
export function atMost(milliseconds, f) {
  let timer = null;
  let newest;
  let called = -Infinity;
  return (argument) => {
    newest = argument;
    timer ??= setTimeout(() => {
      timer = null;
      called = performance.now();
      f(newest);
    }, Math.max(0, called + milliseconds - performance.now()));
  };
}
