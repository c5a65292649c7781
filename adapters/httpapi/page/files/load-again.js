// A file of the page that doesn't come, since the network changed or the server was just started again, leaves a page
// without a program. Then it loads itself again: at most three times in half a minute. This is no module, for it has to
// run before the first of them is fetched.
addEventListener('error', (event) => {
  if (!(event.target instanceof HTMLScriptElement)) return;
  const key = 'loaded-again', now = Date.now();
  try {
    const times = JSON.parse(sessionStorage.getItem(key) ?? '[]').filter((time) => now - time < 30000);
    if (times.length >= 3) return;
    sessionStorage.setItem(key, JSON.stringify([...times, now]));
  } catch {
    return; // a browser that keeps nothing would load it for ever
  }
  setTimeout(() => location.reload(), 1000);
}, true);
