// Where you write: messages, replies, mentions, and the way into slash commands.

import { avatar, displayName, h, toast } from './dom.js';
import { icon } from './icons.js';
import { Listbox } from './listbox.js';
import { CommandBar, commandNamed, commandRows } from './slash.js';
import { Uploads } from './upload.js';

const LONGEST = 2000;
const WARN_FROM = 1800;
const TYPING_EVERY_MS = 8000;
const COMMANDS_SHOWN = 60;

/** *actions*: send, command, editLast, focusMessages. */
export class Composer {
  constructor(store, actions) {
    Object.assign(this, { store, actions, reply: null, typedAt: 0 });
    this.text = h('textarea', { rows: '1', 'aria-label': 'Message', spellcheck: 'true' });
    this.list = new Listbox(this.text, { label: 'Suggestions', onchoose: (row) => this.#choose(row) });
    this.list.attach(this.text);
    this.warning = h('div', { class: 'composer-problem', role: 'alert', hidden: true });
    this.count = h('span', { class: 'count', 'aria-live': 'polite' });
    this.bar = new CommandBar(store, this.list, {
      send: (row, options, files) => actions.command(row.command, options, files),
      leave: (text) => this.#leaveBar(text),
      problem: (sentence) => this.#problem(sentence),
    });
    this.element = h('div', { class: 'composer' });
    this.uploads = new Uploads(this.element, { onchange: () => this.#refresh() });
    this.replyLine = h('div', { class: 'reply-line', hidden: true });
    this.send = h('button', { type: 'button', class: 'send', 'aria-label': 'Send', title: 'Send',
      onclick: () => this.submit() }, icon('send'));
    this.box = h('div', { class: 'composer-box' }, this.uploads.button, this.text, this.count, this.send);
    this.element.append(this.list.element, this.warning, this.replyLine, this.uploads.element,
      this.bar.element, this.box, this.uploads.input);
    this.text.addEventListener('keydown', (event) => this.#key(event));
    this.text.addEventListener('input', () => this.#typed());
    this.text.addEventListener('paste', (event) => this.uploads.pasted(event));
    this.text.addEventListener('blur', () => this.list.hide());
    this.text.addEventListener('focus', () => this.#suggest());
    this.drafts = new Map();
  }

  /** Make the composer write into *channel*; a half-written text waits in the one before. */
  show(channel, placeholder) {
    if (this.channel) this.drafts.set(this.channel.id, this.text.value);
    if (this.bar.isOpen) this.bar.close();
    const moved = this.channel?.id !== channel.id;
    this.channel = channel;
    if (moved) this.stopReply();
    this.text.value = this.drafts.get(channel.id) ?? '';
    this.text.placeholder = placeholder;
    this.text.disabled = !channel.can_send;
    this.uploads.button.disabled = !channel.can_send;
    if (!channel.can_send) this.text.placeholder = 'You cannot send messages here.';
    this.#refresh();
  }

  focus() {
    (this.bar.isOpen ? this.bar.end : this.text).focus();
  }

  /** Put *text* here as if it had been typed. */
  type(text) {
    if (this.bar.isOpen) this.bar.close();
    this.text.value = text;
    this.text.focus();
    this.text.setSelectionRange(text.length, text.length);
    const row = text.startsWith('/') ? commandNamed(this.store, text.slice(1)) : null;
    if (row) this.#open(row);
    else this.#typed();
  }

  insert(text) {
    this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, 'end');
    this.text.focus();
    this.#refresh();
  }

  replyTo(message) {
    this.reply = message;
    this.replyLine.replaceChildren(h('span', {}, 'Replying to ', h('b', {}, displayName(message.author))),
      h('button', { type: 'button', 'aria-label': 'Stop replying', onclick: () => this.stopReply() }, icon('cross')));
    this.replyLine.hidden = false;
    this.text.focus();
  }

  stopReply() {
    this.reply = null;
    this.replyLine.hidden = true;
  }

  async submit() {
    if (this.bar.isOpen) return this.bar.run();
    const content = this.#withMentions(this.text.value.trim());
    const row = content.startsWith('/') ? commandNamed(this.store, content.slice(1)) : null;
    if (row) return this.#open(row);
    if (!content && !this.uploads.files.length) return undefined;
    if (content.length > LONGEST) {
      return this.#problem(`A message holds ${LONGEST} characters; this has ${content.length}.`);
    }
    const { reply, channel } = this;
    const draft = this.text.value;
    const files = this.uploads.take();
    this.text.value = '';
    this.drafts.delete(channel.id);
    this.stopReply();
    this.typedAt = 0;
    this.#refresh();
    try {
      await this.actions.send(channel, content, reply, files);
      this.#problem(null);
    } catch (error) {
      // Nothing that somebody wrote is lost because the server was away.
      if (this.channel.id === channel.id && !this.text.value) this.text.value = draft;
      else this.drafts.set(channel.id, draft);
      this.uploads.add(files);
      if (reply) this.replyTo(reply);
      this.#problem(error.message);
    }
    return this.#refresh();
  }

  #key(event) {
    if (this.list.key(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === 'ArrowUp' && !this.text.value) {
      event.preventDefault();
      this.actions.editLast();
    } else if (event.key === 'Escape') {
      this.stopReply();
      this.#problem(null);
    } else if (event.key === 'Tab' && event.shiftKey) {
      event.preventDefault();
      this.actions.focusMessages();
    }
  }

  #typed() {
    this.#problem(null);
    this.#refresh();
    this.#suggest();
    const { value } = this.text;
    // "/roleplay start " is chosen by the space, as it is by Enter.
    const row = value.startsWith('/') && value.endsWith(' ') ? commandNamed(this.store, value.slice(1)) : null;
    if (row) return this.#open(row);
    if (value && !value.startsWith('/') && Date.now() - this.typedAt > TYPING_EVERY_MS) {
      this.typedAt = Date.now();
      this.store.api.post('typing', { channel_id: this.channel.id }).catch(() => {}); // a courtesy only
    }
    return undefined;
  }

  #suggest() {
    const { value, selectionStart } = this.text;
    if (value.startsWith('/') && !value.includes('\n')) {
      const rows = commandRows(this.store, value).slice(0, COMMANDS_SHOWN);
      const empty = this.store.commands.length ? 'No command matches.'
        : 'The bot has no commands yet. Is it still starting?';
      this.list.attach(this.text);
      this.list.show(rows, { heading: `Commands of ${this.store.application?.name ?? 'the bot'}`, empty });
      return;
    }
    const mention = /(?:^|\s)@([\p{L}\p{N}_. ]{0,32})$/u.exec(value.slice(0, selectionStart));
    const people = mention ? [...this.store.users.values()].filter((user) => (
      displayName(user).toLowerCase().startsWith(mention[1].toLowerCase()))) : [];
    if (!people.length) return this.list.hide();
    this.list.attach(this.text);
    this.list.show(people.map((user) => ({ label: displayName(user), detail: user.username, user,
      typed: mention[1], picture: avatar(user, 24) })), { heading: 'Members' });
    return undefined;
  }

  #choose(row) {
    if (this.bar.isOpen) return this.bar.choose(row);
    if (row.row) return this.#open(row.row);
    const end = this.text.selectionStart;
    this.text.setRangeText(`${displayName(row.user)} `, end - row.typed.length, end, 'end');
    this.list.hide();
    return this.#refresh();
  }

  #open(row) {
    this.text.value = '';
    this.list.hide();
    this.box.hidden = true;
    this.bar.open(row);
  }

  #leaveBar(text) {
    this.box.hidden = false;
    this.list.attach(this.text);
    this.text.value = text;
    this.text.focus();
    this.#refresh();
    if (text) this.#suggest();
  }

  #withMentions(text) {
    const people = [...this.store.users.values()].sort((a, b) => displayName(b).length - displayName(a).length);
    return people.reduce((result, user) => result
      .replaceAll(`@${displayName(user)}`, `<@${user.id}>`), text);
  }

  #problem(sentence) {
    this.warning.hidden = !sentence;
    this.warning.textContent = sentence ?? '';
  }

  #refresh() {
    const { length } = this.text.value;
    this.count.textContent = length > WARN_FROM ? String(LONGEST - length) : '';
    this.count.classList.toggle('over', length > LONGEST);
    this.text.style.height = 'auto';
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight / 2)}px`;
    this.send.disabled = !this.text.value.trim() && !this.uploads?.files.length;
  }
}

export function copyText(text) {
  navigator.clipboard?.writeText(text).then(() => toast('Copied.'), () => toast('The browser refused to copy.'));
}
