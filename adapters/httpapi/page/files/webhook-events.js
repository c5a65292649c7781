// What a webhook can be told of.

// Every type of event, with its words.
export const eventTypes = [
  ['product.created', 'New products'],
  ['product.updated', 'Changed products'],
  ['product.deleted', 'Deleted products'],
  ['products.deleted_all', 'All products deleted'],
  ['import.completed', 'Imports that are done'],
  ['import.failed', 'Imports that failed'],
  ['import.cancelled', 'Imports that were stopped'],
  ['endpoint.disabled', 'Webhooks that were given up'],
];

const words = new Map(eventTypes);

export const eventWords = (type) => words.get(type) ?? type;

// chosen lists the types that a webhook's patterns name: product.* is all that begin so.
export function chosen(patterns) {
  return eventTypes.map(([type]) => type).filter((type) => patterns.some((pattern) => pattern === '*' ||
    pattern === type || pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))));
}

// eventsInWords says what a webhook is told of.
export function eventsInWords(hook) {
  const all = chosen(hook.events);
  const said = all.length === eventTypes.length ? 'everything' :
    [...all.map(eventWords), ...hook.events.filter((e) => !e.includes('*') && !words.has(e))].join(', ');
  return hook.summaries_only ? `${said}; of imports only the end` : said;
}
