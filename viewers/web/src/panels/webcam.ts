/** The button that lets the head do what the camera sees, and the small picture beside it. */

import { h, icon } from '../dom';
import type { Studio } from '../studio';
import { failed, toast } from '../toast';
import { Webcam } from '../webcam';

export function webcamButton(studio: Studio, place: HTMLElement): HTMLButtonElement {
  const text = h('span', {}, 'Webcam');
  const button = h('button', { type: 'button' }, icon('camera'), text);
  const note = h('span', { class: 'latency' }, 'Starting…');
  const box = h('div', { class: 'self-view', hidden: true }, note);
  place.append(box);
  let webcam: Webcam | null = null;
  const stop = (): void => {
    webcam?.stop();
    text.textContent = 'Webcam';
    button.classList.remove('recording');
    box.hidden = true;
  };
  const start = async (): Promise<void> => {
    studio.player.pause();
    const started = await Webcam.start();
    webcam = started;
    note.textContent = 'Starting…';
    box.prepend(started.view);
    box.hidden = false;
    text.textContent = 'Stop';
    button.classList.add('recording');
    const delays: number[] = [];
    started.onFace = (face, latency) => {
      delays.push(latency);
      if (delays.length > 15) delays.shift();
      const middle = [...delays].sort((a, b) => a - b)[delays.length >> 1] ?? latency;
      note.textContent = face.weights.length ? `${middle.toFixed(0)} ms` : 'No face to be seen';
      studio.mimic(face);
    };
    started.onTake = (job) => {
      webcam = null;
      stop();
      if (job) toast('The take is kept in the activity list', { label: 'Play', run: () => studio.performJob(job) });
    };
  };
  button.addEventListener('click', () => {
    if (webcam) return stop();
    start().catch(() => failed(new Error('The camera could not be opened: allow it for this page in the browser, and see that no other program uses it.')));
  });
  studio.listen(() => (button.disabled = studio.shown === null));
  return button;
}
