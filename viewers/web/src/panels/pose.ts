/** Handles for the head's turn and the gaze: pads that take a finger, a mouse or arrow keys. */

import { h } from '../dom';
import { MOST_PITCH, MOST_ROLL, MOST_YAW } from '../stage/tables';
import type { Studio } from '../studio';

export function pose(studio: Studio): HTMLElement {
  const { face } = studio;
  const head = new Pad('Head', 'turns the head', (x, y) => face.setTurn({ yaw: x * MOST_YAW, pitch: -y * MOST_PITCH }), () => face.commit());
  const gaze = new Pad('Gaze', 'turns the eyes', (x, y) => face.look(x, y), () => face.commit());
  const tilt = h('input', { type: 'range', min: -1, max: 1, step: 0.01, value: 0, id: 'tilt' });
  tilt.addEventListener('input', () => face.setTurn({ roll: -tilt.valueAsNumber * MOST_ROLL }));
  tilt.addEventListener('change', () => face.commit());
  const before = studio.onPose;
  studio.onPose = () => {
    before();
    head.show(face.turn.yaw / MOST_YAW, -face.turn.pitch / MOST_PITCH);
    gaze.show(face.gaze.right, face.gaze.up);
    tilt.value = String(-face.turn.roll / MOST_ROLL);
    tilt.style.setProperty('--fill', `${50 + 50 * tilt.valueAsNumber}%`);
  };
  return h(
    'div',
    { class: 'pose' },
    h('div', { class: 'pads' }, head.element, gaze.element),
    h('div', { class: 'slider-row' }, h('label', { for: 'tilt' }, 'Tilt'), tilt, h('span', {})),
  );
}

class Pad {
  readonly element: HTMLElement;
  private readonly knob = h('span', { class: 'knob' });
  private readonly surface: HTMLElement;
  private x = 0;
  private y = 0;

  constructor(
    private readonly title: string,
    private readonly effect: string,
    private readonly change: (x: number, y: number) => void,
    private readonly commit: () => void,
  ) {
    this.surface = h(
      'div',
      {
        class: 'pad',
        tabindex: 0,
        role: 'slider',
        'aria-roledescription': 'two-dimensional slider',
        'aria-label': `${title}: ${effect}; arrow keys move, Home centres`,
        'aria-valuenow': 0,
        onkeydown: (event: KeyboardEvent) => this.onKey(event),
        ondblclick: () => this.move(0, 0, true),
      },
      this.knob,
    );
    this.surface.addEventListener('pointerdown', (event) => {
      this.surface.setPointerCapture(event.pointerId);
      this.point(event);
    });
    this.surface.addEventListener('pointermove', (event) => {
      if (this.surface.hasPointerCapture(event.pointerId)) this.point(event);
    });
    this.surface.addEventListener('pointerup', () => this.commit());
    this.element = h('div', { class: 'pad-block' }, h('h3', {}, this.title), this.surface);
  }

  show(x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.knob.style.left = `${50 + 42 * Math.max(-1, Math.min(1, x))}%`;
    this.knob.style.top = `${50 - 42 * Math.max(-1, Math.min(1, y))}%`;
    const words = `${Math.round(100 * x)} % right, ${Math.round(100 * y)} % up`;
    this.surface.setAttribute('aria-valuetext', `${this.effect}: ${words}`);
  }

  private point(event: PointerEvent): void {
    const box = this.surface.getBoundingClientRect();
    const at = (place: number, start: number, size: number): number => ((place - start) / size - 0.5) / 0.42;
    this.move(at(event.clientX, box.left, box.width), -at(event.clientY, box.top, box.height), false);
  }

  private onKey(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-0.1, 0],
      ArrowRight: [0.1, 0],
      ArrowUp: [0, 0.1],
      ArrowDown: [0, -0.1],
    };
    const step = steps[event.key];
    if (event.key === 'Home') this.move(0, 0, true);
    else if (step) this.move(this.x + step[0], this.y + step[1], true);
    else return;
    event.preventDefault();
  }

  private move(x: number, y: number, whole: boolean): void {
    const limited = (value: number): number => Math.max(-1, Math.min(1, value));
    this.change(limited(x), limited(y));
    if (whole) this.commit();
  }
}
