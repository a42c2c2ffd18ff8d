// Slash commands: find one, fill in its options, send it.

import { h } from './dom.js';
import { flatten, KIND, nest, offers, OptionField } from './options.js';

const ASK_AFTER_MS = 150;

/**
 * The bar that takes the composer's place once a command is chosen.
 *
 * *list* is the composer's listbox, *send*(row, options, files) runs the command, *leave*(text)
 * gives the composer back.
 */
export class CommandBar {
  constructor(store, list, { send, leave, problem }) {
    Object.assign(this, { store, list, send, leave, problem });
    this.fields = [];
    this.element = h('div', { class: 'command-bar', role: 'group', hidden: true });
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.#focusNext();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open(row) {
    this.row = row;
    this.fields = [];
    this.problem(null);
    this.more = h('span', { class: 'options-more' });
    this.end = h('input', { class: 'command-end', 'aria-label': 'Enter sends the command',
      autocomplete: 'off', maxlength: '100' });
    this.end.addEventListener('keydown', (event) => this.#endKey(event));
    this.end.addEventListener('focus', () => this.#offerMore());
    this.end.addEventListener('input', () => this.#offerMore());
    const go = h('button', { type: 'button', class: 'button primary go', onclick: () => this.run() }, 'Run');
    this.element.replaceChildren(h('span', { class: 'command-name' }, `/${row.name}`), this.end, this.more, go);
    this.element.setAttribute('aria-label', `Command /${row.name}`);
    this.element.hidden = false;
    const required = row.options.filter((option) => option.required);
    // An optional option with a list of values is worth showing: it is the command's point.
    const listed = row.options.filter((one) => one.autocomplete || one.choices?.length);
    const first = required.length ? required : listed.slice(0, 1);
    for (const option of first) this.#add(option);
    this.#count();
    (this.fields[0]?.input ?? this.end).focus();
  }

  close(text = '') {
    this.element.hidden = true;
    this.fields = [];
    this.list.hide();
    this.problem(null);
    this.leave(text);
  }

  async run() {
    const values = [];
    const files = [];
    for (const field of this.fields) {
      const { value, wrong } = field.read(this.store);
      if (wrong) {
        field.markWrong(wrong);
        this.problem(wrong);
        field.input.focus();
        return;
      }
      if (value === undefined) continue;
      const { name, type } = field.option;
      if (type === KIND.ATTACHMENT) {
        values.push({ type, name, value: String(files.length) });
        files.push(value);
      } else {
        values.push({ type, name, value });
      }
    }
    const { row } = this;
    this.close();
    await this.send(row, nest(row, values), files);
  }

  choose(row) {
    if (row.option) {
      this.end.value = '';
      this.list.hide();
      this.#add(row.option).input.focus();
      return;
    }
    this.active.choose(row);
    this.list.hide();
    this.#focusNext();
  }

  #add(option) {
    const field = new OptionField(option, {
      onkeydown: (event) => this.#key(event, field),
      oninput: () => this.#offer(field),
      onfocus: () => {
        this.active = field;
        this.list.attach(field.input);
        if (!field.chosen) this.#offer(field, true);
      },
      onblur: () => {
        if (this.active === field) this.list.hide();
      },
    });
    this.fields.push(field);
    this.end.before(field.element);
    this.#count();
    return field;
  }

  #unused() {
    const used = new Set(this.fields.map((field) => field.option.name));
    return this.row.options.filter((option) => !used.has(option.name));
  }

  #count() {
    const count = this.#unused().length;
    this.more.textContent = count ? `+${count} optional` : '';
  }

  #offerMore() {
    this.active = null;
    this.list.attach(this.end);
    const typed = this.end.value.trim().toLowerCase();
    const rows = this.#unused().filter((option) => option.name.startsWith(typed))
      .map((option) => ({ label: option.name, detail: option.description, option }));
    // Nothing is highlighted until something is typed, so that Enter sends.
    if (rows.length) this.list.show(rows, { heading: 'Optional', highlight: typed ? 0 : -1 });
    else this.list.hide();
  }

  #endKey(event) {
    if (this.list.key(event)) return;
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.run();
    } else if (event.key === 'Backspace' && !this.end.value) {
      event.preventDefault();
      if (this.fields.length) this.fields.at(-1).input.focus();
      else this.close(`/${this.row.name}`);
    } else if (event.key === 'Escape') {
      this.close();
    }
  }

  #key(event, field) {
    if (event.key === 'Enter' && !event.isComposing && this.#isExact(field)) {
      event.preventDefault();
      this.run();
      return;
    }
    if (this.list.key(event)) return;
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.run();
    } else if (event.key === 'Backspace' && field.isEmpty) {
      event.preventDefault();
      this.#removeOrStep(field);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.close();
    }
  }

  /** Whether what is typed is a value of the list, whole: there is nothing left to choose. */
  #isExact(field) {
    const rows = field.option.autocomplete ? null : offers(field.option, field.text, this.store);
    return rows?.length === 1 && rows[0].label.toLowerCase() === field.text.trim().toLowerCase();
  }

  #removeOrStep(field) {
    const at = this.fields.indexOf(field);
    if (!field.option.required) {
      this.fields.splice(at, 1);
      field.element.remove();
      this.#count();
    }
    if (at > 0) this.fields[at - 1].input.focus();
    else if (field.option.required) this.close(`/${this.row.name}`);
    else this.end.focus();
  }

  #focusNext() {
    const empty = this.fields.find((field) => field.isEmpty && field.option.required);
    (empty?.input ?? this.end).focus();
  }

  #offer(field, atOnce = false) {
    clearTimeout(this.timer);
    const { option } = field;
    const heading = `${option.name} — ${option.description}`;
    if (option.autocomplete) {
      this.asked = (this.asked ?? 0) + 1;
      const turn = this.asked;
      this.timer = setTimeout(() => this.#ask(field, heading, turn), atOnce ? 0 : ASK_AFTER_MS);
      return;
    }
    const rows = offers(option, field.text, this.store);
    // An optional value that nobody has begun to type is not chosen by Enter: that sends.
    const highlight = option.required || field.text ? 0 : -1;
    if (rows) this.list.show(rows, { heading, empty: 'Nothing matches.', highlight });
    else this.list.show([], { heading, empty: hint(option) });
  }

  async #ask(field, heading, turn) {
    const value = field.text;
    const others = this.fields.filter((other) => other !== field && !other.isEmpty)
      .map((other) => ({ other, read: other.read(this.store) }))
      .filter(({ other, read }) => read.value !== undefined && other.option.type !== KIND.ATTACHMENT)
      .map(({ other, read }) => ({ type: other.option.type, name: other.option.name, value: read.value }));
    const focused = { type: field.option.type, name: field.option.name, value, focused: true };
    let rows = [];
    let empty = 'Nothing matches.';
    try {
      const { choices } = await this.store.api.post('interactions/autocomplete', {
        channel_id: this.store.current, command_id: this.row.command.id,
        options: nest(this.row, [...others, focused]),
      });
      rows = choices.map((choice) => ({ label: choice.name, value: choice.value }));
    } catch {
      empty = 'Loading options failed.';
    }
    // The person has typed on or left: a newer question is on its way, or nobody asks any more.
    if (turn !== this.asked || this.active !== field || !this.isOpen || field.chosen) return;
    if (document.activeElement === field.input) this.list.show(rows, { heading, empty });
  }
}

function hint(option) {
  const kind = { 3: 'Type some text.', 4: 'A whole number.', 10: 'A number.', 8: 'A role.', 11: 'Choose a file.' };
  return kind[option.type] ?? 'Type a value.';
}

/** Commands for a composer text that begins with '/', best first. */
export function commandRows(store, text) {
  const query = text.slice(1).toLowerCase().replace(/\s+/g, ' ');
  const rank = (row) => {
    if (row.name.startsWith(query.trimEnd())) return 0;
    if (row.path.some((node) => node.name.startsWith(query.trim()))) return 1;
    return row.name.includes(query.trim()) ? 2 : 3;
  };
  return flatten(store.commands).map((row) => ({ row, rank: rank(row) }))
    .filter((entry) => entry.rank < 3)
    .sort((a, b) => a.rank - b.rank || Number(b.row.name === 'roleplay start') - Number(a.row.name === 'roleplay start')
      || a.row.name.localeCompare(b.row.name))
    .map(({ row }) => ({
      label: `/${row.name}`, detail: row.description, row,
      note: row.options.map((option) => (option.required ? option.name : `${option.name}?`)).join(' ') || null,
    }));
}

export function commandNamed(store, name) {
  return flatten(store.commands).find((row) => row.name === name.trim().toLowerCase());
}
