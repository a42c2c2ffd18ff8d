// What one member can see, kept in step with the server.

import { Api, EventStream } from './api.js';
import { compareIds } from './dom.js';

const PAGE = 50;
const TYPING_MS = 10_000;
const ACK_MS = 20_000;
const REMEMBERED_ACKS = 50;

export const CHANNEL = { TEXT: 0, DM: 1, NEWS_THREAD: 10, THREAD: 11, PRIVATE_THREAD: 12, FORUM: 15 };
export const EPHEMERAL = 1 << 6;
export const LOADING = 1 << 7;
export const COMPONENTS_V2 = 1 << 15;

export const isThread = (channel) => [10, 11, 12].includes(channel.type);

/** State plus an event per change: state, messages, message, gone, typing, status, modal. */
export class Store extends EventTarget {
  constructor(me) {
    super();
    this.api = new Api(me);
    this.users = new Map();
    this.channels = new Map();
    this.commands = [];
    this.application = null;
    this.guild = null;
    this.botOnline = false;
    this.connected = true;
    this.logs = new Map();
    this.typing = new Map();
    this.unread = new Set();
    this.acks = new Map();
    this.waiting = new Map();
    this.current = null;
  }

  async start() {
    await this.refresh();
    this.stream = new EventStream(this.me.id, {
      onevent: (name, data) => this.#receive(name, data),
      onopen: () => this.#opened(),
      onlost: () => {
        this.connected = false;
        this.#tell('status');
      },
    });
  }

  stop() {
    this.stream?.close();
  }

  async refresh() {
    const state = await this.api.get('state');
    const me = typeof state.me === 'object' ? state.me.id : state.me;
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.me = this.users.get(me);
    this.api.me = me;
    this.guild = state.guild;
    this.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
    this.commands = state.commands;
    this.application = state.application;
    this.botOnline = state.bot_online;
    this.#tell('state');
  }

  /** The messages held for a channel, oldest first. */
  messages(channelId) {
    return this.#log(channelId).order.map((id) => this.#log(channelId).byId.get(id));
  }

  message(channelId, id) {
    return this.#log(channelId).byId.get(id);
  }

  hasOlder(channelId) {
    return this.#log(channelId).older;
  }

  isLoaded(channelId) {
    return this.#log(channelId).loaded;
  }

  channel(id) {
    return this.channels.get(id);
  }

  /** A thread is age-restricted when the channel it stands in is. */
  isAdult(channel) {
    return Boolean(channel.nsfw || this.channels.get(channel.parent_id)?.nsfw);
  }

  threadsOf(channelId) {
    return [...this.channels.values()]
      .filter((channel) => isThread(channel) && channel.parent_id === channelId)
      .sort((a, b) => compareIds(b.id, a.id));
  }

  async open(channelId) {
    this.current = channelId;
    this.unread.delete(channelId);
    if (!this.#log(channelId).loaded) await this.catchUp(channelId);
  }

  /**
   * Make the newest part of a channel equal to the server's.
   *
   * Events may arrive while the answer is on its way; whatever they touched is newer than the
   * answer and wins, so nothing is lost, doubled or brought back from the dead.
   */
  async catchUp(channelId) {
    const log = this.#log(channelId);
    const touched = new Set();
    log.touched.add(touched);
    try {
      const newest = await this.api.get(`channels/${channelId}/messages`, { limit: PAGE });
      const kept = new Set(newest.map((message) => message.id));
      const oldest = newest[0]?.id;
      if (log.loaded && oldest && !log.order.some((id) => compareIds(id, oldest) >= 0)) {
        // More happened than one page holds: what is older is fetched again on scrolling up.
        log.byId.clear();
        log.order = [];
      }
      for (const id of [...log.order]) {
        const covered = !oldest || compareIds(id, oldest) >= 0;
        const stale = covered ? !kept.has(id) && !touched.has(id) : !log.loaded;
        if (stale) this.#remove(log, id);
      }
      for (const message of newest) if (!touched.has(message.id)) this.#put(log, message);
      if (!log.loaded || newest.length === PAGE) log.older = newest.length === PAGE;
      log.loaded = true;
    } finally {
      log.touched.delete(touched);
    }
    this.#tell('messages', { channelId });
  }

  async loadOlder(channelId) {
    const log = this.#log(channelId);
    if (!log.older || log.loadingOlder || !log.order.length) return;
    log.loadingOlder = true;
    try {
      const params = { limit: PAGE, before: log.order[0] };
      const page = await this.api.get(`channels/${channelId}/messages`, params);
      for (const message of page) if (!log.byId.has(message.id)) this.#put(log, message);
      log.older = page.length === PAGE;
    } finally {
      log.loadingOlder = false;
    }
    this.#tell('messages', { channelId });
  }

  /** A note that only this window knows of, such as a command that was not answered. */
  notice(channelId, content) {
    const log = this.#log(channelId);
    const last = log.order.at(-1);
    const id = String(BigInt(last ?? '0') + 1n);
    const application = this.application ?? {};
    this.#put(log, {
      id, channel_id: channelId, content, flags: EPHEMERAL, local: true, type: 0,
      timestamp: new Date().toISOString(), components: [], embeds: [], attachments: [],
      author: { ...application, username: application.name ?? 'App', bot: true },
    });
    this.#tell('messages', { channelId });
  }

  forget(channelId, id) {
    this.#drop(channelId, id);
  }

  /** Resolves with {ok, reason} when the bot has answered an interaction, or has not. */
  acknowledged(interactionId) {
    const known = this.acks.get(interactionId);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(interactionId, { ok: true, reason: null }), ACK_MS);
      this.waiting.set(interactionId, { resolve, timer });
    });
  }

  addChannel(channel) {
    this.channels.set(channel.id, { can_send: true, ...this.channels.get(channel.id), ...channel });
    this.#tell('state');
  }

  typists(channelId) {
    const now = Date.now();
    const names = this.typing.get(channelId) ?? new Map();
    return [...names].filter(([id, until]) => until > now && id !== this.me?.id)
      .map(([id]) => this.users.get(id)).filter(Boolean);
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #log(channelId) {
    let log = this.logs.get(channelId);
    if (!log) {
      log = { byId: new Map(), order: [], loaded: false, older: false, touched: new Set() };
      this.logs.set(channelId, log);
    }
    return log;
  }

  #put(log, message) {
    const old = log.byId.get(message.id);
    if (!old && !message.author) return null; // a part of a message we never saw whole
    const merged = { ...old, ...message };
    if (old && merged.author && !merged.author.avatar_url) {
      merged.author = { ...merged.author, avatar_url: old.author.avatar_url };
    }
    log.byId.set(message.id, merged);
    if (!old) {
      let at = log.order.length;
      while (at > 0 && compareIds(log.order[at - 1], message.id) > 0) at -= 1;
      log.order.splice(at, 0, message.id);
    }
    return merged;
  }

  #remove(log, id) {
    log.byId.delete(id);
    log.order = log.order.filter((other) => other !== id);
  }

  #drop(channelId, id) {
    const log = this.#log(channelId);
    for (const set of log.touched) set.add(id);
    this.#remove(log, id);
    this.#tell('gone', { channelId, id });
  }

  async #opened() {
    const first = !this.opened;
    this.opened = true;
    this.connected = true;
    this.#tell('status');
    for (const [id, log] of this.logs) if (id !== this.current) log.loaded = false;
    try {
      if (!first) await this.refresh();
      if (this.current) await this.catchUp(this.current);
    } catch {
      this.connected = false; // the stream will break too, and its next opening comes back here
      this.#tell('status');
    }
  }

  #settle(interactionId, result) {
    this.acks.set(interactionId, result);
    if (this.acks.size > REMEMBERED_ACKS) this.acks.delete(this.acks.keys().next().value);
    const waiter = this.waiting.get(interactionId);
    if (!waiter) return;
    clearTimeout(waiter.timer);
    this.waiting.delete(interactionId);
    waiter.resolve(result);
  }

  #receive(name, data) {
    switch (name) {
      case 'MESSAGE_CREATE':
      case 'MESSAGE_UPDATE':
        return this.#messageCame(data, name === 'MESSAGE_CREATE');
      case 'MESSAGE_DELETE':
        return this.#drop(data.channel_id, data.id);
      case 'MESSAGE_DELETE_BULK':
        return data.ids.forEach((id) => this.#drop(data.channel_id, id));
      case 'MESSAGE_REACTION_ADD':
        return this.#reacted(data, 1);
      case 'MESSAGE_REACTION_REMOVE':
        return this.#reacted(data, -1);
      case 'TYPING_START':
        return this.#typed(data.channel_id, data.user_id);
      case 'CHANNEL_CREATE':
      case 'CHANNEL_UPDATE':
      case 'THREAD_CREATE':
      case 'THREAD_UPDATE':
        return this.addChannel(data);
      case 'CHANNEL_DELETE':
      case 'THREAD_DELETE':
        this.channels.delete(data.id);
        this.logs.delete(data.id);
        return this.#tell('state');
      case 'INTERACTION_ACK':
        return this.#settle(data.interaction_id, { ok: true, reason: null });
      case 'INTERACTION_FAILED':
        return this.#settle(data.interaction_id, { ok: false, reason: data.reason });
      case 'INTERACTION_MODAL':
        this.#settle(data.interaction_id, { ok: true, reason: null });
        return this.#tell('modal', data);
      case 'COMMANDS_UPDATE':
        this.commands = data.commands;
        return this.#tell('state');
      case 'BOT_STATUS':
        this.botOnline = data.online;
        return this.#tell('status');
      default:
        return undefined; // a newer server may say more than this page knows
    }
  }

  #messageCame(data, isNew) {
    const log = this.#log(data.channel_id);
    const known = log.byId.has(data.id);
    // An edit of a message above what is loaded is fetched with it on scrolling up.
    if (!known && !isNew && !log.touched.size) return;
    const message = this.#put(log, data);
    if (!message) return;
    for (const set of log.touched) set.add(data.id);
    if (isNew) {
      const typing = this.typing.get(data.channel_id);
      typing?.delete(message.author.id);
      if (message.webhook_id && this.application) typing?.delete(this.application.id);
      if (data.channel_id !== this.current) this.unread.add(data.channel_id);
      this.#tell('typing', { channelId: data.channel_id });
    }
    this.#tell('message', { channelId: data.channel_id, id: data.id, isNew: !known });
  }

  #reacted(data, step) {
    const message = this.message(data.channel_id, data.message_id);
    if (!message) return;
    const key = data.emoji.id ?? data.emoji.name;
    const reactions = (message.reactions ?? []).map((one) => ({ ...one }));
    let entry = reactions.find((one) => (one.emoji.id ?? one.emoji.name) === key);
    if (!entry) {
      entry = { emoji: data.emoji, count: 0, me: false };
      reactions.push(entry);
    }
    entry.count += step;
    if (data.user_id === this.me.id) entry.me = step > 0;
    const left = reactions.filter((one) => one.count > 0);
    this.#put(this.#log(data.channel_id), { ...message, reactions: left });
    this.#tell('message', { channelId: data.channel_id, id: data.message_id, isNew: false });
  }

  #typed(channelId, userId) {
    const typing = this.typing.get(channelId) ?? new Map();
    typing.set(userId, Date.now() + TYPING_MS);
    this.typing.set(channelId, typing);
    this.#tell('typing', { channelId });
    setTimeout(() => this.#tell('typing', { channelId }), TYPING_MS + 50);
  }
}
