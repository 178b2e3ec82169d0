/** Questions asked before something starts: what to export, and what a video is for. */

import { formatBytes, h, iconButton } from '../dom';
import type { ExportFormat, FormatInfo, ImageFormat } from '../messages';
import { TEXTURE_SIZES } from '../stage/tables';
import type { Studio } from '../studio';

function dialog(title: string): { element: HTMLDialogElement; body: HTMLElement; close: () => void } {
  const element = h('dialog', { 'aria-label': title });
  const close = (): void => element.close();
  const body = h('div', { class: 'dialog-body' });
  element.append(h('header', {}, h('h2', {}, title), iconButton('close', 'Close', close)), body);
  element.addEventListener('click', (event) => {
    if (event.target === element) close();
  });
  element.addEventListener('close', () => element.remove());
  document.body.append(element);
  element.showModal();
  return { element, body, close };
}

export function exportDialog(studio: Studio): void {
  const { body, close } = dialog('Export');
  let format: ExportFormat = 'glb';
  const size = h('select', { id: 'texture-size' });
  for (const value of TEXTURE_SIZES) size.append(h('option', { value, selected: value === 2048 }, `${value} px`));
  const images = h('select', { id: 'image-format' }, h('option', { value: 'png' }, 'PNG, exact'), h('option', { value: 'jpeg' }, 'JPEG, smaller'));
  const withClip = h('input', { type: 'checkbox', checked: studio.clipJob !== null });
  const clipRow = h('label', { class: 'check' }, withClip, `With the performance “${studio.player.title}”`);
  const textures = h('div', { class: 'fields' }, field('Textures', size), field('Pictures', images));
  const go = h('button', { type: 'button', class: 'primary' }, 'Export');
  const note = h('p', { class: 'hint' });
  const lastSize = ({ format: of, ending }: FormatInfo): number => {
    const title = `${studio.shown?.name}${ending}`;
    const known = [...studio.work.all].reverse().find((job) => job.kind === 'export' && job.title === title && job.bytes);
    return known?.bytes ?? (of === 'avatar' ? (studio.shown?.bytes ?? 0) : 0);
  };
  const show = (): void => {
    const info = studio.formats.find((entry) => entry.format === format);
    textures.hidden = !info?.takes_textures;
    clipRow.hidden = !info?.takes_clip || studio.clipJob === null || Boolean(info.needs_clip);
    note.textContent = info?.slow ? 'Filming takes a while: about a second of work for every second of film, or more.' : '';
  };
  const list = h('div', { class: 'formats', role: 'radiogroup', 'aria-label': 'Format' });
  for (const info of studio.formats) {
    if (info.needs_splats && !studio.shown?.splats) continue;
    const missing = info.needs_clip && studio.clipJob === null;
    const input = h('input', { type: 'radio', name: 'format', value: info.format, checked: info.format === format, disabled: missing });
    input.addEventListener('change', () => ((format = info.format), show()));
    const before = lastSize(info);
    list.append(
      h(
        'label',
        { class: missing ? 'format missing' : 'format' },
        input,
        h('span', {}, h('strong', {}, info.title), h('small', {}, missing ? 'needs a performance: let the head speak first' : info.detail)),
        before > 0 && h('small', { class: 'size', title: 'Its size when last exported' }, formatBytes(before)),
      ),
    );
  }
  go.addEventListener('click', () => {
    const info = studio.formats.find((entry) => entry.format === format);
    const clip = info?.needs_clip || (info?.takes_clip && withClip.checked) ? studio.clipJob : null;
    void studio.export({ format, clip, texture_size: Number(size.value), image_format: images.value as ImageFormat });
    close();
  });
  body.append(list, textures, clipRow, note, h('footer', {}, h('button', { type: 'button', onclick: close }, 'Cancel'), go));
  show();
}

export function videoDialog(studio: Studio, file: File): void {
  const { shown } = studio;
  const { body, close } = dialog('What is this video for?');
  const choose = (title: string, detail: string, run: () => unknown): HTMLElement =>
    h('button', { type: 'button', class: 'choice', onclick: () => (close(), run()) }, h('strong', {}, title), h('small', {}, detail));
  const choices = [
    h('p', { class: 'hint' }, file.name),
    shown && choose(`Let ${shown.name} do the same`, 'The face in the video drives this head', () => studio.track(file, false)),
    choose('Make this person’s head', 'A new head from the video’s best frames, with the performance', () => studio.track(file, true)),
    choose('Train an avatar of splats', 'It looks and moves as the person in the video, hair too; this takes some minutes', () => studio.train(file)),
    shown && choose('Speak its sound', 'Only the voice is used', () => studio.speak(file, file.name)),
  ];
  body.append(...choices.filter((choice) => choice !== null));
}

function field(title: string, control: HTMLElement): HTMLElement {
  return h('label', { class: 'field' }, h('span', {}, title), control);
}
