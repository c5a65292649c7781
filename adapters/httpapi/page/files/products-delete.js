// Deleting products: one, or all of them.

import { button } from './dom.js';
import { confirm } from './confirm.js';
import { counted, cut, number } from './format.js';
import { products } from './job-state.js';

// deleteAllButton returns the button, with a function that says how many there are; it is there once that is known.
export function deleteAllButton(action) {
  const element = button('', action, { look: 'danger' });
  element.hidden = true;
  return { element, show: (all) => {
    element.hidden = all.count === 0;
    element.textContent = `Delete all${all.count_estimated ? ',' : ''} ${counted(all, products)}`;
  } };
}

// deleteAll deletes every product, once their number as it is by now was typed.
export async function deleteAll(view, changed) {
  try {
    const { count: all } = await view.get('products/?limit=1&count=exact', { patient: false });
    const done = await confirm(view, {
      title: `Delete all ${products(all)}?`,
      sentence: 'They are gone for good, whatever the filters show. Export them before, if they may be needed again.',
      typed: String(all), hint: `Type ${number(all)} to confirm`, label: `Delete all ${products(all)}`,
      action: () => view.send('DELETE', 'delete_all/'),
    });
    if (!done) return;
    view.say(`${products(all)} deleted`);
    changed();
  } catch (error) {
    view.summary.fail('The products were not deleted', error);
  }
}

// deleteOne deletes a product as it was seen, once its SKU was typed, or a word where that is very long, and resolves to
// whether it did.
export function deleteOne(view, product, etag) {
  const typed = product.sku.length <= 40 ? product.sku : 'delete';
  return confirm(view, {
    title: 'Delete this product?', sentence: `${cut(product.name, 100)} is gone for good.`, typed,
    hint: typed === product.sku ? `Type its SKU, ${typed}, to confirm` : `Type ${typed} to confirm`,
    label: `Delete ${cut(product.sku, 40)}`,
    action: () => view.send('DELETE', `products/${product.id}`, { headers: { 'If-Match': etag } }),
  });
}
