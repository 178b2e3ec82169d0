/** Elements in one expression: `h('button', { class: 'primary', onclick: go }, 'Go')`. */

type Value = string | number | boolean | null | undefined | EventListener | ((event: never) => unknown);
export type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') {
      element.addEventListener(name.replace(/^on/, ''), value as EventListener);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

const PATHS = {
  play: 'M7 4.500v15l12-7.500z',
  pause: 'M7 5h3.500v14H7zM13.500 5H17v14h-3.500z',
  loop: 'M17 2l3 3-3 3M4 11V9a4 4 0 0 1 4-4h12M7 22l-3-3 3-3M20 13v2a4 4 0 0 1-4 4H4',
  sound: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a7.500 7.500 0 0 1 0 11',
  mute: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5',
  undo: 'M8 5L4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11h-3',
  redo: 'M16 5l4 4-4 4M20 9H10a5.500 5.500 0 0 0 0 11h3',
  camera: 'M4 8h3.500L9 5.500h6L16.500 8H20v11H4zM12 16.500a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400z',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5 12h.010M12 12h.010M19 12h.010',
  mic: 'M12 3.500a2.800 2.800 0 0 0-2.800 2.800v5a2.800 2.800 0 0 0 5.600 0v-5A2.800 2.800 0 0 0 12 3.500zM6 11a6 6 0 0 0 12 0M12 17v3.500',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 9.500h4M4 14.500h4M16 9.500h4M16 14.500h4',
  photo: 'M4 5h16v14H4zM4 16l4.500-4.500 4 4 2.500-2.500 5 5M15.500 9.500h.010',
  voice: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10.500v3',
  download: 'M12 4v11M7.500 11L12 15.500 16.500 11M5 20h14',
  search: 'M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM20 20l-4.700-4.700',
  chevron: 'M8 10l4 4 4-4',
  spark: 'M12 4l1.800 5.200L19 11l-5.200 1.800L12 18l-1.800-5.200L5 11l5.200-1.800z',
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name: IconName, label: string, onclick: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick }, icon(name));
}

/** One of several, as buttons in a row; arrows move between them as in a radio group. */
export function segmented<T extends string>(
  label: string,
  choices: readonly (readonly [T, string])[],
  chosen: T,
  onchoose: (value: T) => void,
): HTMLElement & { choose(value: T): void } {
  const buttons = new Map<T, HTMLButtonElement>();
  const show = (value: T): void => {
    for (const [key, button] of buttons) {
      button.setAttribute('aria-checked', String(key === value));
      button.tabIndex = key === value ? 0 : -1;
    }
  };
  const group = h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': label });
  for (const [value, text] of choices) {
    const button = h('button', { type: 'button', role: 'radio', onclick: () => pick(value) }, text);
    buttons.set(value, button);
    group.append(button);
  }
  const pick = (value: T): void => {
    show(value);
    onchoose(value);
  };
  group.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const keys = [...buttons.keys()];
    const now = keys.findIndex((key) => buttons.get(key)?.getAttribute('aria-checked') === 'true');
    const next = keys[(now + step + keys.length) % keys.length];
    if (next === undefined) return;
    buttons.get(next)?.focus();
    pick(next);
  });
  show(chosen);
  return Object.assign(group, { choose: show });
}

/** A table's rows, with the type that its keys have. */
export function entries<K extends string, V>(table: Readonly<Record<K, V>>): readonly (readonly [K, V])[] {
  return Object.entries(table) as [K, V][];
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const tenths = Math.floor((Math.max(0, seconds) - whole) * 10);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}.${tenths}`;
}

/** Ask the browser to save some bytes under a name. */
export function saveAs(source: Blob | string, name: string): void {
  const url = typeof source === 'string' ? source : URL.createObjectURL(source);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (typeof source !== 'string') setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
