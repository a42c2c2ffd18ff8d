// The menu of a message or a member, and the buttons that hover over a message.

import { byId, h } from './dom.js';
import { icon } from './icons.js';
import { EPHEMERAL } from './store.js';

export const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🔥', '✨', '🎲', '🍺', '🗡️', '✅', '❌'];
const MESSAGE_COMMAND = 3;
const USER_COMMAND = 2;
const EDGE_PX = 8;

/**
 * Open a menu of {label, run, danger} rows, {heading} lines and an {emoji: run} strip.
 *
 * *at* is an element to stand beside or {x, y}. The focus goes back to where it was.
 */
export function openMenu(at, rows, label) {
  closeMenu();
  const before = document.activeElement;
  const menu = h('div', { role: 'menu', class: 'menu', 'aria-label': label, id: 'menu' });
  const choose = (run) => {
    closeMenu();
    before?.focus({ preventScroll: true });
    run();
  };
  for (const row of rows) {
    if (row.heading) menu.append(h('div', { class: 'menu-heading', role: 'presentation' }, row.heading));
    else if (row.emoji) menu.append(strip(row, choose));
    else {
      menu.append(h('button', { type: 'button', role: 'menuitem', class: row.danger ? 'danger' : '',
        'aria-current': row.current ? 'true' : null, tabindex: '-1', onclick: () => choose(row.run) },
      row.picture ?? null, h('span', {}, row.label)));
    }
  }
  menu.addEventListener('keydown', (event) => {
    const items = [...menu.querySelectorAll('[role=menuitem]')];
    const index = items.indexOf(document.activeElement);
    const columns = document.activeElement.closest('.menu-strip') ? 'ArrowRight' : 'ArrowDown';
    const to = {
      ArrowDown: columns === 'ArrowDown' ? index + 1 : items.findIndex((one) => !one.closest('.menu-strip')),
      ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1, Home: 0, End: items.length - 1,
    }[event.key];
    if (to !== undefined) items.at((to + items.length) % items.length).focus();
    else if (event.key === 'Escape' || event.key === 'Tab') {
      closeMenu();
      before?.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(menu);
  place(menu, at);
  const first = menu.querySelector('[role=menuitem]:not(.strip-item)') ?? menu.querySelector('[role=menuitem]');
  first?.focus();
  setTimeout(() => document.addEventListener('pointerdown', outside), 0);
  return menu;
}

export function closeMenu() {
  byId('menu')?.remove();
  document.removeEventListener('pointerdown', outside);
}

function outside(event) {
  if (!event.target.closest('#menu')) closeMenu();
}

function strip(row, choose) {
  return h('div', { class: 'menu-strip', role: 'presentation' }, row.emoji.map((one) => h('button', {
    type: 'button', role: 'menuitem', class: 'strip-item', tabindex: '-1', 'aria-label': `React with ${one}`,
    onclick: () => choose(() => row.run(one)),
  }, one)));
}

function place(menu, at) {
  const box = at instanceof Element ? at.getBoundingClientRect() : null;
  const x = box ? Math.min(box.right, innerWidth - EDGE_PX) - menu.offsetWidth : at.x;
  const y = box ? box.bottom + 4 : at.y;
  const left = Math.max(EDGE_PX, Math.min(x, innerWidth - menu.offsetWidth - EDGE_PX));
  const top = Math.max(EDGE_PX, Math.min(y, innerHeight - menu.offsetHeight - EDGE_PX));
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

/** Everything that can be done with *message*, as rows for `openMenu`. */
export function messageRows(message, { store, actions }) {
  if (message.local || message.flags & EPHEMERAL) {
    return [copyRow(message, actions),
      { label: 'Dismiss message', run: () => actions.dismiss(message) }];
  }
  const own = message.author.id === store.me.id;
  const channel = store.channel(message.channel_id);
  const rows = [{ emoji: EMOJI.slice(0, 6), run: (emoji) => actions.react(message, { name: emoji }, true) }];
  if (channel?.can_send) rows.push({ label: 'Reply', run: () => actions.reply(message) });
  if (own && !message.webhook_id) rows.push({ label: 'Edit message', run: () => actions.edit(message) });
  rows.push(copyRow(message, actions));
  rows.push({ label: 'Copy message ID', run: () => actions.copy(message.id) });
  if (channel?.type === 0 && !message.thread) {
    rows.push({ label: 'Create thread', run: () => actions.thread(message) });
  }
  rows.push({ label: 'Delete message', danger: true, run: () => actions.remove(message) });
  const commands = store.commands.filter((command) => command.type === MESSAGE_COMMAND);
  if (commands.length) rows.push({ heading: 'Apps' });
  for (const command of commands) {
    rows.push({ label: command.name, run: () => actions.app(command, message.id, message.channel_id) });
  }
  return rows;
}

function copyRow(message, actions) {
  return { label: 'Copy text', run: () => actions.copy(message.content) };
}

/** What can be done with a member of the list. */
export function userRows(user, { store, actions }) {
  const rows = [];
  if (user.id === store.application?.id) {
    rows.push({ label: 'Send a direct message', run: () => actions.direct() });
  }
  if (!user.bot && user.id !== store.me.id) {
    rows.push({ label: `Be ${user.global_name || user.username}`, run: () => actions.become(user) });
  }
  rows.push({ label: 'Mention', run: () => actions.mention(user) });
  const commands = store.commands.filter((command) => command.type === USER_COMMAND);
  if (commands.length) rows.push({ heading: 'Apps' });
  for (const command of commands) {
    rows.push({ label: command.name, run: () => actions.app(command, user.id, store.current) });
  }
  return rows;
}

/** The small bar that shows over a message under the pointer or the focus. */
export function toolbar(message, own, { actions, onmenu }) {
  if (message.flags & EPHEMERAL) return h('span');
  const button = (face, label, run) => h('button', {
    type: 'button', 'aria-label': label, title: label, tabindex: '-1',
    onclick: (event) => run(event.currentTarget),
  }, icon(face));
  return h('div', { class: 'toolbar' },
    button('smile', 'Add reaction', (at) => openMenu(at, [
      { emoji: EMOJI, run: (emoji) => actions.react(message, { name: emoji }, true) }], 'Reactions')),
    button('reply', 'Reply', () => actions.reply(message)),
    own && !message.webhook_id ? button('pencil', 'Edit', () => actions.edit(message)) : null,
    button('dots', 'More', (at) => onmenu(message, at)));
}
