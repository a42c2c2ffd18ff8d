// What a member can do, each with its sentence when the server refuses.

import { h, openDialog, toast } from './dom.js';
import { copyText } from './composer.js';
import { openModal } from './modal.js';
import { threadDialog } from './sidebar.js';

/** Run *work*; a refusal becomes a sentence on the screen. */
async function tell(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return undefined;
  }
}

/** *view*: composer, list, go, become, startEdit, context. */
export function makeActions(store, view) {
  const on = (message) => ({ channel_id: message.channel_id, message_id: message.id });
  const actions = {
    go: (id) => view.go(id),
    become: (user) => view.become(user),
    reply: (message) => view.composer.replyTo(message),
    edit: (message) => view.startEdit(message),
    copy: copyText,
    mention: (user) => view.composer.insert(`@${user.global_name || user.username} `),
    react: (message, emoji, wanted) => tell(() => store.api.post('reactions', {
      ...on(message), emoji: emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name, on: wanted })),
    direct: () => tell(async () => {
      const channel = await store.api.post('dm', {});
      store.addChannel(channel);
      view.go(channel.id);
    }),
    dismiss: (message) => tell(async () => {
      if (!message.local) await store.api.post('messages/dismiss', on(message));
      store.forget(message.channel_id, message.id);
    }),
    remove: (message) => confirmDelete(() => tell(() => store.api.post('messages/delete', on(message)))),
    send: (channel, content, reply, files) => store.api.post('messages', {
      channel_id: channel.id, content, ...(reply ? { reply_to: reply.id } : {}) }, files),
    saveEdit: (message, content) => store.api.post('messages/edit', { ...on(message), content }),
    thread: (message) => actions.newThread(store.channel(message.channel_id), message),
    newThread: (channel, message) => threadDialog(channel, { oncreate: async (name, content) => {
      const thread = await store.api.post('threads', { channel_id: channel.id, name,
        ...(message ? { message_id: message.id } : {}), ...(content ? { content } : {}) });
      store.addChannel(thread);
      view.go(thread.id);
    } }),
    app: (command, targetId, channelId) => interact(channelId, command.name, 'command', {
      command_id: command.id, options: [], target_id: targetId }),
    command: (command, options, files) => interact(store.current, `/${command.name}`, 'command', {
      command_id: command.id, options }, files),
    component: (message, component, values) => answered('component', {
      ...on(message), custom_id: component.custom_id, component_type: component.type,
      ...(values === undefined ? {} : { values }) }),
    modal: (modal) => openModal(modal, (fields) => answered('modal', {
      interaction_id: modal.interaction_id, custom_id: modal.custom_id, components: fields }), view.context),
  };

  async function answered(kind, body, files) {
    try {
      const { interaction_id: id } = await store.api.post(`interactions/${kind}`, body, files);
      return await store.acknowledged(id);
    } catch (error) {
      return { ok: false, reason: error.message };
    }
  }

  async function interact(channelId, name, kind, body, files = []) {
    const result = await answered(kind, { channel_id: channelId, ...body }, files);
    if (!result.ok) store.notice(channelId, `${name}: ${result.reason || 'The application did not respond'}`);
  }

  return actions;
}

function confirmDelete(run) {
  const form = h('form', { method: 'dialog', class: 'modal' },
    h('p', {}, 'Delete this message? The bot forgets it too.'),
    h('div', { class: 'dialog-buttons' },
      h('button', { value: '', class: 'button ghost' }, 'Cancel'),
      h('button', { value: 'delete', class: 'button danger' }, 'Delete')));
  const dialog = openDialog('Delete message', form, { onclose: (value) => value === 'delete' && run() });
  dialog.querySelector('.danger').focus();
}
