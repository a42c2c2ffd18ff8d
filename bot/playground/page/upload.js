// Files on their way into a message: chosen, pasted or dropped.

import { h, toast } from './dom.js';
import { icon } from './icons.js';

const FILES_AT_MOST = 10;
const BYTES_AT_MOST = 10 * 1024 * 1024;

export class Uploads {
  constructor(area, { onchange }) {
    this.files = [];
    this.onchange = onchange;
    this.input = h('input', { type: 'file', multiple: true, hidden: true, 'aria-label': 'Choose files',
      onchange: () => {
        this.add(this.input.files);
        this.input.value = '';
      } });
    this.button = h('button', { type: 'button', class: 'attach', 'aria-label': 'Attach files',
      title: 'Attach files', onclick: () => this.input.click() }, icon('plus'));
    this.element = h('div', { class: 'uploads', hidden: true });
    area.addEventListener('dragover', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      area.classList.add('dropping');
    });
    area.addEventListener('dragleave', () => area.classList.remove('dropping'));
    area.addEventListener('drop', (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      area.classList.remove('dropping');
      this.add(event.dataTransfer.files);
    });
  }

  /** For a field's paste event: pictures come as files, text stays text. */
  pasted(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    this.add(event.clipboardData.files);
  }

  add(files) {
    for (const file of files) {
      if (file.size > BYTES_AT_MOST) toast(`${file.name} is larger than 10 MB.`);
      else if (this.files.length >= FILES_AT_MOST) toast('A message holds ten files at most.');
      else this.files.push(file);
    }
    this.#draw();
  }

  take() {
    const files = this.files;
    this.files = [];
    this.#draw();
    return files;
  }

  #draw() {
    this.element.hidden = !this.files.length;
    this.element.replaceChildren(...this.files.map((file, index) => h('div', { class: 'upload' },
      icon(file.type.startsWith('image/') ? 'picture' : 'file'),
      h('span', { class: 'upload-name' }, file.name),
      h('button', { type: 'button', 'aria-label': `Remove ${file.name}`, onclick: () => {
        this.files.splice(index, 1);
        this.#draw();
      } }, icon('cross')))));
    this.onchange();
  }
}
