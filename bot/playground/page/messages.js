// The list of messages: what is drawn, what moves, and where the view stays.

import { announce, compareIds, dayName, displayName, h } from './dom.js';
import { plain } from './markdown.js';
import { continues, messageElement } from './message.js';
import { EPHEMERAL } from './store.js';

const BOTTOM_PX = 40;
const TOP_PX = 200;

/** Draws one channel. *tools* as `messageElement` wants them, but `onjump`, which is here. */
export class MessageList {
  constructor(store, tools) {
    this.store = store;
    this.tools = { ...tools, store, onjump: (id) => this.jump(id) };
    this.elements = new Map();
    this.list = h('ol', { class: 'messages', 'aria-label': 'Messages' });
    this.intro = h('div', { class: 'intro' });
    this.pill = h('button', { type: 'button', class: 'new-pill', hidden: true,
      onclick: () => this.toBottom() }, 'New messages ↓');
    this.scroller = h('div', { class: 'scroller', tabindex: '-1' }, this.intro, this.list);
    this.element = h('div', { class: 'message-area' }, this.scroller, this.pill);
    this.pinned = true;
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.list.addEventListener('keydown', (event) => this.#key(event));
    // Pictures and the composer change heights after the fact.
    new ResizeObserver(() => this.#stay()).observe(this.scroller);
    new ResizeObserver(() => this.#stay()).observe(this.list);
    store.addEventListener('messages', ({ detail }) => this.#when(detail, () => this.#draw()));
    store.addEventListener('gone', ({ detail }) => this.#when(detail, () => this.#draw()));
    store.addEventListener('message', ({ detail }) => this.#when(detail, () => this.#one(detail)));
  }

  show(channel, introduction) {
    this.channel = channel;
    this.intro.replaceChildren(introduction);
    this.elements.clear();
    this.list.replaceChildren();
    this.pinned = true;
    this.pill.hidden = true;
    this.#draw();
    this.#stay();
  }

  toBottom() {
    this.pinned = true;
    this.pill.hidden = true;
    this.#stay();
  }

  jump(id) {
    const element = this.elements.get(id)?.element;
    if (!element) return;
    element.scrollIntoView({ block: 'center' });
    element.focus({ preventScroll: true });
    element.classList.add('flash');
    setTimeout(() => element.classList.remove('flash'), 1500);
  }

  /** Draw a message again, for instance when its editor opens or closes. */
  redraw(id) {
    const entry = this.elements.get(id);
    if (!entry) return;
    entry.message = null;
    this.#draw();
  }

  #when({ channelId }, action) {
    if (channelId === this.channel?.id) action();
  }

  #one({ id, isNew }) {
    const message = this.store.message(this.channel.id, id);
    this.#draw();
    if (!isNew) return;
    const own = message.author.id === this.store.me.id;
    if (own || this.pinned) this.toBottom();
    else this.pill.hidden = false;
    if (!own) announce(`${displayName(message.author)}: ${plain(message.content, this.tools.context)}`);
  }

  /** Bring the list in line with the store, touching only the messages that differ. */
  #draw() {
    if (!this.channel) return;
    const anchor = this.pinned ? null : this.#anchor();
    const messages = this.store.messages(this.channel.id);
    const present = new Set(messages.map((message) => message.id));
    for (const [id, entry] of this.elements) {
      if (present.has(id)) continue;
      entry.element.remove();
      this.elements.delete(id);
    }
    for (const divider of this.list.querySelectorAll('.day')) divider.remove();
    let before = null;
    let place = this.list.firstElementChild;
    for (const message of messages) {
      const newDay = !before || dayOf(before) !== dayOf(message);
      const grouped = !newDay && continues(message, before);
      const element = this.#elementOf(message, grouped, place);
      place = element.nextElementSibling;
      if (newDay) element.before(h('li', { class: 'day', role: 'separator' }, h('span', {}, dayOf(message))));
      before = message;
    }
    this.intro.hidden = this.store.hasOlder(this.channel.id);
    this.element.classList.toggle('is-empty', !messages.length);
    this.element.dataset.loaded = String(this.store.isLoaded(this.channel.id));
    if (anchor) this.#restore(anchor);
    else this.#stay();
  }

  #elementOf(message, grouped, place) {
    const entry = this.elements.get(message.id);
    if (entry && entry.message === message && entry.grouped === grouped && !this.#quoteMoved(entry)) {
      if (entry.element !== place) this.list.insertBefore(entry.element, place);
      return entry.element;
    }
    const element = this.tools.onedit(message) ?? messageElement(message, grouped, this.tools);
    const focus = entry?.element.contains(document.activeElement) ? focusPath(entry.element) : null;
    if (entry) {
      const shown = entry.element.querySelectorAll('.spoiler.shown').length > 0;
      if (shown) for (const one of element.querySelectorAll('.spoiler')) one.classList.add('shown');
      entry.element.replaceWith(element);
      if (focus) restoreFocus(element, focus);
    } else {
      this.list.insertBefore(element, place);
    }
    const quoted = this.#quoted(message);
    this.elements.set(message.id, { element, message, grouped, quoted });
    return element;
  }

  #quoted(message) {
    const reference = message.message_reference;
    return reference ? this.store.message(reference.channel_id, reference.message_id) : undefined;
  }

  #quoteMoved(entry) {
    return this.#quoted(entry.message) !== entry.quoted;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.pinned = scrollHeight - scrollTop - clientHeight < BOTTOM_PX;
    if (this.pinned) this.pill.hidden = true;
    if (scrollTop < TOP_PX && this.store.hasOlder(this.channel.id)) {
      this.store.loadOlder(this.channel.id).catch(() => {}); // the banner already says it is down
    }
  }

  #stay() {
    if (this.pinned) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const [id, { element }] of this.elements) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top) return { id, offset: box.top };
    }
    return null;
  }

  #restore({ id, offset }) {
    const element = this.elements.get(id)?.element;
    if (element) this.scroller.scrollTop += element.getBoundingClientRect().top - offset;
  }

  #key(event) {
    if (event.target.closest('input, textarea, .select')) return;
    const current = event.target.closest('.message');
    if (!current) return;
    const open = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)
      || (event.key === 'Enter' && event.target === current);
    if (open) {
      event.preventDefault();
      this.tools.onmenu(this.store.message(this.channel.id, current.dataset.id), current);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...this.list.querySelectorAll('.message')];
    all[all.indexOf(current) + step]?.focus();
  }

  /** Where the keyboard enters the list: the newest message. */
  focusLast() {
    this.list.querySelector('.message:last-of-type')?.focus();
  }

  lastOwn() {
    return this.store.messages(this.channel.id)
      .filter((message) => message.author.id === this.store.me.id && !(message.flags & EPHEMERAL))
      .sort((a, b) => compareIds(a.id, b.id)).at(-1);
  }
}

const dayOf = (message) => dayName(new Date(message.timestamp));

const FOCUSABLE = 'button, a, [tabindex]';

function focusPath(element) {
  return element === document.activeElement ? -1
    : [...element.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
}

function restoreFocus(element, path) {
  const target = path < 0 ? element : element.querySelectorAll(FOCUSABLE)[path] ?? element;
  target.focus({ preventScroll: true });
}
