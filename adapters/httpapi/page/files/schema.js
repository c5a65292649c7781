// The fields that products have here, as the API's own description tells them.

// Field is one of the fields that are declared for this catalogue, and describes the input that edits it: type is text,
// integer, decimal, boolean, date, timestamp or list; words are the only texts that it may have, where there are such;
// filters are the parameters of the list that look at it.
function fieldOf(name, stored, input, required, parameters) {
  return {
    name, type: typeOf(stored), required, rules: wordsOf(input),
    words: input.enum?.filter((word) => word !== null && word !== '') ?? null,
    filters: parameters.filter((p) => p === name || p.startsWith(`${name}__`)),
  };
}

function typeOf({ type, format, pattern }) {
  if (type === 'array') return 'list';
  if (format === 'date') return 'date';
  if (format === 'date-time') return 'timestamp';
  if (type === 'string') return pattern ? 'decimal' : 'text';
  return type;
}

// comparisons are the rules that say more than a type.
const comparisons = { gte: 'at least', min: 'at least', gt: 'more than', lte: 'at most', max: 'at most',
  lt: 'less than', len: 'exactly' };

// wordsOf returns a field's rules as a hint below its input: "At least 0, at most 100 characters".
function wordsOf({ description = '', type, items }) {
  const [own, each] = description.replace(/^Rules: /, '').split(/,?dive,?/);
  const types = [type].flat();
  const texts = types.includes('string') && !types.includes('number');
  const unit = types.includes('array') ? ' entries' : texts ? ' characters' : '';
  const said = own.split(',').map((rule) => {
    const [tag, value] = rule.split('=');
    return comparisons[tag] && value ? `${comparisons[tag]} ${value}${unit}` : { email: 'an e-mail address',
      url: 'a web address', uuid: 'a UUID', unique: 'no entry twice' }[tag];
  }).filter(Boolean);
  const eachMax = each?.match(/(?:max|lte)=(\d+)/);
  if (items && eachMax) said.push(`each at most ${eachMax[1]} characters`);
  const sentence = said.join(', ');
  return sentence && sentence[0].toUpperCase() + sentence.slice(1);
}

// schemaOf reads the description: the fields in its order, and the orders that lists may have.
function schemaOf(description) {
  const { Product: stored, ProductInput: input } = description.components.schemas;
  const parameters = description.paths['/products/']?.get.parameters ?? []; // none for a table of one's own
  const names = parameters.map((p) => p.name);
  const properties = Object.entries(stored?.properties.fields.properties ?? {});
  const given = input?.properties.fields;
  return {
    fields: properties.map(([name, one]) => fieldOf(name, one, given.properties[name] ?? {},
      (given.required ?? []).includes(name), names)),
    orderings: parameters.find((p) => p.name === 'ordering')?.schema.enum ?? ['id'],
    products: names.length > 0, // they can be looked at
    webhooks: Boolean(description.paths['/webhooks/']),
    maxUpload: description.paths['/uploads/'].post.requestBody['x-max-bytes'] ?? Infinity,
  };
}

const known = new WeakMap();

// schema returns the fields that the API has, which is asked once for as long as the page is open.
export async function schema(api) {
  if (!known.has(api)) known.set(api, api.get('openapi.json').then(schemaOf));
  try {
    return await known.get(api);
  } catch (error) {
    known.delete(api);
    throw error;
  }
}

// label returns a name for people: available_from is Available from.
export function label(name) {
  const words = name.replaceAll('_', ' ').trim() || name;
  return words === 'sku' ? 'SKU' : words[0].toUpperCase() + words.slice(1);
}

// shownValue returns a value for people, as one text.
export function shownValue(value, type) {
  if ((value ?? null) === null) return '';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (type === 'timestamp') return new Date(value).toLocaleString();
  return String(value);
}
