// Where you can go: channels, threads, the forum's posts and the talk with the bot.

import { h, openDialog } from './dom.js';
import { icon } from './icons.js';
import { CHANNEL, isThread } from './store.js';

/** What stands before a channel's name: a sign or a drawing. */
export function channelSign(channel) {
  if (isThread(channel)) return icon('thread');
  if (channel.type === CHANNEL.FORUM) return icon('forum');
  return channel.type === CHANNEL.DM ? '@' : '#';
}

export function channelList(store, { actions }) {
  const all = [...store.channels.values()];
  const top = all.filter((channel) => !isThread(channel) && channel.type !== CHANNEL.DM && channel.type !== 4);
  const direct = all.filter((channel) => channel.type === CHANNEL.DM);
  const bot = store.application?.name ?? 'the bot';
  return [
    h('ul', { 'aria-label': 'Channels' }, top.map((channel) => h('li', {}, link(channel, store, actions),
      threads(channel, store, actions)))),
    h('h3', {}, 'Direct messages'),
    h('ul', {}, direct.length ? direct.map((channel) => h('li', {}, link(channel, store, actions)))
      : h('li', {}, h('button', { type: 'button', class: 'channel', onclick: () => actions.direct() },
        h('span', { class: 'sign' }, '@'), h('span', {}, `Write to ${bot}`)))),
  ];
}

function threads(channel, store, actions) {
  const shown = store.threadsOf(channel.id).slice(0, channel.type === CHANNEL.FORUM ? 5 : 20);
  return shown.length ? h('ul', { class: 'threads' }, shown.map((one) => h('li', {}, link(one, store, actions)))) : null;
}

function link(channel, store, actions) {
  const current = channel.id === store.current;
  const unread = store.unread.has(channel.id);
  return h('button', {
    type: 'button', class: `channel${unread ? ' unread' : ''}`, 'aria-current': current ? 'page' : null,
    onclick: () => actions.go(channel.id),
  }, h('span', { class: 'sign', 'aria-hidden': 'true' }, channelSign(channel)),
  h('span', { class: 'channel-name' }, channel.name),
  store.isAdult(channel) && !isThread(channel)
    ? h('span', { class: 'age', title: 'Age-restricted', 'aria-label': 'age-restricted' }, '18+') : null,
  unread ? h('span', { class: 'visually-hidden' }, 'unread') : null);
}

/** A forum in place of messages: its posts, newest first, and a way to begin one. */
export function forumView(forum, store, { actions }) {
  const posts = store.threadsOf(forum.id);
  return h('div', { class: 'forum' },
    h('div', { class: 'forum-head' }, h('h2', {}, forum.name),
      h('button', { type: 'button', class: 'button primary', disabled: !forum.can_send,
        onclick: () => actions.newThread(forum, null) }, 'New post')),
    posts.length ? h('ul', {}, posts.map((post) => h('li', {}, h('button', {
      type: 'button', class: 'post', onclick: () => actions.go(post.id),
    }, h('b', {}, post.name), h('span', { class: 'muted' }, count(post.message_count)))))) : h('p', { class: 'muted' },
      'No posts yet. A post is a good place for a story of its own.'));
}

const count = (messages) => (messages === undefined ? '' : `${messages} message${messages === 1 ? '' : 's'}`);

/** Ask for the name of a thread, and for its first message in a forum. */
export function threadDialog(channel, { oncreate }) {
  const isForum = channel.type === CHANNEL.FORUM;
  const name = h('input', { type: 'text', id: 'thread-name', required: true, maxlength: '100', autocomplete: 'off' });
  const first = h('textarea', { id: 'thread-first', rows: '4', required: isForum, maxlength: '2000' });
  const problem = h('p', { class: 'component-problem', role: 'alert', hidden: true });
  const form = h('form', { class: 'modal' },
    h('div', { class: 'modal-field' }, h('label', { for: 'thread-name' }, isForum ? 'Title' : 'Thread name'), name),
    isForum ? h('div', { class: 'modal-field' }, h('label', { for: 'thread-first' }, 'Message'), first) : null,
    problem,
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button ghost', onclick: () => dialog.close() }, 'Cancel'),
      h('button', { type: 'submit', class: 'button primary' }, isForum ? 'Post' : 'Create thread')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await oncreate(name.value, isForum ? first.value : undefined);
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  const dialog = openDialog(isForum ? 'New post' : 'Create thread', form);
  name.focus();
}
