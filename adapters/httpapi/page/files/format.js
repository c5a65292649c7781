// Writes numbers, sizes, times and long names for people.

import { h } from './dom.js';

const numbers = new Intl.NumberFormat();
const oneDigit = new Intl.NumberFormat([], { maximumFractionDigits: 1 });
const shares = new Intl.NumberFormat([], { style: 'percent', maximumFractionDigits: 0 });
const fineShares = new Intl.NumberFormat([], { style: 'percent', maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'medium' });
const days = new Intl.DateTimeFormat([], { dateStyle: 'long', timeZone: 'UTC' });
const hours = new Intl.DateTimeFormat([], { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat([], { numeric: 'auto' });

export const number = (n) => numbers.format(n ?? 0);

// count writes a number with its noun: 1 product, 2 products.
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

// counted writes the count of a list, which may be an estimate: about 9,800,000.
export const counted = ({ count: n, count_estimated: rough }, write = number) =>
  rough ? `about ${write(+n.toPrecision(2))}` : write(n);

// share writes a part of one in percent; what isn't all or nothing never looks so.
export function share(part) {
  if (part > 0 && part < 0.01 || part > 0.99 && part < 1) {
    return fineShares.format(Math.min(0.999, Math.max(0.001, part)));
  }
  return shares.format(part);
}

// bytes writes a size in the units of file managers.
export function bytes(n) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return `${oneDigit.format(n)} ${n === 1 && unit === 0 ? 'byte' : units[unit]}`;
}

// duration writes seconds, the coarser the longer: 12 s, 3 min 20 s, 2 h 5 min.
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 && s < 600 ? ` ${s % 60} s` : ''}`;
  return `${Math.floor(s / 3600)} h${Math.floor(s % 3600 / 60) ? ` ${Math.floor(s % 3600 / 60)} min` : ''}`;
}

// day writes a date, 2026-04-03, with the month as a word; what is none stays as it is.
export const day = (date) => /^\d{4}-\d\d-\d\d$/.test(date) ? days.format(new Date(date)) : date;

export const exactTime = (time) => moments.format(new Date(time));
export const clock = (time) => hours.format(new Date(time));

// ago writes a time as seen from now.
export function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(Math.trunc(seconds), 'second');
}

// when returns an element that shows a time as seen from now, and the exact one on hover and to screen readers; nothing
// for no time.
export function when(time) {
  if (!time) return null;
  return h('time', { datetime: time, title: exactTime(time), 'aria-label': `${ago(time)}, ${exactTime(time)}` },
    ago(time));
}

// cut shortens a text in its middle, by whole characters as people see them.
export function cut(text, most) {
  const all = splitter ? [...splitter.segment(text)].map((s) => s.segment) : [...text];
  if (all.length <= most) return text;
  const front = Math.ceil((most - 1) / 2);
  return `${all.slice(0, front).join('')}…${all.slice(all.length - (most - 1 - front)).join('')}`;
}

const splitter = 'Segmenter' in Intl ? new Intl.Segmenter() : null;

// short returns a name that is cut in its middle where it is long, and whole on hover: within a link or a button, which
// screen readers have whole.
export function short(text, most) {
  const cutText = cut(text, most);
  return cutText === text ? h('bdi', text) : [h('bdi', { 'aria-hidden': 'true', title: text }, cutText),
    h('span.unseen', text)];
}

// long returns a name that is cut in its middle where it is long, and whole on focus and hover. Its direction is its
// own.
export function long(text, most = 40) {
  const whole = String(text ?? '');
  const short = cut(whole, most);
  if (short === whole) return h('bdi', whole);
  const shown = h('bdi', { 'aria-hidden': 'true' }, short);
  return h('span.long', { tabindex: '0', title: whole, on: {
    focus: () => { shown.textContent = whole; },
    blur: () => { shown.textContent = short; },
  } }, shown, h('span.unseen', whole));
}
