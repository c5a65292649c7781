// An import is taken back, once it was seen what that would do.

import { freshKey, route } from './api.js';
import { h } from './dom.js';
import { count } from './format.js';
import { toWrite, undoOf } from './job-state.js';
import { notice } from './messages.js';
import { schema } from './schema.js';

// undoButton tries out what undoing a job would do, where it has kept what it did and the server has products; else it
// is nothing.
export function undoButton(view, job) {
  if (job.settings?.changes !== 'all' || toWrite(job) === 0) return null;
  const place = h('i', { hidden: true });
  schema(view.api).then(({ products }) => products && place.replaceWith(begins(view, job.id,
    undoOf(job) ? 'Undo this undo' : 'Undo this import', { dry_run: true }, { look: 'danger' })), () => {});
  return place;
}

// undoNow does what the dry run of an undo has shown.
export function undoNow(view, job) {
  if (toWrite(job) === 0) {
    return notice('info', h('p', 'Nothing of it can be taken back.'));
  }
  return begins(view, undoOf(job), `Undo ${count(toWrite(job), 'change')} now`, { dry_run: false },
    { look: 'primary', tried: job.id });
}

// begins returns a button that begins an undo.
function begins(view, id, label, body, { look, tried = null }) {
  const key = freshKey();
  return view.act(label, 'The undo was not begun', async () => {
    const { body: { task_id: begun } } = await view.send('POST', route`imports/${id}/undo`,
      { body, headers: { 'Idempotency-Key': key } });
    view.happened('begun', { id: begun });
    view.go(['jobs', begun], tried ? { tried } : null);
  }, { look });
}
