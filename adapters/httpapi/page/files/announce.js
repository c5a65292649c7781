// Tells screen readers what goes on, in the page's live region: at most one sentence in five seconds, the newest.

const pause = 5000;

// Announcer speaks through a live region.
export class Announcer {
  #region;
  #next = null; // the sentence that waits
  #timer = null;
  #spoke = -Infinity;

  constructor(region) {
    this.#region = region;
  }

  // say speaks the sentence, or lets it wait for its time. One that waits gives way to a newer one.
  say(sentence) {
    this.#next = sentence;
    if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#speak(), Math.max(0, this.#spoke + pause - performance.now()));
    }
  }

  #speak() {
    this.#timer = null;
    this.#spoke = performance.now();
    this.#region.textContent = this.#next;
  }
}
