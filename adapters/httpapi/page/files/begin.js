// Fetches the page's modules once its frame is painted, which they would hold up. A file that doesn't come, since the
// network changed or the server is just started again, leaves a page without a program: then it loads itself again once
// the server answers, at most three times in half a minute.
{
  const again = () => {
    const key = 'loaded-again', now = Date.now();
    try {
      const times = JSON.parse(sessionStorage.getItem(key) ?? '[]').filter((time) => now - time < 30000);
      if (times.length >= 3) return;
      sessionStorage.setItem(key, JSON.stringify([...times, now]));
    } catch {
      return; // a browser that keeps nothing would load it for ever
    }
    const look = () => fetch('', { method: 'HEAD' }).then(() => location.reload(), () => setTimeout(look, 1000));
    setTimeout(look, 1000);
  };
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    for (const name of document.documentElement.dataset.modules.split(' ')) { // all at once, not one after the other
      document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: `page/${name}.js` }));
    }
    import('./app.js').catch(again);
  };
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, 300); // a tab that nobody looks at paints nothing
}
