/** The buttons that let the head do what the camera sees or what the microphone hears, as it happens. */

import { h, icon, type IconName } from '../dom';
import type { LiveSource } from '../live_source';
import { LiveVoice } from '../live_voice';
import type { Studio } from '../studio';
import { failed, toast } from '../toast';
import { Webcam } from '../webcam';

interface Follower {
  readonly icon: IconName;
  readonly title: string;
  /** What is said where a picture shows no face. */
  readonly nothing?: string;
  readonly refused: string;
  start(): Promise<LiveSource>;
}

export function webcamButton(studio: Studio, place: HTMLElement): HTMLButtonElement {
  return liveButton(studio, place, {
    icon: 'camera',
    title: 'Webcam',
    nothing: 'No face to be seen',
    refused: 'The camera could not be opened: allow it for this page in the browser, and see that no other program uses it.',
    start: () => Webcam.start(),
  });
}

export function liveVoiceButton(studio: Studio, place: HTMLElement): HTMLButtonElement {
  return liveButton(studio, place, {
    icon: 'mic',
    title: 'Speak live',
    refused: 'The microphone could not be opened: allow it for this page in the browser, and see that one is plugged in.',
    start: () => LiveVoice.start(studio.shown?.id ?? ''),
  });
}

function liveButton(studio: Studio, place: HTMLElement, follower: Follower): HTMLButtonElement {
  const text = h('span', {}, follower.title);
  const button = h('button', { type: 'button' }, icon(follower.icon), text);
  const note = h('span', { class: 'latency', title: 'Time from what is seen or heard to the face that shows it' }, 'Starting…');
  const box = h('div', { class: 'self-view', hidden: true }, note);
  place.append(box);
  let source: LiveSource | null = null;
  const rest = (): void => {
    text.textContent = follower.title;
    button.classList.remove('recording');
    box.hidden = true;
  };
  const start = async (): Promise<void> => {
    studio.player.pause();
    const started = await follower.start();
    source = started;
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
      note.textContent = face.weights.length ? `${middle.toFixed(0)} ms` : (follower.nothing ?? '');
      studio.mimic(face);
    };
    started.onTake = (job) => {
      source = null;
      rest();
      if (job) toast('The take is kept in the activity list', { label: 'Play', run: () => studio.performJob(job) });
    };
  };
  button.addEventListener('click', () => {
    if (source) {
      source.stop();
      return rest();
    }
    start().catch(() => failed(new Error(follower.refused)));
  });
  studio.listen(() => (button.disabled = studio.shown === null));
  return button;
}
