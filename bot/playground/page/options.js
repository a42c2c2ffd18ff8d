// The options of a slash command: what may stand in them and what is offered.

import { avatar, displayName, h } from './dom.js';

export const KIND = {
  SUBCOMMAND: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8,
  MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11,
};
const SHOWN_AT_MOST = 25;

/** A command with its subcommands as flat rows: {command, path, description, options}. */
export function flatten(commands) {
  const rows = [];
  const walk = (command, node, path) => {
    const below = (node.options ?? []).filter((option) => option.type <= KIND.GROUP);
    if (!below.length) {
      rows.push({ command, path, description: node.description, options: node.options ?? [] });
    }
    for (const child of below) walk(command, child, [...path, child]);
  };
  for (const command of commands) if ((command.type ?? 1) === 1) walk(command, command, [command]);
  return rows.map((row) => ({ ...row, name: row.path.map((node) => node.name).join(' ') }));
}

/** Options in the nested shape of the protocol. */
export function nest(row, values) {
  return row.path.slice(1).reverse().reduce(
    (options, node) => [{ type: node.type, name: node.name, options }], values);
}

const matches = (text, query) => text.toLowerCase().includes(query.trim().toLowerCase());

/** What an option offers without asking the bot; null when anything may be typed. */
export function offers(option, query, store) {
  const filtered = (rows) => rows.filter((row) => matches(row.label, query)).slice(0, SHOWN_AT_MOST);
  if (option.choices?.length) {
    return filtered(option.choices.map((one) => ({ label: one.name, value: one.value })));
  }
  switch (option.type) {
    case KIND.BOOLEAN:
      return filtered([{ label: 'True', value: true }, { label: 'False', value: false }]);
    case KIND.USER:
    case KIND.MENTIONABLE:
      return filtered([...store.users.values()].map((user) => ({
        label: displayName(user), detail: user.username, value: user.id, picture: avatar(user, 24) })));
    case KIND.CHANNEL: {
      const kinds = option.channel_types;
      return filtered([...store.channels.values()]
        .filter((channel) => channel.type !== 1 && (!kinds?.length || kinds.includes(channel.type)))
        .map((channel) => ({ label: `#${channel.name}`, value: channel.id })));
    }
    default:
      return null;
  }
}

/** One option as a pill: its name, a required mark and what is in it. */
export class OptionField {
  constructor(option, { onkeydown, oninput, onfocus, onblur }) {
    this.option = option;
    this.chosen = null;
    this.file = null;
    const attachment = option.type === KIND.ATTACHMENT;
    const id = `option-${option.name}`;
    this.input = attachment
      ? h('input', { type: 'file', id, onchange: () => { this.file = this.input.files[0] ?? null; oninput(this); } })
      : h('input', { type: 'text', id, autocomplete: 'off', spellcheck: 'false',
        maxlength: option.max_length, inputmode: this.#isNumber ? 'decimal' : null });
    this.input.setAttribute('aria-label', `${option.name}${option.required ? ', required' : ''}: ${option.description}`);
    this.element = h('span', { class: 'option', title: option.description },
      h('label', { for: id }, option.name, option.required ? h('b', { title: 'Required' }, '*') : null), this.input);
    this.input.addEventListener('keydown', (event) => onkeydown(event, this));
    this.input.addEventListener('focus', () => onfocus(this));
    this.input.addEventListener('blur', () => onblur(this));
    this.input.addEventListener('input', () => {
      this.chosen = null;
      this.#fit();
      this.markWrong(null);
      oninput(this);
    });
    this.#fit();
  }

  get text() {
    return this.option.type === KIND.ATTACHMENT ? '' : this.input.value;
  }

  get isEmpty() {
    return this.option.type === KIND.ATTACHMENT ? !this.file : !this.input.value.trim();
  }

  get #isNumber() {
    return [KIND.INTEGER, KIND.NUMBER].includes(this.option.type);
  }

  choose(row) {
    this.chosen = row;
    this.input.value = row.label;
    this.#fit();
    this.markWrong(null);
  }

  /** The value as the protocol wants it, or {wrong: sentence}. */
  read(store) {
    const { option } = this;
    if (this.isEmpty) return option.required ? { wrong: `“${option.name}” is required.` } : {};
    if (option.type === KIND.ATTACHMENT) return { value: this.file };
    if (this.chosen) return { value: this.chosen.value };
    const offered = option.autocomplete ? null : offers(option, this.text, store);
    if (offered) {
      const typed = this.text.trim().toLowerCase();
      const exact = offered.find((row) => row.label.toLowerCase() === typed) ?? (offered.length === 1 ? offered[0] : null);
      return exact ? { value: exact.value } : { wrong: `Choose one of the list for “${option.name}”.` };
    }
    if (this.#isNumber) return this.#readNumber();
    const text = this.text;
    if (text.length < (option.min_length ?? 0)) {
      return { wrong: `“${option.name}” needs ${option.min_length} characters at least.` };
    }
    return { value: text };
  }

  #readNumber() {
    const { option } = this;
    const value = Number(this.text.trim().replace(',', '.'));
    if (!Number.isFinite(value) || (option.type === KIND.INTEGER && !Number.isSafeInteger(value))) {
      return { wrong: `“${option.name}” needs a ${option.type === KIND.INTEGER ? 'whole ' : ''}number.` };
    }
    if (value < (option.min_value ?? -Infinity) || value > (option.max_value ?? Infinity)) {
      return { wrong: `“${option.name}” must be from ${option.min_value ?? '…'} to ${option.max_value ?? '…'}.` };
    }
    return { value };
  }

  markWrong(sentence) {
    this.element.classList.toggle('wrong', Boolean(sentence));
    this.input.setAttribute('aria-invalid', String(Boolean(sentence)));
  }

  #fit() {
    if (this.option.type === KIND.ATTACHMENT) return;
    this.input.size = Math.min(Math.max(this.input.value.length, 6), 60);
  }
}
