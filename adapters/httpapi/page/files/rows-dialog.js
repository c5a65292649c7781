// Lists of very many rows over the screen, and one row of them over the list.

import { atMost } from './api.js';
import { openDialog } from './dialog.js';
import { button, h, replace } from './dom.js';
import { count, number } from './format.js';
import { notice } from './messages.js';
import { aborted } from './problem.js';
import { StreamedRows } from './streamed-rows.js';
import { WindowedTable } from './windowed.js';

// openRows opens a list. read(rows, {signal, grown}) fetches its rows; listOf(rows) returns {titles, write, open} as
// WindowedTable has them; total is how many rows there will be, and null where that isn't known; buttons stand below the
// list, and filter, {element, changed}, above it: it calls changed once the rows have to be fetched anew.
export function openRows(view, title, { read, listOf, total, buttons = null, filter = null }) {
  const said = h('div.soft', { role: 'status' });
  const place = h('div');
  const signal = openWide(view, total === null ? title : `${title}: ${number(total)}`,
    [filter?.element, said, place], buttons);
  let over = new AbortController(); // of the rows that are shown
  const show = () => {
    over.abort();
    over = new AbortController();
    showRows({ said, place, caption: title, total: filter?.chosen() ? null : total, read, listOf },
      AbortSignal.any([over.signal, signal]));
  };
  filter?.changed(show);
  show();
}

async function showRows({ said, place, caption, total, read, listOf }, signal) {
  const rows = new StreamedRows();
  let list = null;
  let wrong = false;
  const failed = (error) => {
    if (aborted(error) || signal.aborted) return;
    wrong = true;
    replace(said, notice('error', h('p', error.message)));
  };
  const draw = () => {
    if (signal.aborted || rows.length === 0) return;
    if (!list) {
      list = new WindowedTable({ ...listOf(rows), rows, total, caption, failed, signal });
      replace(place, list.element);
    }
    list.draw();
    if (!rows.whole && !wrong) {
      said.textContent = `${number(rows.length)}${total === null ? '' : ` of ${number(total)}`} are here…`;
    }
  };
  replace(place);
  replace(said, 'Reading…');
  try {
    await read(rows, { signal, grown: atMost(200, draw) });
    draw();
    said.textContent = !rows.whole ? `The first ${count(rows.length, 'row')}. The file has all of them.` :
      rows.length === 0 ? 'There are none of these.' : '';
  } catch (error) {
    failed(error);
  }
}

// openWide shows elements over the screen, and returns a signal that is aborted when it is closed.
export function openWide(view, title, elements, buttons = null) {
  const { close, signal } = openDialog(view, title, 'wide', [elements,
    h('div.row', buttons, button('Close', () => close()))]);
  return signal;
}
