// A product, opened over the list: to look at, to change, to create, to delete.

import { route } from './api.js';
import { openDialog } from './dialog.js';
import { button, form, h, replace } from './dom.js';
import { when } from './format.js';
import { failure, loading, Summary } from './messages.js';
import { aborted, sentence } from './problem.js';
import { conflict } from './product-conflict.js';
import { PairsInput } from './pairs-input.js';
import { ProductInputs, keysOf } from './product-inputs.js';
import { productHistory } from './product-history.js';
import { deleteOne } from './products-delete.js';

// openPanel opens the product of the id, or a new one for null. changed is called once something was stored, and closed
// when the panel is gone.
export function openPanel(view, schema, id, { changed, closed }) {
  const body = h('div', loading());
  const { dialog, signal } = openDialog(view, id === null ? 'New product' : 'Product', 'panel', body,
    { closed: () => view.signal.aborted || closed() });
  dialog.querySelector('h2').focus();
  new Panel(view, schema, dialog, body, changed).begin(id, signal);
}

class Panel {
  #view;
  #schema;
  #dialog;
  #body;
  #changed;
  #product = null; // as it was fetched
  #etag = null;

  constructor(view, schema, dialog, body, changed) {
    this.#view = view;
    this.#schema = schema;
    this.#dialog = dialog;
    this.#body = body;
    this.#changed = changed;
  }

  async begin(id, signal) {
    this.signal = signal;
    try {
      if (id !== null) await this.#fetch(id);
      this.#edit();
    } catch (error) {
      if (aborted(error)) return;
      replace(this.#body, failure(error, error.status === 404 ? null : () => this.begin(id, signal)),
        button('Close', () => this.#dialog.close()));
    }
  }

  async #fetch(id) {
    const { body, header } = await this.#view.send('GET', route`products/${id}`,
      { signal: this.signal });
    this.#product = body;
    this.#etag = header('ETag');
  }

  #edit() {
    const isNew = this.#product === null;
    this.summary = new Summary();
    this.inputs = new ProductInputs(this.#schema, this.#product);
    const attributes = Object.entries(this.#product?.attributes ?? {});
    this.attributes = new PairsInput(attributes, { name: 'Name', value: 'Value', add: 'Add a value' });
    this.save = h('button.primary', isNew ? 'Create product' : 'Save changes');
    replace(this.#body, this.summary.element,
      form(() => this.#save(), this.inputs.element,
      h('details', h('summary', `Further values (${attributes.length})`), this.attributes.element),
      h('div.row', this.save, button('Close', () => this.#dialog.close()),
        !isNew && button('Delete', () => this.#delete(), { look: 'danger' }))),
      !isNew && [this.#facts(), productHistory(this.#view, this.#product.id, this.signal)]);
  }

  #facts() {
    const { created_at: created, updated_at: updated, version } = this.#product;
    return h('p.soft', 'Created ', when(created), ', changed ', when(updated), `, version ${version}`);
  }

  async #save() {
    this.summary.clear();
    this.inputs.clearErrors();
    const isNew = this.#product === null;
    const body = isNew ? this.inputs.whole() : this.inputs.patch();
    const attributes = this.attributes.patch();
    if (Object.keys(attributes).length > 0) body.attributes = attributes;
    if (Object.keys(body).length === 0) {
      this.#dialog.close();
      return;
    }
    this.save.disabled = true;
    try {
      if (isNew) {
        await this.#view.send('POST', 'products/', { body, signal: this.signal });
      } else {
        await this.#view.send('PATCH', `products/${this.#product.id}`, { body, signal: this.signal,
          headers: { 'Content-Type': 'application/merge-patch+json', 'If-Match': this.#etag } });
      }
      this.#view.say(isNew ? 'Product created' : 'Changes saved');
      this.#dialog.close();
      this.#changed();
    } catch (error) {
      if (aborted(error)) return;
      if (error.status === 412) await this.#meanwhile();
      else this.#failed(error, isNew);
    } finally {
      this.save.disabled = false;
    }
  }

  // #failed shows the errors, those of fields at their fields too.
  #failed(error, isNew) {
    const title = isNew ? 'The product was not created' : 'The changes were not saved';
    const at = error.errors.map(({ field, message }) => ({ text: sentence(message),
      at: this.inputs.showError(field, sentence(message)) }));
    if (at.length > 0) this.summary.show(title, at);
    else this.summary.fail(title, error);
  }

  // #meanwhile lets one choose between what one wrote and what somebody else stored meanwhile.
  async #meanwhile() {
    const further = this.attributes.patch();
    const mine = { ...this.inputs.values(), ...keyed(further) };
    const wrote = [...this.inputs.changed(), ...Object.keys(keyed(further))];
    try {
      await this.#fetch(this.#product.id);
    } catch (error) {
      if (!aborted(error)) this.summary.fail('The product can not be read again', error);
      return;
    }
    const theirs = { ...new ProductInputs(this.#schema, this.#product).values(),
      ...keyed(Object.fromEntries(Object.keys(further).map((name) =>
        [name, this.#product.attributes?.[name] ?? null]))) };
    const fields = [...keysOf(this.#schema), ...Object.keys(further).map((name) =>
      ({ name, type: 'text', key: `attributes.${name}` }))];
    replace(this.#body, conflict(fields, { mine, theirs, wrote, at: this.#product.updated_at }, (chosen) => {
      this.#edit();
      this.inputs.take(chosen);
      this.attributes.take(Object.fromEntries(Object.keys(further).filter((name) => `attributes.${name}` in chosen)
        .map((name) => [name, chosen[`attributes.${name}`]])));
      this.#save();
    }, () => this.#edit()));
    this.#body.querySelector('h3').focus();
  }

  async #delete() {
    if (!await deleteOne(this.#view, this.#product, this.#etag)) return;
    this.#view.say('Product deleted');
    this.#dialog.close();
    this.#changed();
  }
}

// keyed returns attributes by the keys that they have among a product's fields.
const keyed = (attributes) => Object.fromEntries(Object.entries(attributes)
  .map(([name, value]) => [`attributes.${name}`, value]));
