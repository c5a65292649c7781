// Dialogs over the screen.

import { freshID, h } from './dom.js';

// openDialog shows elements under a title until somebody closes them, or goes on from the screen. look is '', 'panel' or
// 'wide'; closed is called once it is gone, and with a cancel that is false the Escape key doesn't close it. It returns
// the dialog, close(), and a signal that is aborted once it is closed.
export function openDialog(view, title, look, elements, { closed = () => {}, cancel = true } = {}) {
  const over = new AbortController();
  const id = freshID('title');
  const dialog = h('dialog', { class: look, 'aria-labelledby': id, on: {
    cancel: (event) => cancel || event.preventDefault(),
    close: () => {
      over.abort();
      dialog.remove();
      closed();
    },
  } }, h('h2', { id, tabindex: '-1' }, title), elements);
  const close = () => dialog.close();
  view.signal.addEventListener('abort', close, { signal: over.signal });
  view.root.append(dialog);
  dialog.showModal();
  return { dialog, close, signal: over.signal };
}
