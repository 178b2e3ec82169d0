/** Short words at the bottom of the page: what went wrong, or what can be undone. */

import { h, iconButton } from './dom';

const SECONDS = 7;
const list = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

export function toastList(): HTMLElement {
  return list;
}

export function toast(text: string, action?: { label: string; run: () => void }, kind: 'note' | 'error' = 'note'): void {
  const close = (): void => item.remove();
  const item = h(
    'div',
    { class: `toast ${kind}` },
    h('span', {}, text),
    action &&
      h('button', { type: 'button', class: 'link', onclick: () => (close(), action.run()) }, action.label),
    iconButton('close', 'Dismiss', close),
  );
  list.append(item);
  while (list.children.length > 3) list.firstElementChild?.remove();
  // Errors stay until they are read.
  if (kind === 'note') setTimeout(close, SECONDS * 1000);
}

export function failed(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), undefined, 'error');
}
