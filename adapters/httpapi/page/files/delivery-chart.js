// A day of a webhook: what arrived and what failed in each hour, as a small chart and as a table.

import { route } from './api.js';
import { cells, h, replace, svg, table } from './dom.js';
import { clock, number } from './format.js';

const [width, height] = [24 * 12, 64];

// dayChart draws the last 24 hours into a section, and nothing where nothing was sent.
export async function dayChart(view, section, id) {
  const { delivered, failed, hours } = await view.get(route`webhooks/${id}/stats`);
  if (delivered + failed === 0) return;
  const titles = ['Hour', 'Arrived', 'Failed'];
  const busy = hours.filter((one) => one.delivered + one.failed > 0);
  replace(section, h('h2', 'The last 24 hours'),
    h('p', `${number(delivered)} arrived, ${number(failed)} failed.`), drawing(hours),
    h('details', h('summary', 'As a table'), table('Deliveries by the hour', titles, busy.map((one) =>
      cells(titles, [clock(one.start), number(one.delivered), number(one.failed)])))));
}

// drawing returns a bar for each hour: what arrived below, what failed above it, in another pattern as well as colour.
function drawing(hours) {
  const top = Math.max(...hours.map((one) => one.delivered + one.failed));
  const tall = (n) => n === 0 ? 0 : Math.max(2, n / top * (height - 4));
  return svg('svg.chart', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
    hours.map((one, i) => {
      const [good, bad] = [tall(one.delivered), tall(one.failed)];
      return [
        svg('rect.arrived', { x: i * 12 + 1, y: height - good, width: 10, height: good }),
        svg('rect.failed', { x: i * 12 + 1.5, y: height - good - bad + 0.5, width: 9,
          height: Math.max(0, bad - 1) }),
      ];
    }), svg('line.ground', { x1: 0, x2: width, y1: height, y2: height }));
}
