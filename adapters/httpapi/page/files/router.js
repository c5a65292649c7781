// Addresses of the page. They stand behind a #, so that the page works at any path: #/imports?state=FAILURE

// parse returns the parts of an address: the place, what follows it, and the query.
export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [place, ...rest] = path.split('/').filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { place: place ?? '', path: rest, query: new URLSearchParams(query) };
}

// addressOf is the other way round.
export function addressOf(place, path = [], query = null) {
  const text = new URLSearchParams(query ?? '').toString();
  return `#/${[place, ...path].map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

// Router calls show with the parts of the address, whenever somebody goes to another one.
export class Router {
  #show;

  constructor(show) {
    this.#show = show;
    addEventListener('hashchange', () => this.now());
  }

  // now shows where the address leads.
  now() {
    this.#show(parse(location.hash));
  }

  // go leads to another address, which back leads back from; with replace it takes this one's place.
  go(address, { replace = false } = {}) {
    if (address === location.hash) {
      this.now();
    } else if (replace) {
      history.replaceState(null, '', address);
      this.now();
    } else {
      location.hash = address;
    }
  }

  // note changes the address to what the screen shows by now, without showing anything.
  note(address) {
    history.replaceState(null, '', address);
  }
}
