// One message as an element.

import {
  avatar, calendarTime, clock, displayName, fullTime, h, localUrl,
} from './dom.js';
import { components, emojiText, tint } from './components.js';
import { drawn, icon } from './icons.js';
import { markdown, plain } from './markdown.js';
import { COMPONENTS_V2, EPHEMERAL, LOADING } from './store.js';

const GROUP_MS = 7 * 60_000;
const SAY = { 6: 'pinned a message.', 7: 'joined.', 18: 'started a thread.' };

/** Whether *message* goes under the same portrait as the one before it. */
export function continues(message, before) {
  if (!before || message.message_reference || message.interaction_metadata || message.interaction) {
    return false;
  }
  const same = message.author.id === before.author.id
    && displayName(message.author) === displayName(before.author)
    && message.author.avatar_url === before.author.avatar_url;
  const close = new Date(message.timestamp) - new Date(before.timestamp) < GROUP_MS;
  return same && close && !(message.type in SAY) && !(before.type in SAY)
    && (message.flags & EPHEMERAL) === (before.flags & EPHEMERAL);
}

/** *tools*: store, context, act, onmenu, ondismiss, onreact, onjump, onedit, ontoolbar. */
export function messageElement(message, grouped, tools) {
  const { store } = tools;
  const own = message.author.id === store.me.id;
  const element = h('li', {
    class: `message${grouped ? ' grouped' : ''}${isHidden(message) ? ' ephemeral' : ''}`,
    id: `message-${message.id}`, tabindex: '-1', 'data-id': message.id,
    'aria-label': `${displayName(message.author)}, ${calendarTime(new Date(message.timestamp))}`,
  });
  if (!own && message.mentions?.some((user) => user.id === store.me.id)) element.classList.add('mentioned');
  if (message.type in SAY) {
    const said = message.type === 18 ? `started a thread: ${message.content}` : SAY[message.type];
    element.append(h('div', { class: 'system' }, `${displayName(message.author)} ${said}`));
    return element;
  }
  element.append(...lead(message, tools));
  const date = new Date(message.timestamp);
  if (grouped) {
    element.append(h('time', { class: 'side-time', title: fullTime(date) }, clock(date)));
  } else {
    element.append(avatar(message.author, 40), h('div', { class: 'message-head' },
      h('span', { class: 'author' }, displayName(message.author)), tag(message),
      h('time', { datetime: message.timestamp, title: fullTime(date) }, calendarTime(date))));
  }
  element.append(...body(message, tools));
  element.append(foot(message, tools));
  if (!message.local) element.append(tools.ontoolbar(message, own));
  return element;
}

const isHidden = (message) => Boolean(message.flags & EPHEMERAL);

function tag(message) {
  if (message.webhook_id && !message.interaction_metadata && !message.interaction) {
    return h('span', { class: 'tag', title: 'Written through a webhook of the app' }, 'APP');
  }
  return message.author.bot ? h('span', { class: 'tag' }, 'APP') : null;
}

/** What a message answers: another message, or a command. */
function lead(message, tools) {
  const call = message.interaction_metadata ?? message.interaction;
  if (call?.user && message.type !== 19 && !message.local) {
    const name = message.interaction?.name ?? call.name;
    const who = tools.store.users.get(call.user.id) ?? call.user;
    const isMenu = message.type === 23
      || tools.store.commands.some((command) => command.type > 1 && command.name === name);
    return [h('div', { class: 'quote-line' }, avatar(who, 16), h('b', {}, displayName(who)),
      name ? ` used ${isMenu ? '' : '/'}${name}` : ' used a button')];
  }
  const reference = message.message_reference;
  if (!reference || message.type === 21) return [];
  const target = tools.store.message(reference.channel_id, reference.message_id)
    ?? message.referenced_message;
  if (!target) return [h('div', { class: 'quote-line muted' }, h('i', {}, 'Original message was deleted'))];
  return [h('button', {
    type: 'button', class: 'quote-line', onclick: () => tools.onjump(target.id),
    'aria-label': `Reply to ${displayName(target.author)}, jump to it`,
  }, avatar(target.author, 16), h('b', {}, displayName(target.author)),
  h('span', { class: 'quote-text' }, plain(target.content, tools.context) || 'Click to see attachment'))];
}

function body(message, tools) {
  const parts = [];
  const content = h('div', { class: 'content' });
  if (message.flags & LOADING) {
    content.append(h('span', { class: 'thinking' }, h('span', { class: 'dots', 'aria-hidden': 'true' },
      h('i'), h('i'), h('i')), `${displayName(message.author)} is thinking…`));
  } else if (message.content) {
    content.append(markdown(message.content, tools.context));
  }
  if (message.edited_timestamp && !(message.flags & LOADING)) {
    content.append(' ', h('span', { class: 'edited', title: fullTime(new Date(message.edited_timestamp)) },
      '(edited)'));
  }
  parts.push(content);
  if (message.attachments?.length) {
    parts.push(h('div', { class: 'attachments' }, message.attachments.map(attachment)));
  }
  parts.push(...(message.embeds ?? []).map((one) => embed(one, tools.context)));
  if (message.components?.length) {
    const blocks = components(message, {
      store: tools.store, context: tools.context,
      act: (component, values) => tools.act(message, component, values),
    });
    if (message.flags & COMPONENTS_V2) blocks.classList.add('v2');
    parts.push(blocks);
  }
  return parts;
}

function attachment(file) {
  const source = localUrl(file.url);
  const isPicture = (file.content_type ?? '').startsWith('image/')
    || /\.(png|jpe?g|gif|webp|avif)$/i.test(file.filename);
  if (isPicture && source) {
    const picture = h('img', { class: 'attachment-image', src: source, loading: 'lazy',
      alt: file.description || file.filename, width: file.width, height: file.height });
    return h('a', { href: source, target: '_blank', rel: 'noopener' }, picture);
  }
  return h('div', { class: 'attachment-file' }, icon('file'),
    h('span', {}, source ? h('a', { href: source, download: file.filename }, file.filename) : file.filename,
      h('small', {}, size(file.size))));
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

function embed(one, context) {
  const box = h('div', { class: 'embed' });
  tint(box, one.color);
  if (one.author?.name) box.append(h('div', { class: 'embed-author' }, one.author.name));
  if (one.title) box.append(h('div', { class: 'embed-title' }, markdown(one.title, context)));
  if (one.description) box.append(h('div', {}, markdown(one.description, context)));
  if (one.fields?.length) {
    box.append(h('div', { class: 'embed-fields' }, one.fields.map((field) => (
      h('div', { class: field.inline ? 'inline' : '' },
        h('b', {}, markdown(field.name, context)), h('div', {}, markdown(field.value, context)))))));
  }
  for (const [media, kind] of [[one.thumbnail, 'thumbnail'], [one.image, 'attachment-image']]) {
    const source = localUrl(media?.url);
    if (source) box.append(h('img', { class: kind, src: source, alt: '' }));
  }
  const foot = [one.footer?.text, one.timestamp && calendarTime(new Date(one.timestamp))].filter(Boolean);
  if (foot.length) box.append(h('div', { class: 'embed-foot' }, foot.join(' • ')));
  return box;
}

function foot(message, tools) {
  const row = h('div', { class: 'message-foot' });
  for (const reaction of message.reactions ?? []) {
    const face = emojiText(reaction.emoji);
    row.append(h('button', {
      type: 'button', class: 'reaction', 'aria-pressed': String(Boolean(reaction.me)),
      'aria-label': `${face}, ${reaction.count}`,
      onclick: () => tools.onreact(message, reaction.emoji, !reaction.me),
    }, drawn(face), h('span', {}, String(reaction.count))));
  }
  if (message.thread) {
    row.append(h('button', { type: 'button', class: 'thread-link',
      onclick: () => tools.context.onchannel(message.thread.id) }, icon('thread'), message.thread.name));
  }
  if (isHidden(message)) {
    row.append(h('div', { class: 'only-you' }, icon('eye'), 'Only you can see this · ',
      h('button', { type: 'button', class: 'text-button', onclick: () => tools.ondismiss(message) },
        'Dismiss message')));
  }
  return row;
}
