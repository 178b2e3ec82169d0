/** How the next voice is to be performed: words, style, emotion. */

import { h } from '../dom';
import { EMOTION_NAMES, STYLES } from '../messages';
import type { Studio } from '../studio';

export function speakSettings(studio: Studio): HTMLElement {
  const settings = studio.speaking;
  const words = h('textarea', { id: 'words', rows: 3, placeholder: 'The words, if you know them: the lips get surer' });
  words.addEventListener('input', () => (settings.text = words.value));
  const style = choice('Style', STYLES, (value) => (settings.style = value));
  const emotion = choice('Emotion', EMOTION_NAMES, (value) => (settings.emotion = value));
  const amount = h('input', { type: 'range', id: 'intensity', min: 0.3, max: 1.7, step: 0.05, value: 1 });
  amount.addEventListener('input', () => (settings.intensity = amount.valueAsNumber));
  const popup = h(
    'div',
    { class: 'popup', id: 'speak-settings', popover: 'auto' },
    h('label', { for: 'words' }, 'What is said'),
    words,
    h('div', { class: 'fields' }, style, emotion),
    h('label', { for: 'intensity' }, 'How far the mouth moves'),
    amount,
  );
  const button = h('button', { type: 'button', class: 'quiet', popovertarget: 'speak-settings' }, 'How…');
  popup.addEventListener('toggle', () => {
    const box = button.getBoundingClientRect();
    popup.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 336))}px`;
    popup.style.bottom = `${innerHeight - box.top + 8}px`;
  });
  return h('span', { class: 'how' }, button, popup);
}

function choice<T extends string>(title: string, values: readonly T[], change: (value: T) => void): HTMLElement {
  const select = h('select', { 'aria-label': title });
  for (const value of values) select.append(h('option', { value }, value));
  select.addEventListener('change', () => change(select.value as T));
  return h('label', { class: 'field' }, h('span', {}, title), select);
}
