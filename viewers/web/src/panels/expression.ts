/** The 52 coefficients as sliders in groups, with search and presets. */

import { h, icon } from '../dom';
import { indexOf } from '../face';
import { EMOTIONS, type Preset, VISEMES } from '../presets';
import { type Slider, SLIDER_GROUPS } from '../stage/tables';
import type { Studio } from '../studio';

export function expression(studio: Studio): HTMLElement {
  const rows = new Map<string, Row>();
  const linked = h('input', { type: 'checkbox', checked: true });
  const change = (slider: Slider, value: number): void => {
    studio.face.set(slider.name, value);
    if (slider.partner && linked.checked) studio.face.set(slider.partner, value);
  };
  const groups = SLIDER_GROUPS.map(({ title, open, sliders }) => {
    for (const slider of sliders) rows.set(slider.name, new Row(slider, (value) => change(slider, value), () => studio.face.commit()));
    const details = h(
      'details',
      { class: 'group', open },
      h('summary', {}, icon('chevron'), title, h('span', { class: 'count' }, String(sliders.length))),
      ...sliders.map(({ name }) => rows.get(name)?.element),
    );
    return { details, sliders };
  });
  const nothing = h('p', { class: 'hint', hidden: true }, 'No slider has this name.');
  const search = h('input', {
    type: 'search',
    placeholder: 'Search 52 sliders',
    'aria-label': 'Search sliders',
    oninput: () => {
      const wanted = search.value.trim().toLowerCase().replace(/\s+/g, '');
      let found = 0;
      for (const { details, sliders } of groups) {
        const hits = sliders.filter(({ name, title }) => {
          const hit = `${name} ${title}`.toLowerCase().replace(/\s+/g, '').includes(wanted);
          const row = rows.get(name);
          if (row) row.element.hidden = !hit;
          return hit;
        });
        details.hidden = hits.length === 0;
        if (wanted && hits.length) details.open = true;
        found += hits.length;
      }
      nothing.hidden = found > 0;
    },
  });
  const show = (): void => {
    for (const [name, row] of rows) row.show(studio.face.weights[indexOf(name)] ?? 0);
  };
  studio.onPose = show;
  show();
  return h(
    'div',
    { class: 'expression' },
    presets('Emotions', EMOTIONS, studio),
    presets('Mouth shapes', VISEMES, studio),
    h(
      'div',
      { class: 'search-row' },
      h('label', { class: 'search' }, icon('search'), search),
      h('label', { class: 'check', title: 'Move left and right together' }, linked, 'L = R'),
    ),
    h('div', { class: 'groups' }, ...groups.map(({ details }) => details), nothing),
  );
}

function presets(title: string, table: Readonly<Record<string, Preset>>, studio: Studio): HTMLElement {
  return h(
    'div',
    { class: 'presets', role: 'group', 'aria-label': title },
    h('h3', {}, title),
    h(
      'div',
      { class: 'chips' },
      ...Object.entries(table).map(([name, preset]) =>
        h('button', { type: 'button', class: 'chip', onclick: () => studio.face.apply(preset) }, name.replaceAll('_', ' ')),
      ),
    ),
  );
}

class Row {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly number: HTMLInputElement;
  private shown = -1;

  constructor({ name, title }: Slider, change: (value: number) => void, commit: () => void) {
    const id = `slider-${name}`;
    this.slider = h('input', { id, type: 'range', min: 0, max: 1, step: 0.01, value: 0, 'data-name': name });
    this.slider.addEventListener('input', () => change(this.slider.valueAsNumber));
    this.slider.addEventListener('change', commit);
    this.slider.addEventListener('dblclick', () => (change(0), commit()));
    this.number = h('input', { type: 'number', min: 0, max: 1, step: 0.01, value: '0', 'aria-label': `${title}, value`, tabindex: -1 });
    this.number.addEventListener('change', () => (change(this.number.valueAsNumber || 0), commit()));
    this.element = h('div', { class: 'slider-row' }, h('label', { for: id, title: name }, title), this.slider, this.number);
  }

  show(value: number): void {
    if (Math.abs(value - this.shown) < 0.002) return;
    this.shown = value;
    this.slider.value = String(value);
    this.slider.style.setProperty('--fill', `${100 * value}%`);
    if (document.activeElement !== this.number) this.number.value = value.toFixed(2).replace(/^0(?=\.)/, '');
    this.element.classList.toggle('active', value > 0.004);
  }
}
