// A day of a webhook: what arrived and what failed in each hour, as a small chart and as a table.

import { cells, h, replace, svg, table } from './dom.js';
import { clock, count, number } from './format.js';

const most = 500; // deliveries that are looked at
const hour = 3_600_000;
const [width, height] = [24 * 12, 64];

// dayChart draws the last 24 hours into a section, and nothing where nothing was sent.
export async function dayChart(view, section, id) {
  const { results } = await view.api.get(`webhooks/${encodeURIComponent(id)}/deliveries`,
    { query: { limit: most, state: ['delivered', 'failed'] }, signal: view.signal });
  const first = Math.floor(Date.now() / hour) * hour - 23 * hour;
  const hours = Array.from({ length: 24 }, (_, i) => ({ at: new Date(first + i * hour), delivered: 0, failed: 0 }));
  for (const { finished_at: at, state } of results) {
    const slot = hours[Math.floor((new Date(at) - first) / hour)];
    if (at && slot) slot[state] += 1;
  }
  const sum = (state) => hours.reduce((n, one) => n + one[state], 0);
  if (sum('delivered') + sum('failed') === 0) return;
  const sentence = `${number(sum('delivered'))} arrived, ${number(sum('failed'))} failed` +
    (results.length === most ? `, of the newest ${count(most, 'delivery', 'deliveries')}` : '');
  const titles = ['Hour', 'Arrived', 'Failed'];
  const busy = hours.filter((one) => one.delivered + one.failed > 0);
  replace(section, h('h2', {}, 'The last 24 hours'), h('p', {}, `${sentence}.`), drawing(hours),
    h('details', {}, h('summary', {}, 'As a table'), table('Deliveries by the hour', titles, busy.map((one) =>
      cells(titles, [clock(one.at), number(one.delivered), number(one.failed)])))));
}

// drawing returns a bar for each hour: what arrived below, what failed above it, in another pattern as well as colour.
function drawing(hours) {
  const top = Math.max(...hours.map((one) => one.delivered + one.failed));
  const tall = (n) => n === 0 ? 0 : Math.max(2, n / top * (height - 4));
  return svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
    hours.map((one, i) => {
      const [good, bad] = [tall(one.delivered), tall(one.failed)];
      return [
        svg('rect', { class: 'arrived', x: i * 12 + 1, y: height - good, width: 10, height: good }),
        svg('rect', { class: 'failed', x: i * 12 + 1.5, y: height - good - bad + 0.5, width: 9,
          height: Math.max(0, bad - 1) }),
      ];
    }), svg('line', { class: 'ground', x1: 0, x2: width, y1: height, y2: height }));
}
