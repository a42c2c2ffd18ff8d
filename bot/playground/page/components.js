// Buttons, selects and the newer layout blocks under a message.

import { h, localUrl } from './dom.js';
import { drawn } from './icons.js';
import { Listbox } from './listbox.js';
import { markdown } from './markdown.js';

const BUTTON_STYLE = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link', 6: 'secondary' };
const ROW = 1, BUTTON = 2, SELECT = 3, USER_SELECT = 5, CHANNEL_SELECT = 8;
const PLACEHOLDER = { 3: 'Make a selection', 5: 'Select a member', 6: 'Select a role',
  7: 'Select somebody', 8: 'Select a channel' };

/** *act*(component, values) starts the interaction and resolves with {ok, reason}. */
export function components(message, { act, store, context }) {
  const problem = h('div', { class: 'component-problem', role: 'alert', hidden: true });
  const root = h('div', { class: 'components' });
  const run = async (component, element, values) => {
    problem.hidden = true;
    setPending(root, element, true);
    const result = await act(component, values);
    // The answer usually edits the message, and then this element is no longer on the page.
    setPending(root, element, false);
    if (result.ok) return;
    problem.textContent = result.reason || 'This interaction failed';
    problem.hidden = false;
  };
  const tools = { run, store, context };
  root.append(...message.components.map((one) => block(one, tools)), problem);
  return root;
}

function setPending(root, element, pending) {
  element.classList.toggle('pending', pending);
  element.setAttribute('aria-busy', String(pending));
  for (const control of root.querySelectorAll('button')) {
    if (pending) {
      control.dataset.wasDisabled ??= String(control.disabled);
      // A disabled button would drop the keyboard's focus, so only the others are.
      if (control !== element) control.disabled = true;
    } else {
      control.disabled = control.dataset.wasDisabled === 'true';
      delete control.dataset.wasDisabled;
    }
  }
}

function block(component, tools) {
  switch (component.type) {
    case ROW:
      return h('div', { class: 'action-row' }, component.components.map((one) => control(one, tools)));
    case 9:
      return h('div', { class: 'section' },
        h('div', {}, component.components.map((one) => block(one, tools))),
        component.accessory ? block(component.accessory, tools) : null);
    case 10:
      return h('div', { class: 'text-display' }, markdown(component.content, tools.context));
    case 11:
      return picture(component.media, component.description, 'thumbnail');
    case 12:
      return h('div', { class: 'gallery' },
        component.items.map((item) => picture(item.media, item.description, 'attachment-image')));
    case 14:
      return h('hr', { class: component.divider === false ? 'blank' : '' });
    case 17: {
      const box = h('div', { class: 'container' }, component.components.map((one) => block(one, tools)));
      tint(box, component.accent_color);
      return box;
    }
    default:
      return control(component, tools);
  }
}

function picture(media, description, kind) {
  const source = localUrl(media?.url);
  return source ? h('img', { class: kind, src: source, alt: description ?? 'Picture' })
    : h('span', { class: 'muted' }, '[picture from elsewhere]');
}

/** Colours come as numbers, and the page's own rules forbid style attributes, not the object model. */
export function tint(element, colour) {
  if (Number.isInteger(colour)) {
    element.style.borderLeftColor = `#${colour.toString(16).padStart(6, '0').slice(-6)}`;
  }
}

function control(component, tools) {
  if (component.type === BUTTON) return button(component, tools);
  if (component.type >= SELECT && component.type <= CHANNEL_SELECT && component.type !== 4) {
    return select(component, tools);
  }
  return h('span', { class: 'muted' }, '[a block this page cannot show]');
}

export function emojiText(emoji) {
  if (!emoji) return '';
  return emoji.id ? `:${emoji.name}:` : emoji.name;
}

function button(component, { run }) {
  const style = BUTTON_STYLE[component.style] ?? 'secondary';
  const face = [
    component.emoji ? h('span', { class: 'button-emoji' }, drawn(emojiText(component.emoji))) : null,
    component.label ? h('span', {}, component.label) : null,
  ];
  if (style === 'link') {
    const safe = /^https?:\/\//.test(component.url ?? '') ? component.url : null;
    return h('a', { class: 'button link', href: safe, target: '_blank', rel: 'noopener noreferrer' },
      ...face, ' ↗');
  }
  const element = h('button', {
    type: 'button', class: `button ${style}`, disabled: component.disabled,
    'aria-label': component.label ? null : emojiText(component.emoji),
    onclick: () => {
      if (!element.classList.contains('pending')) run(component, element, undefined);
    },
  }, ...face);
  return element;
}

function choicesOf(component, { store }) {
  if (component.type === SELECT) {
    return component.options.map((option) => ({
      label: `${option.emoji ? `${emojiText(option.emoji)} ` : ''}${option.label}`,
      detail: option.description, value: option.value, chosen: option.default,
    }));
  }
  if (component.type === CHANNEL_SELECT) {
    const kinds = component.channel_types;
    return [...store.channels.values()]
      .filter((channel) => channel.type !== 1 && (!kinds?.length || kinds.includes(channel.type)))
      .map((channel) => ({ label: `#${channel.name}`, value: channel.id }));
  }
  if (component.type === USER_SELECT || component.type === 7) {
    return [...store.users.values()]
      .map((user) => ({ label: user.global_name || user.username, value: user.id }));
  }
  return [];
}

function select(component, tools) {
  const { run } = tools;
  const many = (component.max_values ?? 1) > 1;
  const chosen = new Map();
  const rows = choicesOf(component, tools);
  for (const row of rows) if (row.chosen) chosen.set(row.value, row);
  const caption = h('span', { class: 'select-caption' });
  const label = component.placeholder || PLACEHOLDER[component.type];
  const face = h('button', {
    type: 'button', class: 'select-face', disabled: component.disabled, 'aria-haspopup': 'listbox',
    'aria-label': label,
  }, caption, h('span', { 'aria-hidden': 'true' }, '▾'));
  const wrapper = h('div', { class: 'select' }, face);
  const paint = () => {
    caption.textContent = chosen.size ? [...chosen.values()].map((row) => row.label).join(', ') : label;
    caption.classList.toggle('muted', !chosen.size);
  };
  const shown = () => rows.map((row) => ({ ...row, note: chosen.has(row.value) ? '✓' : null }));
  const send = () => {
    list.hide();
    run(component, face, [...chosen.keys()]);
  };
  const list = new Listbox(face, {
    label,
    onchoose: (row) => {
      if (!many) chosen.clear();
      if (many && chosen.has(row.value)) chosen.delete(row.value);
      else if (chosen.size < (component.max_values ?? 1)) chosen.set(row.value, row);
      paint();
      if (many) list.show(shown(), { heading: 'Choose, then close the list', highlight: list.index });
      else send();
    },
  });
  list.attach(face);
  wrapper.append(list.element);
  const show = () => {
    list.show(shown());
    // Below the last message there is no room, and the view must not move for a list.
    const room = wrapper.closest('.scroller')?.getBoundingClientRect().bottom ?? innerHeight;
    const below = face.getBoundingClientRect().bottom + list.element.offsetHeight + 8 <= room;
    list.element.classList.toggle('above', !below);
  };
  const closeAndSend = () => {
    if (!list.isOpen) return;
    const before = rows.filter((row) => row.chosen).map((row) => row.value).sort().join();
    const enough = chosen.size >= (component.min_values ?? 1);
    if (many && enough && [...chosen.keys()].sort().join() !== before) send();
    else list.hide();
  };
  face.addEventListener('click', () => {
    if (list.isOpen) closeAndSend();
    else if (!face.classList.contains('pending')) show();
  });
  face.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' && !list.isOpen) {
      event.preventDefault();
      show();
    } else if (event.key === 'Escape' && list.isOpen && many) {
      event.preventDefault();
      closeAndSend();
    } else {
      list.key(event);
    }
  });
  face.addEventListener('blur', closeAndSend);
  paint();
  return wrapper;
}
