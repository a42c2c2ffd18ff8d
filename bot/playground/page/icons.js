// Small drawings for the page's own buttons, so that they look alike without an emoji font.

const SVG = 'http://www.w3.org/2000/svg';
const PATHS = {
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6.5 8a6.5 6.5 0 0 1 13 0M16 4.4a3.5 3.5 0 0 1 0 6.2M18 14a6.5 6.5 0 0 1 3.5 5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  thread: 'M7 4v16M7 9h7a3 3 0 0 1 3 3v1M14 16h6M17 13v6',
  forum: 'M4 5h16v9H10l-4 4v-4H4zM8 9h8',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  eye: 'M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5s1.2 2 3.5 2 3.5-2 3.5-2M9 9.5h.01M15 9.5h.01',
  reply: 'M9 6l-5 5 5 5M4 11h10a6 6 0 0 1 6 6v1',
  pencil: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  dots: 'M5 12h.01M12 12h.01M19 12h.01',
  send: 'M4 4l17 8-17 8 3-8zM7 12h8',
  plus: 'M12 5v14M5 12h14',
  cross: 'M6 6l12 12M18 6L6 18',
  hidden: 'M4 4l16 16M9.9 6.2A9 9 0 0 1 12 6c6 0 9.5 6 9.5 6a16 16 0 0 1-2.7 3.4M6.2 8.2A15 15 0 0 0 2.5 12S6 18 12 18a9 9 0 0 0 3.8-.8M10.2 10.3a2.5 2.5 0 0 0 3.5 3.5',
  again: 'M17 3l4 4-4 4M3 11V9a2 2 0 0 1 2-2h16M7 21l-4-4 4-4M21 13v2a2 2 0 0 1-2 2H3',
  back: 'M9 6l-5 5 5 5M4 11h11a5 5 0 0 1 0 10h-3',
  forth: 'M15 6l5 5-5 5M20 11H9a5 5 0 0 0 0 10h3',
  book: 'M12 6c-2-1.5-5-2-9-2v14c4 0 7 .5 9 2 2-1.5 5-2 9-2V4c-4 0-7 .5-9 2zM12 6v14',
};
/** Emoji that the bot uses; any other needs a font that has it. */
const OF_EMOJI = { '🔁': 'again', '↩': 'back', '↪': 'forth', '📖': 'book', '🙈': 'hidden' };

/** A drawing of a standard emoji given as text, or the text itself. */
export function drawn(emoji) {
  const name = OF_EMOJI[emoji.replace('\ufe0f', '')];
  return name ? icon(name) : emoji;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
