// What the browser keeps between visits, for the convenience of whoever uses it.

const prefix = 'products-importer.';

// kept returns what is kept under a name, or the other value where there is nothing, or nothing may be kept.
export function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(prefix + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

// keep keeps a value, where the browser lets it.
export function keep(name, value) {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // It is forgotten with the page.
  }
}
