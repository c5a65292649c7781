// What one can do with an import that is under way or has ended.

import { freshKey, route } from './api.js';
import { dropZone, takeDrops } from './choose-file.js';
import { button, field, h, replace } from './dom.js';
import { downloadLink, reportOf } from './job-reports.js';
import { ended, isDryRun, products, toWrite, undoOf } from './job-state.js';
import { undoButton, undoNow } from './job-undo.js';
import { number } from './format.js';
import { notice } from './messages.js';
import { label } from './schema.js';
import { clean, queryOf } from './settings.js';

// nextSteps puts the buttons that fit.
export function nextSteps(view, place, job) {
  if (!ended(job)) {
    replace(place, h('div.row', stopButton(view, job)),
      h('p.hint', isDryRun(job) ? 'Nothing is written.' :
        'You can close this page: the import goes on, and this address shows it. What is written by the time you ' +
        'stop it stays.'));
    return;
  }
  if (undoOf(job)) {
    replace(place, h('div.row', job.state !== 'SUCCESS' ? null :
      isDryRun(job) ? undoNow(view, job) : undoButton(view, job),
    button('Look at the import', () => view.go(['jobs', undoOf(job)]))));
    return;
  }
  const rejects = reportOf(view, job, 'rejected');
  replace(place, h('div.row',
    isDryRun(job) && job.state === 'SUCCESS' && commitButton(view, job),
    uploadOf(job) && button(job.state === 'FAILURE' || isDryRun(job) ? 'Change settings' : 'Import it again',
      () => view.go(['uploads', uploadOf(job)], queryOf(job.settings))),
    rejects && downloadLink(rejects, 'Download what was not taken'),
    !isDryRun(job) && undoButton(view, job),
    button('Import another file', () => view.go([]))),
  keepProfile(view, job), !isDryRun(job) && rejects && mended(view, job));
}

// stopButton asks for the end of an import.
function stopButton(view, job) {
  return view.act(isDryRun(job) ? 'Stop' : 'Stop the import', 'It could not be stopped', async () => {
    try {
      await view.send('POST', route`imports/${job.id}/cancel`);
    } catch (error) {
      if (error.status !== 409) throw error; // 409: it has ended
    }
  }, { look: 'danger' });
}

// uploadOf returns the id of the import's file, if it is still there.
function uploadOf(job) {
  return job.has_file === false ? null : job.upload?.id ?? job.upload ?? null;
}

// commitButton imports what was tried out, without sending the file again.
function commitButton(view, job) {
  if (toWrite(job) === 0) {
    return notice('info', h('p', job.rejected === job.read && job.read > 0 ?
      'No line of the file can be taken as it is read now, so there is nothing to import.' :
      'Nothing would change, so there is nothing to import.'));
  }
  const key = freshKey();
  return view.act(`${whatToDo(job)} now`, 'The import was not begun', async () => {
    const { body } = await view.send('POST', route`imports/${job.id}/rerun`,
      { body: { dry_run: false }, headers: { 'Idempotency-Key': key } });
    view.happened('begun', { id: body.task_id });
    view.go(['jobs', body.task_id], { tried: job.id });
  }, { look: 'primary' });
}

// whatToDo says what an import with these numbers does: "Import 2 products and delete 30".
function whatToDo(job) {
  const gone = (job.deactivated ?? 0) + (job.deleted ?? 0);
  const written = toWrite(job) - gone;
  if (gone === 0) return `Import ${products(written)}`;
  const verb = job.settings.missing;
  return written === 0 ? `${label(verb)} ${products(gone)}` :
    `Import ${products(written)} and ${verb} ${number(gone)}`;
}

// keepProfile keeps the import's settings under a name.
function keepProfile(view, job) {
  const name = h('input', { name: 'profile', required: true, maxlength: '100', autocomplete: 'off' });
  const said = h('div', { role: 'status' });
  return h('details', h('summary', 'Keep these settings as a profile'),
    h('form', { on: { submit: async (event) => {
      event.preventDefault();
      try {
        await view.send('PUT', route`profiles/${name.value.trim()}`,
          { body: { settings: clean(job.settings), upload: uploadOf(job) ?? undefined } });
        replace(said, notice('success',
          `Kept as ${name.value.trim()}: files with the same columns are read like this.`));
      } catch (error) {
        replace(said, notice('error', error.message));
      }
    } } }, field('Name of the profile', name, 'One that has this name is replaced.'), h('button', 'Keep')), said);
}

// mended takes the file of rejects again, once it is mended.
function mended(view, job) {
  const zone = dropZone(view, { settings: () => settingsForMended(job.settings), template: false,
    prompt: 'Drop the mended file here' });
  takeDrops(view, (file) => zone.send(file));
  return h('section', h('h2', 'Mend what was not taken'),
    h('p', 'The file has each line with the reason behind it. Mend the lines, and import that file with the ',
      'same settings.'),
    zone.element);
}

// settingsForMended are those of the import but for what only its own file had: the file of rejects is plain CSV, and
// what it does not have is not missing.
function settingsForMended(settings) {
  const { delimiter, encoding, quote, header, missing, max_missing: most, scope, ...others } = settings;
  return others;
}
