/** A performance over time: curves that follow the sound, or a clock where there is none. */

import { Quaternion } from 'three';
import type { ClipData } from './messages';

export interface Moment {
  readonly weights: Float32Array;
  readonly rotations: ReadonlyMap<string, Quaternion>;
}

export class Player {
  loop = true;
  onState: () => void = () => {};
  private clip: Curves | null = null;
  private audio: HTMLAudioElement | null = null;
  private clock: { start: number; from: number } | null = null;
  private place = 0;
  private rate = 1;
  private quiet = false;

  get loaded(): boolean {
    return this.clip !== null;
  }

  get title(): string {
    return this.clip?.name ?? '';
  }

  get duration(): number {
    return this.clip?.duration ?? 0;
  }

  get playing(): boolean {
    return this.clock !== null;
  }

  get hasSound(): boolean {
    return this.audio !== null;
  }

  get speed(): number {
    return this.rate;
  }

  get muted(): boolean {
    return this.quiet;
  }

  load(data: ClipData, title: string, sound: string | null): void {
    this.unload();
    this.clip = new Curves(data, title);
    if (sound) {
      this.audio = new Audio(sound);
      this.audio.preload = 'auto';
      this.audio.muted = this.quiet;
    }
    this.onState();
  }

  unload(): void {
    this.pause();
    this.audio?.removeAttribute('src');
    this.audio = null;
    this.clip = null;
    this.place = 0;
    this.onState();
  }

  play(): void {
    if (!this.clip) return;
    if (this.place >= this.duration - 0.02) this.place = 0;
    this.clock = { start: performance.now() / 1000, from: this.place };
    if (this.audio) {
      this.audio.currentTime = this.place;
      this.audio.playbackRate = this.rate;
      // A browser may refuse sound before the first click: the picture goes on without it.
      this.audio.play().catch(() => {});
    }
    this.onState();
  }

  pause(): void {
    this.place = this.time();
    this.clock = null;
    this.audio?.pause();
    this.onState();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(seconds: number): void {
    this.place = Math.min(this.duration, Math.max(0, seconds));
    if (this.audio) this.audio.currentTime = this.place;
    if (this.clock) this.clock = { start: performance.now() / 1000, from: this.place };
    this.onState();
  }

  setSpeed(rate: number): void {
    const now = this.time();
    this.rate = rate;
    if (this.audio) this.audio.playbackRate = rate;
    if (this.clock) this.clock = { start: performance.now() / 1000, from: now };
  }

  setMuted(muted: boolean): void {
    this.quiet = muted;
    if (this.audio) this.audio.muted = muted;
    this.onState();
  }

  /** The sound as a film records it; none where the browser keeps it to itself. */
  soundTracks(): MediaStreamTrack[] {
    const sounding = this.audio as (HTMLAudioElement & { captureStream?(): MediaStream }) | null;
    return sounding?.captureStream?.().getAudioTracks() ?? [];
  }

  /** Where it is, in seconds: where the sound is, if it sounds. */
  time(): number {
    if (!this.clock) return this.place;
    if (this.audio && !this.audio.paused && !this.audio.ended && this.audio.currentTime > 0) {
      // Sound tells its place only now and then; the clock in between must not run away from it.
      const heard = this.audio.currentTime;
      const now = performance.now() / 1000;
      const clock = this.clock.from + (now - this.clock.start) * this.rate;
      if (Math.abs(clock - heard) > 0.06) this.clock = { start: now, from: heard };
    }
    return this.clock.from + (performance.now() / 1000 - this.clock.start) * this.rate;
  }

  /** Move on; return what the face does now, null when nothing is loaded. */
  advance(): Moment | null {
    if (!this.clip) return null;
    let now = this.time();
    if (this.playing && now >= this.duration) {
      if (this.loop) {
        this.place = 0;
        this.play();
        now = 0;
      } else {
        this.pause();
        this.place = now = this.duration;
        this.onState();
      }
    }
    return this.clip.at(now);
  }
}

class Curves {
  readonly duration: number;
  private readonly times: Float32Array;
  private readonly weights: Float32Array;
  private readonly rotations: Float32Array;
  private readonly moment: { weights: Float32Array; rotations: Map<string, Quaternion> };
  private readonly next = new Quaternion();
  private row = 0;

  constructor(
    private readonly data: ClipData,
    readonly name: string,
  ) {
    this.times = floats(data.times);
    this.weights = floats(data.weights);
    this.rotations = floats(data.rotations);
    this.duration = this.times[this.times.length - 1] ?? 0;
    this.moment = {
      weights: new Float32Array(52),
      rotations: new Map(data.joints.map((joint) => [joint, new Quaternion()])),
    };
  }

  at(seconds: number): Moment {
    const { times, weights } = this;
    const last = times.length - 1;
    if ((times[this.row] ?? 0) > seconds) this.row = 0;
    while (this.row < last - 1 && (times[this.row + 1] ?? Infinity) <= seconds) this.row += 1;
    const [a, b] = [this.row, Math.min(this.row + 1, last)];
    const [start, end] = [times[a] ?? 0, times[b] ?? 0];
    const mix = end > start ? Math.min(1, Math.max(0, (seconds - start) / (end - start))) : 0;
    for (let index = 0; index < 52; index += 1) {
      const value = weights[a * 52 + index] ?? 0;
      this.moment.weights[index] = value + mix * ((weights[b * 52 + index] ?? 0) - value);
    }
    const stride = 4 * this.data.joints.length;
    let offset = 0;
    for (const rotation of this.moment.rotations.values()) {
      rotation.fromArray(this.rotations, a * stride + offset);
      rotation.slerp(this.next.fromArray(this.rotations, b * stride + offset), mix);
      offset += 4;
    }
    return this.moment;
  }
}

function floats(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
