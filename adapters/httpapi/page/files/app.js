// The page: its menu, and the place that the address names.

import { Announcer } from './announce.js';
import { Api } from './api.js';
import { Connection } from './connection.js';
import { h, replace } from './dom.js';
import { failure, loading } from './messages.js';
import { aborted } from './problem.js';
import { Router, addressOf } from './router.js';
import { schema } from './schema.js';
import { Session } from './session.js';
import { View } from './view.js';

// The places of the page, in the order of the menu, which stands in index.html so that it is there at once. A place
// is a module with a function show(view), called each time that somebody goes there; see View in view.js.

const places = [
  { name: 'import', title: 'Import', load: () => import('./import-place.js') },
  { name: 'imports', title: 'Imports', load: () => import('./imports-place.js') },
  { name: 'products', title: 'Products', load: () => import('./products-place.js') },
  { name: 'webhooks', title: 'Webhooks', load: () => import('./webhooks-place.js') },
];

const main = document.getElementById('main');
const session = new Session(document.getElementById('account'));
const announcer = new Announcer(document.getElementById('announcements'));
const api = new Api(document.documentElement.dataset.api, {
  connection: new Connection(document.getElementById('connection')), signIn: () => session.signIn(),
});
session.use(api);

const links = [...document.querySelectorAll('#places a')];

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault(); // its address would be a place's
  main.focus();
});

let over = new AbortController(); // aborted when the screen is left
let first = true;

const router = new Router(async ({ place: name, path, query }) => {
  const place = places.find((p) => p.name === name);
  if (!place) {
    router.go(addressOf(places[0].name), { replace: true });
    return;
  }
  over.abort();
  over = new AbortController();
  const { signal } = over;
  for (const link of links) {
    if (link.hash === addressOf(name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const focus = !first;
  first = false;
  const root = h('div.screen');
  const show = async () => {
    replace(root, loading());
    try {
      const { show: begin } = await place.load();
      if (signal.aborted) return;
      scrollTo(0, 0);
      await begin(new View({ root, place: name, path, query, signal, api, session, router, focus,
        dropTarget: document, say: (sentence) => announcer.say(sentence),
        titled: (text) => { document.title = `${text} · Products importer`; } }));
    } catch (error) {
      if (!aborted(error) && !signal.aborted) replace(root, h('h1', place.title), failure(error, show));
    }
  };
  replace(main, root);
  await show();
});

await session.begin();
schema(api).then(({ products }) => products || links[2].parentNode.remove(), () => {}); // the screens tell of that
router.now();
