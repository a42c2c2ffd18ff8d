// The forms that the bot opens.

import { h, openDialog } from './dom.js';
import { markdown } from './markdown.js';
import { emojiText } from './components.js';

const SHORT = 1;

/** Show a modal; *submit*(components) sends it and resolves with {ok, reason}. */
export function openModal(modal, submit, context = {}) {
  const problem = h('p', { class: 'component-problem', role: 'alert', hidden: true });
  const readers = [];
  const form = h('form', { class: 'modal' },
    h('div', { class: 'modal-fields' }, modal.components.map((one) => field(one, readers, context))),
    problem,
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button ghost', onclick: () => dialog.close() }, 'Cancel'),
      h('button', { type: 'submit', class: 'button primary' }, 'Submit')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const send = form.querySelector('[type=submit]');
    if (send.disabled) return;
    send.disabled = true;
    problem.hidden = true;
    const result = await submit(readers.map((read) => read()));
    send.disabled = false;
    if (result.ok) return dialog.close();
    problem.textContent = result.reason || 'Something went wrong. Try again.';
    problem.hidden = false;
    return undefined;
  });
  const dialog = openDialog(modal.title, form);
  form.querySelector('input, textarea, select')?.focus();
  return dialog;
}

const withId = (component) => (component.id === undefined ? {} : { id: component.id });

/** Draw one component of the form and note how to read it, in the shape Discord sends. */
function field(component, readers, context) {
  if (component.type === 1) {
    const inner = component.components.map((one) => input(one, one.label, null));
    readers.push(() => ({ type: 1, ...withId(component), components: inner.map((one) => one.read()) }));
    return inner.map((one) => one.element);
  }
  if (component.type === 18) {
    const inner = input(component.component, component.label, component.description);
    readers.push(() => ({ type: 18, ...withId(component), component: inner.read() }));
    return inner.element;
  }
  if (component.type === 10) {
    readers.push(() => ({ type: 10, ...withId(component) }));
    return h('div', {}, markdown(component.content, context));
  }
  const inner = input(component, component.label ?? '', null);
  readers.push(() => inner.read());
  return inner.element;
}

function input(component, label, description) {
  const id = `modal-${component.custom_id}`;
  const required = component.required !== false;
  const made = (MAKERS[component.type] ?? unknownField)(component, id, required, context(component));
  const caption = h(made.group ? 'legend' : 'label', made.group ? {} : { for: id }, label,
    required && component.type !== 23 ? h('span', { class: 'required', title: 'Required' }, ' *') : null);
  const note = description ? h('small', { id: `${id}-note`, class: 'muted' }, description) : null;
  if (note) made.control.setAttribute('aria-describedby', note.id);
  const element = h(made.group ? 'fieldset' : 'div', { class: 'modal-field' }, caption, note, made.control);
  return { element, read: () => ({ ...context(component), ...made.read() }) };
}

const context = (component) => ({ type: component.type, custom_id: component.custom_id, ...withId(component) });

function textField(component, id, required) {
  const attributes = {
    id, required, placeholder: component.placeholder, value: component.value ?? '',
    minlength: component.min_length, maxlength: component.max_length ?? 4000,
  };
  const control = component.style === SHORT ? h('input', { type: 'text', autocomplete: 'off', ...attributes })
    : h('textarea', { rows: '6', ...attributes });
  return { control, read: () => ({ value: control.value }) };
}

function selectField(component, id, required) {
  const many = (component.max_values ?? 1) > 1;
  const control = h('select', { id, required, multiple: many },
    many ? null : h('option', { value: '' }, component.placeholder ?? 'Make a selection'),
    (component.options ?? []).map((option) => h('option', { value: option.value, selected: option.default },
      `${option.emoji ? `${emojiText(option.emoji)} ` : ''}${option.label}`)));
  const read = () => ({ values: [...control.selectedOptions].map((one) => one.value).filter(Boolean) });
  return { control, read };
}

const choiceField = (kind) => (component, id, required) => {
  const control = h('div', { id, class: 'choices' }, component.options.map((option) => h('label', {},
    h('input', { type: kind, name: id, value: option.value, checked: Boolean(option.default),
      required: required && kind === 'radio' }),
    h('span', {}, option.label, option.description ? h('small', { class: 'muted' }, ` ${option.description}`)
      : null))));
  const chosen = () => [...control.querySelectorAll('input:checked')].map((one) => one.value);
  const read = () => (kind === 'radio' ? { value: chosen()[0] ?? null } : { values: chosen() });
  return { control, read, group: true };
};

function checkField(component, id) {
  const control = h('input', { id, type: 'checkbox', checked: Boolean(component.default) });
  return { control, read: () => ({ value: control.checked }) };
}

function unknownField() {
  const control = h('p', { class: 'muted' }, 'This page cannot show this field.');
  return { control, read: () => ({}) };
}

const MAKERS = { 3: selectField, 4: textField, 21: choiceField('radio'), 22: choiceField('checkbox'),
  23: checkField };
