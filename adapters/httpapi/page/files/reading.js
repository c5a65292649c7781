// Step 2: how the file is read, with what is not sure first. Every change asks the server again.

import { freshKey, route } from './api.js';
import { busy, button, h, replace } from './dom.js';
import { bytes, count, long } from './format.js';
import { failure, loading, notice } from './messages.js';
import { aborted, sentence } from './problem.js';
import { columnsTable, constants } from './reading-columns.js';
import { dialectSentence } from './reading-dialect.js';
import { missingCards, modeCards, moreSettings } from './reading-mode.js';
import { hints, missingFields, openQuestions, profileNotice } from './reading-questions.js';
import { firstRecords } from './reading-records.js';
import { schema } from './schema.js';
import { clean, consistent, merged, queryOf, settingsOf } from './settings.js';

// showReading shows how an upload is read with the settings in the address, and lets one change them.
export async function showReading(view, id) {
  const reading = new Reading(view, id);
  view.title('How the file is read', reading.element);
  await reading.begin();
}

class Reading {
  #view;
  #id;
  #settings;
  #preview = null;
  #schema = null; // of the catalogue, where it is known
  #asking = null; // aborts the request that is under way
  #profile; // the name of the profile that was taken, '' where none is to be, null where that is open
  #key = freshKey(); // of the dry run with these settings

  constructor(view, id) {
    this.#view = view;
    this.#id = id;
    this.#settings = settingsOf(view.query);
    this.#profile = view.query.get('profile') ?? (Object.keys(this.#settings).length > 0 ? '' : null);
    this.element = h('div', loading('Looking at the file'));
  }

  async begin() {
    try {
      await this.#ask();
    } catch (error) {
      if (!aborted(error)) this.#cannotBegin(error);
      return;
    }
    if (this.#preview.profile && this.#profile === null) {
      this.#profile = this.#preview.profile.name;
      await this.change(clean(this.#preview.profile.settings));
    }
  }

  // change takes other settings, and shows how the file is read with them. Settings that the server refuses are said
  // so, and what stood before stays.
  async change(settings) {
    const before = this.#settings;
    this.#settings = consistent(settings);
    this.#key = freshKey();
    this.#note();
    this.#view.summary.clear();
    try {
      await this.#ask();
      this.#view.say(this.#spoken());
    } catch (error) {
      if (aborted(error)) return;
      this.#settings = before;
      this.#note();
      this.#draw();
      this.#view.summary.fail('This can not be set', error);
    }
  }

  #note() {
    const query = queryOf(this.#settings);
    if (this.#profile !== null) query.set('profile', this.#profile);
    this.#view.note(['uploads', this.#id], query);
  }

  async #ask() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    busy(this.element, true);
    try {
      const [preview, known] = await Promise.all([
        this.#view.get(route`uploads/${this.#id}/preview`, { query: queryOf(this.#settings),
          signal: AbortSignal.any([this.#view.signal, asking.signal]) }),
        schema(this.#view.api).catch(() => null)]); // the import goes on without
      if (this.#asking === asking) {
        this.#preview = preview;
        this.#schema = known;
        this.#draw();
      }
    } finally {
      if (this.#asking === asking) busy(this.element, false);
    }
  }

  #cannotBegin(error) {
    if (error.status === 404 || error.status === 410) {
      replace(this.element, notice('error', h('p', 'This file is not kept any more. Send it again.'),
        button('Choose a file', () => this.#view.go([]))));
    } else if (Object.keys(this.#settings).length > 0 && error.status >= 400 && error.status < 500) {
      replace(this.element, notice('error', h('p', error.message),
        button('Read it without these settings', () => this.#view.go(['uploads', this.#id], { profile: '' },
          { replace: true }))));
    } else {
      replace(this.element, failure(error, () => this.begin()));
    }
  }

  #spoken() {
    const { columns, missing, problem } = this.#preview;
    if (missing.length > 0) return `${count(missing.length, 'field')} missing`;
    const asked = this.#asked().length;
    if (asked > 0) return `${count(asked, 'question')} to answer`;
    return problem ? problem.detail : `Read again: ${count(columns.length, 'column')}`;
  }

  // draw shows the preview. The focus stays at the control that it was at.
  #draw() {
    const focused = this.element.getRootNode().activeElement?.dataset?.key;
    const open = new Set([...this.element.querySelectorAll('details[open]')].map((d) => d.dataset.key));
    const p = this.#preview;
    const seen = this.#settings;
    const context = { view: this.#view, settings: seen, preview: p, schema: this.#schema,
      change: (made) => this.change(merged(this.#settings, seen, made)) };
    const kept = p.profile && this.#profile === p.profile.name && profileNotice(p.profile, () => {
      this.#profile = '';
      this.change({});
    });
    replace(this.element,
      h('p.soft', long(p.upload.file_name || 'A file without a name', 60), `, ${bytes(p.upload.size)}`),
      kept, this.#stops(), openQuestions(context), missingFields(context), dialectSentence(context), hints(context),
      p.columns.length > 0 && [columnsTable(context), constants(context)],
      modeCards(context), missingCards(context), moreSettings(context), firstRecords(context),
      h('div.row.actions', button('Show what would change', () => this.#tryOut(),
        { look: 'primary', key: 'try' }), button('Choose another file', () => this.#view.go([]))));
    for (const details of this.element.querySelectorAll('details')) details.open ||= open.has(details.dataset.key);
    if (focused) this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  // stops says what stops an import, unless a question or a missing field says it already.
  #stops() {
    const { problem, missing } = this.#preview;
    const said = this.#asked().length + missing.length > 0;
    return problem && !said && notice('error', h('p', sentence(problem.detail)));
  }

  // asked returns the questions that have to be answered now; what follows in the file may answer the open ones.
  #asked() {
    return this.#preview.questions.filter((q) => !q.open);
  }

  async #tryOut() {
    const { problem, missing } = this.#preview;
    const errors = [
      ...this.#asked().map((q) => ({ text: sentence(q.detail), key: `question-${q.parameter}-${q.field ?? ''}` })),
      ...missing.map((m) => ({ text: sentence(m.detail), key: `missing-${m.field}` })),
    ].map(({ text, key }) => ({ text, at: this.element.querySelector(`[data-at="${CSS.escape(key)}"]`) }));
    if (errors.length === 0 && problem) errors.push({ text: sentence(problem.detail) });
    if (errors.length > 0) {
      this.#view.summary.show('Before it can go on', errors);
      return;
    }
    const start = this.element.querySelector('[data-key=try]');
    start.disabled = true;
    try {
      const body = { upload: this.#id, ...clean(this.#settings), dry_run: true };
      const answer = await this.#view.send('POST', 'imports/', { body, headers: { 'Idempotency-Key': this.#key } });
      this.#view.happened('begun', { id: answer.body.task_id });
      this.#view.go(['jobs', answer.body.task_id]);
    } catch (error) {
      start.disabled = false;
      this.#view.summary.fail('This could not be tried out', error);
    }
  }
}
