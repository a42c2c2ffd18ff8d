// A list to choose from with the keyboard while the focus stays in a field.

import { h } from './dom.js';

let serial = 0;

/** Rows {label, detail, note, value, picture}; onchoose(row) on Enter, Tab or click. */
export class Listbox {
  constructor(field, { onchoose, label }) {
    serial += 1;
    this.id = `list-${serial}`;
    this.field = field;
    this.onchoose = onchoose;
    this.rows = [];
    this.index = -1;
    this.heading = h('div', { class: 'list-heading' });
    this.list = h('div', { role: 'listbox', id: this.id, 'aria-label': label });
    this.element = h('div', { class: 'list-popup', hidden: true }, this.heading, this.list);
    // The field must not lose the focus to a click in the list.
    this.element.addEventListener('mousedown', (event) => event.preventDefault());
  }

  attach(field) {
    this.field?.removeAttribute('aria-activedescendant');
    this.field?.setAttribute('aria-expanded', 'false');
    this.field = field;
    field.setAttribute('role', 'combobox');
    field.setAttribute('aria-controls', this.id);
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-expanded', String(this.isOpen));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  show(rows, { heading = '', empty = null, highlight = 0 } = {}) {
    this.rows = rows;
    this.heading.textContent = heading;
    this.heading.hidden = !heading;
    this.list.replaceChildren(...rows.map((row, index) => this.#row(row, index)));
    if (!rows.length && empty) this.list.append(h('div', { class: 'list-empty' }, empty));
    this.element.hidden = !rows.length && !empty;
    this.field?.setAttribute('aria-expanded', String(this.isOpen));
    this.#highlight(rows.length ? Math.min(highlight, rows.length - 1) : -1);
  }

  hide() {
    this.element.hidden = true;
    this.rows = [];
    this.index = -1;
    this.field?.setAttribute('aria-expanded', 'false');
    this.field?.removeAttribute('aria-activedescendant');
  }

  /** True when the key was for the list. */
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && this.rows.length) {
      const count = this.rows.length;
      this.#highlight((this.index + moves[event.key] + count) % count);
    } else if (event.key === 'Escape') {
      this.hide();
    } else if ((event.key === 'Enter' && !event.shiftKey) || (event.key === 'Tab' && !event.shiftKey)) {
      if (this.index < 0) return false;
      this.onchoose(this.rows[this.index]);
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #row(row, index) {
    return h('div', {
      role: 'option', id: `${this.id}-${index}`, class: 'list-row', 'aria-selected': 'false',
      onclick: () => this.onchoose(row), onmousemove: () => this.#highlight(index),
    }, row.picture ?? null,
    h('span', { class: 'list-label' }, row.label),
    row.detail ? h('span', { class: 'list-detail' }, row.detail) : null,
    row.note ? h('span', { class: 'list-note' }, row.note) : null);
  }

  #highlight(index) {
    if (this.index === index && this.list.children[index]?.classList.contains('active')) return;
    this.index = index;
    [...this.list.children].forEach((child, at) => {
      child.classList.toggle('active', at === index);
      if (child.role === 'option') child.setAttribute('aria-selected', String(at === index));
    });
    const active = this.list.children[index];
    if (index >= 0 && active) {
      this.field?.setAttribute('aria-activedescendant', active.id);
      active.scrollIntoView({ block: 'nearest' });
    }
  }
}
