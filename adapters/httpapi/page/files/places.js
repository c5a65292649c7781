// The places of the page, in the order of the menu, which stands in index.html so that it is there at once. A place
// is a module with a function show(view), called each time that somebody goes there; see View in view.js.

export const places = [
  { name: 'import', title: 'Import', load: () => import('./import-place.js') },
  { name: 'imports', title: 'Imports', load: () => import('./imports-place.js') },
  { name: 'products', title: 'Products', load: () => import('./products-place.js') },
  { name: 'webhooks', title: 'Webhooks', load: () => import('./webhooks-place.js') },
];
