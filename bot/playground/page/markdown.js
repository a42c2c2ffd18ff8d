// Discord's markdown as elements. One pass over the text, never HTML, and whatever is still
// half open (a reply is shown while it is being written) stands as the plain text it is.

import { clock, dayName, fullTime, h } from './dom.js';
import { drawn } from './icons.js';

const HEADING = /^(#{1,3}) +(\S.*)$/;
const SUBTEXT = /^-# +(\S.*)$/;
const ITEM = /^( *)([-*]|\d{1,9}\.) +(\S.*)$/;
const LANGUAGE = /^[\w+.-]{1,20}\n/;
const TAGS = { '**': 'strong', '*': 'em', _: 'em', __: 'u', '~~': 's', '||': 'spoiler' };

/** *context*: users (Map), channels (Map), oncommand(name), onchannel(id, message). */
export function markdown(text, context = {}) {
  const out = document.createDocumentFragment();
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('```', at);
    const close = open < 0 ? -1 : text.indexOf('```', open + 3);
    if (close < 0) break;
    blocks(text.slice(at, open), out, context);
    out.append(fence(text.slice(open + 3, close)));
    at = close + 3;
    if (text[at] === '\n') at += 1;
  }
  blocks(text.slice(at), out, context);
  return out;
}

/** The same text without any mark-up, for quote lines and names of things. */
export function plain(text, context = {}) {
  return h('span', {}, markdown(text.slice(0, 400), context)).textContent.replace(/\s+/g, ' ');
}

function fence(body) {
  const language = LANGUAGE.exec(body);
  const code = (language ? body.slice(language[0].length) : body).replace(/^\n/, '');
  return h('pre', {}, h('code', {}, code.replace(/\n$/, '')));
}

function blocks(text, out, context) {
  if (!text) return;
  const lines = text.split('\n');
  if (lines.at(-1) === '' && lines.length > 1) lines.pop();
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) out.append(h('span', {}, ...inline(paragraph.join('\n'), context)), h('br'));
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    let match;
    if (line.startsWith('>>> ')) {
      flush();
      const quote = h('blockquote');
      blocks([line.slice(4), ...lines.slice(i + 1)].join('\n').replaceAll('\n>>> ', '\n'), quote, context);
      out.append(quote);
      return;
    } else if (line.startsWith('> ') || line === '>') {
      flush();
      const quoted = [];
      while (i < lines.length && (lines[i].startsWith('> ') || lines[i] === '>')) {
        quoted.push(lines[i].slice(2));
        i += 1;
      }
      i -= 1;
      // Quotes do not nest: what is left of an inner '>' stays text.
      out.append(h('blockquote', {}, ...inline(quoted.join('\n'), context)));
    } else if ((match = HEADING.exec(line))) {
      flush();
      out.append(h(`h${match[1].length + 2}`, {}, ...inline(match[2], context)));
    } else if ((match = SUBTEXT.exec(line))) {
      flush();
      out.append(h('small', { class: 'subtext' }, ...inline(match[1], context)));
    } else if ((match = ITEM.exec(line))) {
      flush();
      i = list(lines, i, out, context);
    } else {
      paragraph.push(line);
    }
  }
  flush();
  if (out.lastChild?.nodeName === 'BR') out.lastChild.remove();
}

function list(lines, start, out, context) {
  const levels = [];
  let i = start;
  for (; i < lines.length; i += 1) {
    const match = ITEM.exec(lines[i]);
    if (!match) break;
    const indent = Math.min(match[1].length, 12);
    while (levels.length && levels.at(-1).indent > indent) levels.pop();
    if (!levels.length || levels.at(-1).indent < indent) {
      const ordered = /\d/.test(match[2]);
      const made = h(ordered ? 'ol' : 'ul', ordered ? { start: parseInt(match[2], 10) } : {});
      (levels.at(-1)?.element.lastElementChild ?? out).append(made);
      levels.push({ indent, element: made });
    }
    levels.at(-1).element.append(h('li', {}, ...inline(match[3], context)));
  }
  return i - 1;
}

// Each rule is tried at one place only and looks ahead a bounded way, so the pass is linear.
const RULES = [
  [/\\([^\w\s])/y, (m) => m[1]],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (m) => timestamp(Number(m[1]), m[2])],
  [/<@!?(\d{5,20})>/y, (m, context) => mention('@', context.users?.get(m[1]), 'unknown-user')],
  [/<@&(\d{5,20})>/y, () => h('span', { class: 'mention' }, '@role')],
  [/<#(\d{5,20})>/y, channelMention],
  [/<\/([-\w]{1,32}(?: [-\w]{1,32}){0,2}):\d{1,20}>/y, commandMention],
  [/<a?:(\w{2,32}):\d{5,20}>/y, (m) => `:${m[1]}:`],
  [/\[([^\]\n]{1,300})\]\(<?(https?:\/\/[^\s<>)]{1,1000})>?\)/y, (m, context) => link(m[2], m[1], context)],
  [/<(https?:\/\/[^\s<>]{1,1000})>/y, (m, context) => link(m[1], m[1], context)],
  [/https?:\/\/[^\s<>]{1,1000}/y, bareLink],
  [/🙈/y, (m) => h('span', { role: 'img', 'aria-label': m[0] }, drawn(m[0]))],
  [/@(everyone|here)/y, (m) => h('span', { class: 'mention' }, m[0])],
];
const SPECIAL = /[\\<[`*_~|h@\ud83d]/g;

function inline(text, context) {
  const root = { mark: null, children: [] };
  const stack = [root];
  const open = {};
  // Of a mark that never closes we learn it once, not at every place it stands.
  const noTicks = new Set();
  const push = (child) => stack.at(-1).children.push(child);
  let at = 0;
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text);
    if (!next) break;
    if (next.index > at) push(text.slice(at, next.index));
    at = next.index;
    const code = text[at] === '`' ? codeSpan(text, at, noTicks) : null;
    if (code) {
      push(code.element);
      at = code.end;
      continue;
    }
    const made = ruleAt(text, at, context);
    if (made) {
      push(made.child);
      at = made.end;
      continue;
    }
    const mark = markAt(text, at);
    if (!mark) {
      push(text[at]);
      at += 1;
      continue;
    }
    at += step(text, at, mark, { stack, open, push });
  }
  push(text.slice(at));
  while (stack.length > 1) unwrap(stack, open);
  return root.children;
}

function ruleAt(text, at, context) {
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) continue;
    const child = make(match, context);
    if (child !== null) return { child, end: at + (child.taken ?? match[0].length) };
  }
  return null;
}

function codeSpan(text, at, noTicks) {
  let ticks = 1;
  while (text[at + ticks] === '`') ticks += 1;
  const fenceOf = '`'.repeat(ticks);
  if (noTicks.has(ticks)) return null;
  let close = text.indexOf(fenceOf, at + ticks);
  while (close >= 0 && text[close + ticks] === '`') {
    let end = close + ticks;
    while (text[end] === '`') end += 1;
    close = text.indexOf(fenceOf, end);
  }
  if (close < 0) {
    noTicks.add(ticks);
    return null;
  }
  return { element: h('code', {}, text.slice(at + ticks, close)), end: close + ticks };
}

function markAt(text, at) {
  const c = text[at];
  if (c !== '*' && c !== '_' && c !== '~' && c !== '|') return null;
  if (text[at + 1] === c) return c + c;
  return c === '*' || c === '_' ? c : null;
}

const isWord = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);
const isSpace = (c) => c === undefined || /\s/.test(c);

/** Open, close or keep one mark; how many letters that took. */
function step(text, at, mark, { stack, open, push }) {
  const before = text[at - 1];
  const after = text[at + mark.length];
  // In '***both***' the innermost mark closes first, whichever of the two it is.
  const single = mark[0];
  if (mark.length === 2 && open[single] > (open[mark] ?? 0) && after === single && open[mark]) {
    wrap(stack, open, single);
    return 1 + step(text, at + 1, mark, { stack, open, push });
  }
  const loose = mark.length === 2;
  const underscore = mark === '_';
  const closes = open[mark] && (loose || !isSpace(before)) && !(underscore && isWord(after));
  const opens = !open[mark] && (loose || !isSpace(after)) && !(underscore && isWord(before));
  if (closes && stack.length - 1 > 0 && stack.at(-1).children.length) {
    wrap(stack, open, mark);
  } else if (opens) {
    open[mark] = stack.length;
    stack.push({ mark, children: [] });
  } else {
    push(mark);
  }
  return mark.length;
}

function wrap(stack, open, mark) {
  while (stack.at(-1).mark !== mark) unwrap(stack, open);
  const { children } = stack.pop();
  delete open[mark];
  const tag = TAGS[mark];
  stack.at(-1).children.push(tag === 'spoiler' ? spoiler(children) : h(tag, {}, ...children));
}

function unwrap(stack, open) {
  const { mark, children } = stack.pop();
  delete open[mark];
  stack.at(-1).children.push(mark, ...children);
}

function spoiler(children) {
  const element = h('span', { class: 'spoiler', role: 'button', tabindex: '0', 'aria-label': 'Spoiler' },
    h('span', {}, ...children));
  const reveal = (event) => {
    if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
    element.classList.add('shown');
    element.removeAttribute('aria-label');
  };
  element.addEventListener('click', reveal);
  element.addEventListener('keydown', reveal);
  return element;
}

const PLACE = /^https:\/\/discord\.com\/channels\/(?:\d{5,20}|@me)\/(\d{5,20})(?:\/(\d{5,20}))?$/;

/** A link; one to a channel or message of this Discord goes there without leaving the page. */
function link(address, label, context) {
  const place = PLACE.exec(address);
  const channel = place && context?.channels?.get(place[1]);
  if (channel) {
    const name = `#${channel.name}${place[2] ? ' (message)' : ''}`;
    return h('button', { class: 'mention', type: 'button',
      onclick: () => context.onchannel?.(channel.id, place[2]) }, label === address ? name : label);
  }
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, label);
}

function bareLink(match, context) {
  let address = match[0];
  // What ends the sentence is not the address; a closing bracket is, if it was opened in it.
  while (/[.,:;"'\]*_~|!?]$/.test(address) || (address.endsWith(')') && !address.includes('('))) {
    address = address.slice(0, -1);
  }
  const element = link(address, address, context);
  element.taken = address.length;
  return element;
}

function mention(sign, person, fallback) {
  const name = person ? person.global_name || person.username : fallback;
  return h('span', { class: 'mention' }, sign + name);
}

function channelMention(match, context) {
  const channel = context.channels?.get(match[1]);
  if (!channel) return h('span', { class: 'mention' }, '#unknown');
  return h('button', { class: 'mention', type: 'button', onclick: () => context.onchannel?.(channel.id) },
    `#${channel.name}`);
}

function commandMention(match, context) {
  return h('button', { class: 'mention', type: 'button', onclick: () => context.oncommand?.(match[1]) },
    `/${match[1]}`);
}

function timestamp(seconds, style = 'f') {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const text = {
    t: clock, T: (d) => d.toLocaleTimeString(), d: (d) => d.toLocaleDateString(), D: dayName,
    f: (d) => `${dayName(d)} ${clock(d)}`, F: fullTime, R: relative,
  }[style](date);
  return h('time', { datetime: date.toISOString(), title: fullTime(date), class: 'timestamp' }, text);
}

const UNITS = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600],
  ['minute', 60], ['second', 1]];

function relative(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, s]) => Math.abs(seconds) >= s) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(
    Math.trunc(seconds / size), unit);
}
