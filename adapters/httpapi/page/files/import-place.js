// The place Import: a file is chosen, its reading mended, tried out, and imported. Each step has an address.

import { showChoice } from './choose-file.js';
import { showJob } from './job.js';
import { showReading } from './reading.js';

// show shows the step that the address names: nothing, uploads/{id} or jobs/{id}.
export function show(view) {
  const [kind, id] = view.path;
  if (kind === 'uploads' && id) {
    return showReading(view, id);
  }
  if (kind === 'jobs' && id) {
    return showJob(view, id);
  }
  return showChoice(view);
}
