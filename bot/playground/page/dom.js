// Building the page. Text only ever enters as text: nothing here parses HTML.

/** Make an element. `on…` keys are listeners, `class`/`aria-…`/others are attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value' || key === 'checked') element[key] = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Everything the page loads is ours; a picture written for another name of this host still is. */
export function localUrl(url) {
  if (!url) return null;
  if (url.startsWith('data:image/')) return url;
  try {
    const parsed = new URL(url, location.origin);
    if (!['http:', 'https:'].includes(parsed.protocol)) return null;
    const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
    return loopback ? location.origin + parsed.pathname + parsed.search : null;
  } catch {
    return null;
  }
}

const HUES = [212, 152, 28, 338, 268, 4, 188, 52];

/** A round portrait, or the first letter on a colour of its own when there is none. */
export function avatar(person, size = 40) {
  const name = displayName(person);
  const hue = HUES[[...String(person.id ?? name)].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 8];
  const letter = h('span', { class: 'avatar-letter' }, [...name][0] ?? '?');
  const frame = h('span', { class: `avatar avatar-${size} hue-${hue}`, 'aria-hidden': 'true' }, letter);
  const source = localUrl(person.avatar_url);
  if (source) {
    const picture = h('img', { src: source, alt: '', loading: 'lazy' });
    picture.addEventListener('error', () => picture.remove());
    frame.append(picture);
  }
  return frame;
}

export function displayName(person) {
  return person?.global_name || person?.username || 'Somebody';
}

/** Older id first; ids are 64-bit numbers as text, so compare without rounding. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

export const clock = (date) => CLOCK.format(date);
export const dayName = (date) => DAY.format(date);
export const fullTime = (date) => FULL.format(date);

/** "Today at 10:31", "Yesterday at …", else the date. */
export function calendarTime(date, now = new Date()) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (date >= midnight) return `Today at ${clock(date)}`;
  if (date >= midnight - 86_400_000) return `Yesterday at ${clock(date)}`;
  return `${dayName(date)} ${clock(date)}`;
}

/** A sentence at the foot of the window that goes away by itself. */
export function toast(sentence) {
  const note = h('div', { class: 'toast', role: 'alert' }, sentence);
  byId('toasts').append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Say something to a screen reader without moving anything on the screen. */
export function announce(sentence) {
  byId('announcer').textContent = sentence;
}

/** A dialog over the page. Escape and the browser's own focus rules come with it. */
export function openDialog(title, body, { onclose = () => {} } = {}) {
  const heading = h('h2', { id: 'dialog-title' }, title);
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, heading, body);
  dialog.addEventListener('close', () => {
    dialog.remove();
    onclose(dialog.returnValue);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
