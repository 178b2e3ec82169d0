/** The strip under the stage: let the head speak, and play what it does. */

import { formatTime, h, icon, iconButton } from '../dom';
import { ACCEPT, chooseFiles } from '../files';
import { Recorder } from '../recorder';
import type { Studio } from '../studio';
import { failed } from '../toast';
import { speakSettings } from './speak_settings';
import { liveVoiceButton, webcamButton } from './live';

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

export function timeline(studio: Studio, onVideo: (file: File) => void, stageBox: HTMLElement): HTMLElement {
  const { player } = studio;
  const play = iconButton('play', 'Play (space)', () => player.toggle());
  play.classList.add('play');
  const bar = h('input', { type: 'range', class: 'scrub', min: 0, max: 1, step: 0.001, value: 0, 'aria-label': 'Place in the performance' });
  bar.addEventListener('input', () => {
    if (player.playing) player.pause();
    studio.scrub(bar.valueAsNumber * player.duration);
  });
  const clock = h('span', { class: 'clock' });
  const loop = iconButton('loop', 'Repeat', () => ((player.loop = !player.loop), show()));
  const sound = iconButton('sound', 'Sound', () => player.setMuted(!player.muted));
  const speed = h('select', { 'aria-label': 'Speed', onchange: () => player.setSpeed(Number(speed.value)) });
  for (const value of SPEEDS) speed.append(h('option', { value, selected: value === 1 }, `${value}×`));
  const title = h('span', { class: 'clip-title' });
  const transport = h(
    'div',
    { class: 'transport' },
    play,
    h('div', { class: 'bar' }, h('div', { class: 'bar-text' }, title, clock), bar),
    speed,
    loop,
    sound,
    iconButton('close', 'Take the performance away', () => studio.unloadClip()),
  );
  const show = (): void => {
    transport.hidden = !player.loaded;
    play.replaceChildren(icon(player.playing ? 'pause' : 'play'));
    play.setAttribute('aria-label', player.playing ? 'Pause' : 'Play');
    loop.setAttribute('aria-pressed', String(player.loop));
    sound.replaceChildren(icon(player.muted ? 'mute' : 'sound'));
    sound.setAttribute('aria-pressed', String(!player.muted));
    sound.hidden = !player.hasSound;
    title.textContent = player.title;
    tick();
  };
  const tick = (): void => {
    const now = player.time();
    clock.textContent = `${formatTime(now)} / ${formatTime(player.duration)}`;
    const share = player.duration ? now / player.duration : 0;
    bar.value = String(share);
    bar.style.setProperty('--fill', `${100 * share}%`);
    bar.setAttribute('aria-valuetext', `${now.toFixed(1)} of ${player.duration.toFixed(1)} seconds`);
  };
  const before = studio.onPose;
  studio.onPose = () => {
    before();
    if (player.loaded) tick();
  };
  studio.listen(show);
  return h('section', { class: 'timeline', 'aria-label': 'Performance' }, speakRow(studio, onVideo, stageBox), transport);
}

function speakRow(studio: Studio, onVideo: (file: File) => void, stageBox: HTMLElement): HTMLElement {
  const voice = h('button', { type: 'button', class: 'speak' }, icon('voice'), 'Choose a voice');
  voice.addEventListener('click', async () => {
    const [file] = await chooseFiles(`${ACCEPT.sound},${ACCEPT.video}`);
    if (file) await studio.speak(file, file.name);
  });
  const record = h('button', { type: 'button' }, icon('mic'), h('span', {}, 'Record'));
  recording(record, studio);
  const video = h('button', { type: 'button', 'aria-label': 'Follow a video', title: 'Follow a video' }, icon('film'), 'Video');
  video.addEventListener('click', async () => {
    const [file] = await chooseFiles(ACCEPT.video);
    if (file) onVideo(file);
  });
  const test = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Test animation', title: 'Test animation', onclick: () => void studio.readClip(null) }, icon('spark'), 'Test');
  const row = h('div', { class: 'speak-row' }, voice, record, speakSettings(studio), liveVoiceButton(studio, stageBox), webcamButton(studio, stageBox), video, test);
  studio.listen(() => {
    for (const button of [voice, record, test]) button.disabled = studio.shown === null;
    const busy = studio.work.active.find((job) => job.kind === 'speak' && studio.work.isMine(job.id));
    voice.classList.toggle('busy', Boolean(busy));
    voice.lastChild!.textContent = busy ? `${busy.stage} ${Math.round(100 * busy.progress)} %` : 'Choose a voice';
  });
  return row;
}

function recording(button: HTMLButtonElement, studio: Studio): void {
  const text = button.querySelector('span');
  let recorder: Recorder | null = null;
  button.addEventListener('click', async () => {
    if (recorder) {
      const ended = recorder;
      recorder = null;
      button.classList.remove('recording');
      if (text) text.textContent = 'Record';
      const heard = await ended.stop();
      if (heard) await studio.speak(heard, 'Recording.wav');
      return;
    }
    try {
      studio.player.pause();
      recorder = await Recorder.start();
    } catch {
      failed(new Error('The microphone could not be opened: allow it for this page in the browser, and see that one is plugged in.'));
      return;
    }
    button.classList.add('recording');
    recorder.onLevel = (level, seconds) => {
      button.style.setProperty('--level', String(Math.min(1, level * 1.4)));
      if (text) text.textContent = `Stop ${formatTime(seconds)}`;
    };
  });
}
