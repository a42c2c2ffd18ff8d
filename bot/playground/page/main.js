// The page put together: which channel, which member, and what is drawn when.

import { makeActions } from './actions.js';
import { Refused } from './api.js';
import { Composer } from './composer.js';
import { byId, displayName, h } from './dom.js';
import { icon } from './icons.js';
import { closeMenu, messageRows, openMenu, toolbar } from './menus.js';
import { memberList, switcher } from './members.js';
import { MessageList } from './messages.js';
import { channelList, channelSign, forumView } from './sidebar.js';
import { CHANNEL, isThread, Store } from './store.js';

const FIRST_STEP = '/roleplay start';
const PHONE = matchMedia('(max-width: 720px)');

/** `#as=ID&channel=ID`: a reload, and a second window as somebody else, keep their place. */
function readPlace() {
  const place = new URLSearchParams(location.hash.slice(1));
  return { as: place.get('as'), channel: place.get('channel') };
}

class Page {
  constructor(store) {
    this.store = store;
    this.editing = null;
    this.context = {
      get users() { return store.users; },
      get channels() { return store.channels; },
      onchannel: (id, message) => this.go(id, message),
      oncommand: (name) => this.composer.type(`/${name} `),
    };
    this.actions = makeActions(store, this);
    this.list = new MessageList(store, {
      context: this.context,
      act: this.actions.component, onmenu: (message, at) => this.menu(message, at),
      ondismiss: this.actions.dismiss, onreact: this.actions.react,
      onedit: (message) => (this.editing === message.id ? this.editor(message) : null),
      ontoolbar: (message, own) => toolbar(message, own, { actions: this.actions,
        onmenu: (one, at) => this.menu(one, at) }),
    });
    this.composer = new Composer(store, {
      send: this.actions.send, command: this.actions.command,
      editLast: () => this.startEdit(this.list.lastOwn()), focusMessages: () => this.list.focusLast(),
    });
    this.typing = h('div', { class: 'typing', 'aria-live': 'off' });
    byId('channel-body').replaceChildren(this.list.element, this.composer.element, this.typing);
    this.list.list.addEventListener('contextmenu', (event) => this.#contextMenu(event));
    store.addEventListener('state', () => this.#stateChanged());
    store.addEventListener('status', () => this.#drawStatus());
    store.addEventListener('message', ({ detail }) => {
      if (detail.channelId !== store.current) this.#drawSidebar();
    });
    store.addEventListener('typing', ({ detail }) => {
      if (detail.channelId === store.current) this.#drawTyping();
    });
    store.addEventListener('modal', ({ detail }) => this.actions.modal(detail));
  }

  async go(id, message) {
    const channel = this.store.channel(id);
    if (!channel) return;
    closeMenu();
    this.editing = null;
    byId('app').classList.remove('show-sidebar', 'show-members');
    history.replaceState(null, '', `#as=${this.store.me.id}&channel=${id}`);
    const opening = this.store.open(id);
    this.#draw();
    this.list.show(channel, this.#introduction(channel));
    this.composer.show(channel, this.#placeholder(channel));
    if (!this.#gated(channel) && !PHONE.matches) this.composer.focus();
    try {
      await opening;
    } catch (error) {
      byId('notice').textContent = error.message;
    }
    this.#drawTyping();
    if (message) this.list.jump(message);
  }

  become(user) {
    history.replaceState(null, '', `#as=${user.id}&channel=${this.store.current ?? ''}`);
    start();
  }

  startEdit(message) {
    if (!message) return;
    const before = this.editing;
    this.editing = message.id;
    if (before) this.list.redraw(before);
    this.list.redraw(message.id);
    byId('editor')?.focus();
  }

  stopEdit() {
    const id = this.editing;
    this.editing = null;
    this.list.redraw(id);
    this.composer.focus();
  }

  editor(message) {
    const existing = byId('editor');
    if (existing) return existing.closest('.message'); // an update must not eat what is being typed
    const problem = h('div', { class: 'component-problem', role: 'alert' });
    const field = h('textarea', { id: 'editor', rows: '3', 'aria-label': 'Edit message', value: message.content });
    const save = async () => {
      if (!field.value.trim()) return this.actions.remove(message);
      try {
        if (field.value !== message.content) await this.actions.saveEdit(message, field.value);
        this.stopEdit();
      } catch (error) {
        problem.textContent = error.message;
      }
      return undefined;
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.stopEdit();
      else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        save();
      }
    });
    return h('li', { class: 'message editing', 'data-id': message.id },
      h('div', { class: 'author' }, displayName(message.author)), field, problem,
      h('div', { class: 'muted small' }, 'Escape to ',
        h('button', { type: 'button', class: 'text-button', onclick: () => this.stopEdit() }, 'cancel'),
        ' • Enter to ', h('button', { type: 'button', class: 'text-button', onclick: save }, 'save')));
  }

  menu(message, at) {
    openMenu(at, messageRows(message, { store: this.store, actions: this.actions }), 'Message');
  }

  #contextMenu(event) {
    const element = event.target.closest('.message');
    if (!element || event.target.closest('a, textarea, input')) return;
    event.preventDefault();
    this.menu(this.store.message(this.store.current, element.dataset.id), { x: event.clientX, y: event.clientY });
  }

  #placeholder(channel) {
    return `Message ${channel.type === CHANNEL.DM ? '@' : isThread(channel) ? '' : '#'}${channel.name}`;
  }

  #introduction(channel) {
    const start = channel.can_send && h('button', { type: 'button', class: 'first-step',
      onclick: () => this.composer.type(`${FIRST_STEP} `) }, 'Type ', h('kbd', {}, FIRST_STEP), ' to begin');
    return h('div', {}, h('div', { class: 'intro-sign', 'aria-hidden': 'true' }, channelSign(channel)),
      h('h2', {}, channel.type === CHANNEL.DM ? channel.name : `Welcome to ${isThread(channel) ? '' : '#'}${channel.name}`),
      h('p', { class: 'muted' }, channel.topic || (isThread(channel) ? 'This is where the thread begins.'
        : 'This is where the channel begins.')), start || '');
  }

  #gated(channel) {
    return this.store.isAdult(channel) && sessionStorage.getItem(`adult-${channel.parent_id && isThread(channel)
      ? channel.parent_id : channel.id}`) === null;
  }

  #stateChanged() {
    const channel = this.store.channel(this.store.current);
    if (!channel) {
      if (this.store.current) this.go([...this.store.channels.keys()][0]);
      return;
    }
    this.#draw();
  }

  #draw() {
    const channel = this.store.channel(this.store.current);
    this.#drawSidebar();
    byId('guild-name').textContent = this.store.guild.name;
    byId('guild-icon').textContent = this.store.guild.name.split(' ').map((word) => word[0]).join('').slice(0, 3);
    byId('channel-title').replaceChildren(h('span', { class: 'sign', 'aria-hidden': 'true' }, channelSign(channel)),
      ` ${channel.name}`);
    byId('channel-topic').textContent = channel.topic ?? '';
    byId('switcher').replaceChildren(switcher(this.store, { actions: this.actions }));
    document.title = `${channel.name} – playground`;
    const isForum = channel.type === CHANNEL.FORUM;
    const gated = this.#gated(channel);
    byId('channel-body').hidden = gated || isForum;
    byId('channel-other').hidden = !gated && !isForum;
    byId('channel-other').replaceChildren(gated ? this.#gate(channel)
      : isForum ? forumView(channel, this.store, { actions: this.actions }) : '');
    byId('notice').textContent = '';
    this.#drawStatus();
  }

  #gate(channel) {
    const enter = () => {
      const adult = channel.parent_id && isThread(channel) ? channel.parent_id : channel.id;
      sessionStorage.setItem(`adult-${adult}`, 'yes');
      this.go(channel.id);
    };
    return h('div', { class: 'gate' }, h('div', { class: 'gate-sign', 'aria-hidden': 'true' }, '18+'),
      h('h2', {}, 'Age-restricted channel'),
      h('p', {}, 'Stories in this channel may hold content for adults.'),
      h('button', { type: 'button', class: 'button primary', onclick: enter }, 'I am 18 or older, go on'));
  }

  #drawSidebar() {
    const focused = document.activeElement?.closest?.('#channels') ? document.activeElement.textContent : null;
    byId('channels').replaceChildren(...channelList(this.store, { actions: this.actions }));
    if (focused === null) return;
    [...byId('channels').querySelectorAll('button')].find((one) => one.textContent === focused)?.focus();
  }

  #drawStatus() {
    byId('members').replaceChildren(...memberList(this.store, { actions: this.actions }));
    const { connected, botOnline } = this.store;
    const status = byId('bot-status');
    status.textContent = botOnline ? 'Bot online' : 'Bot offline';
    status.classList.toggle('online', botOnline);
    byId('notice').textContent = connected ? '' : 'The connection to the playground is lost. Trying again…';
  }

  #drawTyping() {
    const names = this.store.typists(this.store.current).map(displayName);
    const who = names.length > 3 ? ['Several people are'] : names.length > 1
      ? [h('b', {}, names.slice(0, -1).join(', ')), ' and ', h('b', {}, names.at(-1)), ' are']
      : names.length ? [h('b', {}, names[0]), ' is'] : [];
    this.typing.replaceChildren(...(who.length
      ? [h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), h('span', {}, ...who, ' typing…')] : []));
  }
}

let store = null;
let page = null;

async function start() {
  store?.stop();
  const place = readPlace();
  store = new Store(place.as);
  try {
    await store.start();
  } catch (error) {
    // A member that is gone, in an old address, is no reason to show nothing.
    if (place.as && error instanceof Refused && error.status === 400) {
      history.replaceState(null, '', '#');
      return start();
    }
    byId('notice').textContent = error.message;
    if (error.status === 0) setTimeout(start, 2000);
    return undefined;
  }
  page = new Page(store);
  const first = [...store.channels.values()].find((channel) => channel.type === CHANNEL.TEXT);
  byId('app').hidden = false;
  await page.go(store.channels.has(place.channel) ? place.channel : first.id);
  document.documentElement.dataset.ready = 'true';
  return undefined;
}

for (const [part, face] of [['sidebar', 'menu'], ['members', 'people']]) {
  byId(`toggle-${part}`).append(icon(face));
  byId(`toggle-${part}`).addEventListener('click', () => {
    const app = byId('app');
    if (part === 'members' && !PHONE.matches) app.classList.toggle('hide-members');
    else app.classList.toggle(`show-${part}`);
  });
}
byId('scrim').addEventListener('click', () => byId('app').classList.remove('show-sidebar', 'show-members'));
document.addEventListener('keydown', (event) => {
  // Whoever just starts typing means the composer, wherever the focus was left.
  const elsewhere = event.target.closest('input, textarea, select, dialog, [role=menu]');
  const printable = event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (printable && !elsewhere && !byId('channel-body').hidden) page?.composer.focus();
  if (event.key === 'Escape') byId('app').classList.remove('show-sidebar', 'show-members');
});

start();
