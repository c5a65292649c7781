// Logging in by a form, and signing out. A server without sessions asks by the browser's own means.

import { button, field, h, replace } from './dom.js';
import { notice } from './messages.js';
import { Problem } from './problem.js';

const wordsFor = (error) => error.status === 401 ? 'That name and password do not fit.' :
  error.status === 405 ? 'Log in where you usually do, and load this page again.' : error.message;

// Session knows who uses the page, and asks for it.
export class Session {
  #api;
  #account; // the element that names the user
  #asking = null;
  user = null;
  role = null;

  constructor(account) {
    this.#account = account;
  }

  // use says which API to ask; it comes before everything else.
  use(api) {
    this.#api = api;
  }

  // begin finds out who uses the page, and asks where nobody has signed in.
  async begin() {
    try {
      this.#signedIn((await this.#api.send('GET', 'session', { asks: false })).body);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) await this.signIn();
    }
  }

  // signIn asks for name and password, and resolves to true once somebody has signed in; to false where the server has
  // no sessions.
  signIn() {
    this.#asking ??= this.#ask().finally(() => { this.#asking = null; });
    return this.#asking;
  }

  async #ask() {
    try {
      this.#signedIn((await this.#api.send('GET', 'session', { asks: false })).body);
      return true; // in another tab
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) return false;
    }
    return new Promise((resolve) => this.#form(resolve));
  }

  #form(resolve) {
    const name = h('input', { name: 'username', autocomplete: 'username', required: true, autocapitalize: 'none',
      spellcheck: 'false', value: this.user ?? '' });
    const password = h('input',
      { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
    const wrong = h('div', { role: 'alert' });
    const submit = h('button.primary', 'Log in');
    const dialog = h('dialog.login', { 'aria-labelledby': 'login-title',
      // Nothing goes on without a log-in, so it can't be closed: a browser may close it all the same.
      on: { cancel: (event) => event.preventDefault(), close: () => { if (dialog.isConnected) dialog.showModal(); } } },
    h('form', { method: 'post', on: { submit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        const { body } = await this.#api.send('POST', 'session',
          { body: { user: name.value, password: password.value }, asks: false });
        this.#signedIn(body);
        dialog.remove();
        resolve(true);
      } catch (error) {
        replace(wrong, notice('error', wordsFor(error)));
        password.value = '';
        password.focus();
      } finally {
        submit.disabled = false;
      }
    } } },
    h('h1', { id: 'login-title' }, 'Log in'), wrong, field('Name', name), field('Password', password), submit));
    document.body.append(dialog);
    dialog.showModal();
    (name.value ? password : name).focus();
  }

  #signedIn({ user, role }) {
    this.user = user;
    this.role = role;
    replace(this.#account, h('span.who', { title: role ? `May do what the role ${role} may` : null }, user),
      button('Sign out', () => this.#signOut(), { look: 'quiet' }));
  }

  async #signOut() {
    try {
      await this.#api.send('DELETE', 'session', { asks: false });
    } catch (error) {
      if (error.status !== 401) {
        replace(this.#account, notice('error', error.message));
        return;
      }
    }
    location.reload();
  }
}
