// What went wrong with a request, as the server or the browser says it.

// Problem is an error for people: its message is a sentence. status is 0 where the server didn't answer.
export class Problem extends Error {
  constructor({ status = 0, code = '', detail = '', errors = [], requestID = '', retryAfter = 0 }) {
    super(detail || 'Something went wrong.');
    this.name = 'Problem';
    Object.assign(this, { status, code, errors, requestID, retryAfter });
  }
}

// problemOf makes a problem of a status and a body, which is a problem document, or something of a proxy's.
export function problemOf(status, text, header) {
  let document = {};
  try {
    document = JSON.parse(text) ?? {};
  } catch {
    // No document of ours.
  }
  return new Problem({
    status, code: document.code, detail: sentence(document.detail || wordsFor(status)),
    errors: Array.isArray(document.errors) ? document.errors : [], requestID: document.request_id,
    retryAfter: Number(header?.('Retry-After')) || 0,
  });
}

function wordsFor(status) {
  switch (status) {
    case 401: return 'You are signed out.';
    case 403: return 'You may not do this.';
    case 404: return 'There is no such thing any more.';
    case 413: return 'This is larger than the server takes.';
    case 429: return 'That was too often; wait a little.';
    case 502: case 503: case 504: return 'The server is busy or away; try again in a moment.';
    default: return `The server answered with ${status}.`;
  }
}

// sentence makes a sentence of a server's message.
export function sentence(text) {
  const trimmed = String(text).trim();
  if (!trimmed) return '';
  const first = trimmed[0].toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

// passes tells whether a request that failed like this may succeed later.
export function passes(problem) {
  return problem instanceof Problem && [0, 502, 503, 504].includes(problem.status);
}

// aborted tells whether the page itself gave a request up.
export const aborted = (error) => error?.name === 'AbortError';
