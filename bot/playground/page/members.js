// Who is here, and who you are.

import { avatar, displayName, h } from './dom.js';
import { openMenu, userRows } from './menus.js';

/** The list at the right: players, then the app with whether it is online. */
export function memberList(store, { actions }) {
  const people = [...store.users.values()].filter((user) => !user.bot);
  const apps = [...store.users.values()].filter((user) => user.bot);
  const group = (title, users) => h('section', {}, h('h3', {}, `${title} — ${users.length}`),
    h('ul', {}, users.map((user) => h('li', {}, row(user, store, actions)))));
  const online = store.botOnline;
  return [group('Members', people), group(online ? 'Online apps' : 'Offline apps', apps)];
}

function row(user, store, actions) {
  const here = !user.bot || store.botOnline;
  const me = user.id === store.me.id;
  const open = (event) => {
    event.preventDefault();
    const at = event.type === 'contextmenu' && event.clientX ? { x: event.clientX, y: event.clientY }
      : event.currentTarget;
    openMenu(at, userRows(user, { store, actions }), displayName(user));
  };
  return h('button', { type: 'button', class: `member${here ? '' : ' offline'}`, onclick: open,
    oncontextmenu: open },
  h('span', { class: 'presence' }, avatar(user, 32),
    h('i', { class: here ? 'dot online' : 'dot', title: here ? 'Online' : 'Offline' })),
  h('span', { class: 'member-name' }, displayName(user)),
  user.bot ? h('span', { class: 'tag' }, 'APP') : null,
  me ? h('span', { class: 'muted' }, 'you') : null);
}

/** "You are Mara ▾": one page, every member of the guild. */
export function switcher(store, { actions }) {
  const people = [...store.users.values()].filter((user) => !user.bot);
  const button = h('button', {
    type: 'button', class: 'switcher', 'aria-haspopup': 'menu', title: 'Be somebody else',
    onclick: () => openMenu(button, [{ heading: 'Be somebody else' }, ...people.map((user) => ({
      label: displayName(user), current: user.id === store.me.id, picture: avatar(user, 24),
      run: () => actions.become(user),
    }))], 'Be somebody else'),
  }, avatar(store.me, 24), h('span', {}, h('span', { class: 'you-are' }, 'You are '), displayName(store.me)),
  h('span', { 'aria-hidden': 'true' }, ' ▾'));
  return button;
}
