// Builds elements. Text comes in as text alone, so that markup in names, SKUs and reasons is never run or laid out.

const svgNames = 'http://www.w3.org/2000/svg';
const asProperties = new Set(['value', 'checked', 'disabled', 'hidden', 'selected', 'indeterminate', 'open', 'multiple',
  'readOnly']);

// h returns an element of a name with its classes, 'p.soft', whose attributes may be left out. What is named `on` is an
// object of listeners; other values are attributes (key is data-key), which null, undefined and false leave out, and true
// sets without a value. Children are nodes, texts, numbers, or lists of these.
export function h(name, attributes, ...children) {
  return fill((tag) => document.createElement(tag), name, attributes, children);
}

// svg returns an element of a drawing.
export function svg(name, attributes, ...children) {
  return fill((tag) => document.createElementNS(svgNames, tag), name, attributes, children);
}

function fill(create, selector, attributes, children) {
  const [tag, ...classes] = selector.split('.');
  const element = create(tag);
  if (classes.length > 0) element.classList.add(...classes);
  if (attributes?.constructor !== Object) return append(element, attributes, children);
  for (const [name, value] of Object.entries(attributes)) {
    const written = name === 'key' ? 'data-key' : name;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (/^on|^srcdoc$|^style$/i.test(name)) {
      throw new Error(`${name} is no attribute for this page`);
    } else if (asProperties.has(name)) {
      if ((value ?? null) !== null) element[name] = value;
    } else if (value === true) {
      element.setAttribute(written, '');
    } else if ((value ?? false) !== false) {
      element.setAttribute(written, value);
    }
  }
  // A select has its value once it has its options.
  append(element, children);
  if (element instanceof HTMLSelectElement && attributes.value !== undefined) element.value = attributes.value;
  return element;
}

// append adds children as h does.
export function append(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (![undefined, null, false, ''].includes(child)) element.append(child);
  }
  return element;
}

// replace gives an element these children in place of those it has.
export function replace(element, ...children) {
  element.replaceChildren();
  return append(element, ...children);
}

let last = 0;

// freshID returns an id that no other element has.
export function freshID(word = 'e') {
  return `pi-${word}-${++last}`;
}

// button returns a button that does something; look is '', 'primary', 'quiet' or 'danger'.
export function button(label, action, { look = '', name = null, ...attributes } = {}) {
  return h('button', { type: 'button', class: look, 'aria-label': name, ...attributes, on: { click: action } }, label);
}

// busy says of an element that what it shows is about to change, or no more.
export const busy = (element, is) => element.setAttribute('aria-busy', is);

// form returns a form that does something where others are sent.
export function form(action, ...children) {
  return h('form', { novalidate: true, on: { submit: (event) => {
    event.preventDefault();
    action();
  } } }, children);
}

// field returns a control with its label and, where there is one, a hint below.
export function field(label, control, hint) {
  if (!control.id) control.id = freshID('field');
  let below = null;
  if (hint) {
    below = h('p.hint', { id: `${control.id}-hint` }, hint);
    control.setAttribute('aria-describedby', below.id);
  }
  return h('div.field', h('label', { for: control.id }, label), control, below);
}

// select returns a select of [value, label] pairs.
export function select(options, value, attributes = {}) {
  return h('select', { ...attributes, value: value ?? '' },
    options.map(([option, label]) => h('option', { value: option }, label)));
}

// cells returns a row of a table whose cells name their columns, so that the row can be a card on a narrow screen. The
// first cell is the row's header.
export function cells(titles, values, attributes = {}) {
  return h('tr', attributes, values.map((value, i) =>
    h(i === 0 ? 'th' : 'td', { scope: i === 0 ? 'row' : null, 'data-title': titles[i] }, h('div', value))));
}

// table returns a table with a caption, for screen readers alone unless it is shown, and rows made by cells.
export function table(caption, titles, rows, { shown = false } = {}) {
  return h('div.scroll', { tabindex: '0', role: 'region', 'aria-label': caption }, h('table',
    h('caption', { class: shown ? null : 'unseen' }, caption),
    h('thead', h('tr', titles.map((title) => h('th', { scope: 'col' }, title)))),
    h('tbody', rows)));
}
