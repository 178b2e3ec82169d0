/** Where the light comes from, and what lies behind the head. */

import { capital, entries, h, icon, segmented } from '../dom';
import { ACCEPT, chooseFiles } from '../files';
import type { BackgroundName, EnvironmentName } from '../stage/light';
import { type BackdropName, BACKDROPS, KEY_HEIGHT, KEY_SIDE, ROOM_TITLES } from '../stage/tables';
import type { Studio } from '../studio';

const ENVIRONMENTS: readonly (readonly [EnvironmentName, string])[] = [
  ['filmed', 'As filmed'],
  ...entries(ROOM_TITLES),
  ['own', 'Own'],
];

const BACKGROUNDS: readonly (readonly [BackgroundName, string])[] = [
  ...(Object.keys(BACKDROPS) as BackdropName[]).map((name) => [name, capital(name)] as const),
  ['environment', 'Light'],
];

const DEGREE = Math.PI / 180;

export function lightPanel(studio: Studio): HTMLElement {
  const { light } = studio;
  const environment = segmented('Environment', ENVIRONMENTS, light.environment, (name) => {
    if (name === 'own' && !light.hasOwn) void choose();
    else light.setEnvironment(name);
    studio.lightChanged();
  });
  const choose = async (): Promise<void> => {
    const [file] = await chooseFiles(ACCEPT.hdr);
    if (file) studio.takeHdr(file);
    else environment.choose(light.environment);
  };
  const fixed = h('p', { class: 'hint' }, 'These splats keep the light they were filmed in.');
  studio.listen(() => {
    environment.choose(light.environment);
    environment.classList.toggle('no-filmed', !studio.relightable);
    fixed.hidden = studio.look !== 'splats' || studio.relightable || !studio.shown?.splats;
  });
  const key = { strength: 0, side: Math.round(KEY_SIDE / DEGREE), height: Math.round(KEY_HEIGHT / DEGREE) };
  const setKey = (): void => light.setKey(key.strength, key.side * DEGREE, key.height * DEGREE);
  return h(
    'div',
    { class: 'light' },
    h('h3', {}, 'Environment'),
    environment,
    fixed,
    h('button', { type: 'button', class: 'small wide', onclick: () => void choose() }, icon('plus'), 'Light it with your own .hdr'),
    knob('Brightness', 0, 3, 1, 0.01, '', (value) => light.setBrightness(value)),
    knob('Turn', -180, 180, 0, 1, '°', (value) => light.rotate(value * DEGREE)),
    h('h3', {}, 'Key light'),
    knob('Strength', 0, 3, 0, 0.05, '', (value) => ((key.strength = value), setKey())),
    knob('Side', -180, 180, key.side, 1, '°', (value) => ((key.side = value), setKey())),
    knob('Height', -30, 89, key.height, 1, '°', (value) => ((key.height = value), setKey())),
    h('h3', {}, 'Background'),
    segmented('Background', BACKGROUNDS, 'dark', (backdrop) => light.setBackdrop(backdrop)),
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
