/** Where the light comes from, and what lies behind the head. */

import { h, icon, segmented } from '../dom';
import { ACCEPT, chooseFiles } from '../files';
import type { Backdrop, EnvironmentName } from '../stage/light';
import type { Studio } from '../studio';

const ENVIRONMENTS: readonly (readonly [EnvironmentName, string])[] = [
  ['softbox', 'Softbox'],
  ['window', 'Window'],
  ['rim', 'Rim'],
  ['overcast', 'Overcast'],
  ['own', 'Own'],
];

const BACKDROPS: readonly (readonly [Backdrop, string])[] = [
  ['dark', 'Dark'],
  ['grey', 'Grey'],
  ['white', 'White'],
  ['environment', 'Light'],
];

export function lightPanel(studio: Studio): HTMLElement {
  const { light } = studio;
  let had = false;
  const environment = segmented('Environment', ENVIRONMENTS, 'softbox', (name) => {
    if (name === 'own' && !light.hasOwn) void choose();
    else light.setEnvironment(name);
  });
  const choose = async (): Promise<void> => {
    const [file] = await chooseFiles(ACCEPT.hdr);
    if (file) studio.takeHdr(file);
    else environment.choose('softbox');
  };
  studio.listen(() => {
    if (light.hasOwn && !had) environment.choose('own');
    had = light.hasOwn;
  });
  const key = { strength: 0, azimuth: -40, height: 35 };
  const setKey = (): void => light.setKey(key.strength, (key.azimuth * Math.PI) / 180, (key.height * Math.PI) / 180);
  return h(
    'div',
    { class: 'light' },
    h('h3', {}, 'Environment'),
    environment,
    h('button', { type: 'button', class: 'small wide', onclick: () => void choose() }, icon('plus'), 'Light it with your own .hdr'),
    knob('Brightness', 0, 3, 1, 0.01, '', (value) => light.setIntensity(value)),
    knob('Turn', -180, 180, 0, 1, '°', (value) => light.rotate((value * Math.PI) / 180)),
    h('h3', {}, 'Key light'),
    knob('Strength', 0, 6, 0, 0.05, '', (value) => ((key.strength = value), setKey())),
    knob('Side', -180, 180, key.azimuth, 1, '°', (value) => ((key.azimuth = value), setKey())),
    knob('Height', -30, 89, key.height, 1, '°', (value) => ((key.height = value), setKey())),
    h('h3', {}, 'Background'),
    segmented('Background', BACKDROPS, 'dark', (backdrop) => light.setBackdrop(backdrop)),
  );
}

function knob(title: string, min: number, max: number, value: number, step: number, unit: string, change: (value: number) => void): HTMLElement {
  const id = `light-${title.toLowerCase()}`;
  const slider = h('input', { id, type: 'range', min, max, step, value });
  const output = h('output', { for: id });
  const show = (): void => {
    slider.style.setProperty('--fill', `${(100 * (slider.valueAsNumber - min)) / (max - min)}%`);
    output.textContent = `${slider.valueAsNumber}${unit}`;
  };
  slider.addEventListener('input', () => (show(), change(slider.valueAsNumber)));
  slider.addEventListener('dblclick', () => {
    slider.value = String(value);
    show();
    change(value);
  });
  show();
  return h('div', { class: 'slider-row active' }, h('label', { for: id }, title), slider, output);
}
