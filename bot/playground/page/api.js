// Talking to the playground's server: requests, and the stream of what happens.

const HIDDEN_FOR_MS = 60_000;
const RETRY_MS = [500, 1000, 2000, 5000];

/** What the server refused, in a sentence for the person at the screen. */
export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Refused('The playground does not answer. Is it still running?', 0);
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.ok) return body;
  if (response.status === 403 && body === null) {
    throw new Refused('This link is no longer valid. Open the one the playground printed.', 403);
  }
  throw new Refused(body?.message || `The playground refused this (${response.status}).`,
    response.status);
}

/** One member's view of the server. Every request says who acts. */
export class Api {
  constructor(me) {
    this.me = me;
  }

  get(path, params = {}) {
    const query = new URLSearchParams(params);
    if (this.me) query.set('as', this.me);
    return answer(fetch(`/page/${path}?${query}`, { credentials: 'same-origin' }));
  }

  post(path, body, files = []) {
    const payload = JSON.stringify({ as: this.me, ...body });
    const options = { method: 'POST', credentials: 'same-origin' };
    if (files.length) {
      const form = new FormData();
      form.append('payload_json', payload);
      files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
      options.body = form;
    } else {
      options.body = payload;
      options.headers = { 'Content-Type': 'application/json' };
    }
    return answer(fetch(`/page/${path}`, options));
  }
}

/**
 * The event stream, opened again whenever it breaks.
 *
 * `onopen` is called on every opening: what happened in between is not replayed, the caller
 * fetches it. A window nobody looks at lets go of its connection, because a browser gives one
 * site six in all, and asks again when it is looked at.
 */
export class EventStream {
  constructor(me, { onevent, onopen, onlost }) {
    Object.assign(this, { me, onevent, onopen, onlost, failures: 0, source: null, timer: null });
    this.onvisibility = () => this.#visibilityChanged();
    document.addEventListener('visibilitychange', this.onvisibility);
    this.#open();
  }

  close() {
    document.removeEventListener('visibilitychange', this.onvisibility);
    this.#letGo();
  }

  #letGo() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  #open() {
    this.#letGo();
    const source = new EventSource(`/page/events?as=${encodeURIComponent(this.me ?? '')}`);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.onopen();
    };
    source.onmessage = (event) => {
      const { t, d } = JSON.parse(event.data);
      this.onevent(t, d);
    };
    source.onerror = () => {
      if (this.source !== source) return;
      // The browser's own retry gives up for good on an HTTP error, so retry ourselves always.
      this.#letGo();
      this.onlost();
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
      this.failures += 1;
      this.timer = setTimeout(() => this.#open(), wait);
    };
  }

  #visibilityChanged() {
    clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = setTimeout(() => this.#letGo(), HIDDEN_FOR_MS);
    } else if (this.source === null) {
      this.#open();
    }
  }
}
