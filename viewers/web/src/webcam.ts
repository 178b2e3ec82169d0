/** The camera, followed by the server as it happens: pictures go out, faces come back. */

import { h } from './dom';
import { LiveLine } from './live_line';
import type { LiveSource } from './live_source';

const WIDTH = 480;
const FRAME_MILLISECONDS = 33;
/** Pictures on the way at most: more only wait, and what waits is late. */
const MOST_UNDERWAY = 2;
const GIVE_UP_MILLISECONDS = 2000;

export class Webcam implements LiveSource {
  onFace: LiveSource['onFace'] = () => {};
  onTake: LiveSource['onTake'] = () => {};
  readonly view: HTMLVideoElement;
  private readonly canvas = document.createElement('canvas');
  private readonly line = new LiveLine('/api/camera');
  private timer = 0;
  private underway = 0;
  private lastAnswer = 0;

  private constructor(private readonly stream: MediaStream) {
    this.view = h('video', { muted: true, playsinline: true, 'aria-label': 'Your camera' });
    this.view.muted = true;
    this.view.srcObject = stream;
    void this.view.play();
    this.line.onReady = () => (this.lastAnswer = performance.now());
    this.line.onFace = (face) => {
      this.lastAnswer = performance.now();
      this.underway = Math.max(0, this.underway - 1);
      this.onFace(face, this.lastAnswer - 1000 * face.time);
    };
    this.line.onEnd = (job) => {
      this.release();
      this.onTake(job);
    };
    this.timer = window.setInterval(() => this.send(), FRAME_MILLISECONDS);
  }

  /** Ask for the camera and start; the browser's refusal is thrown as it comes. */
  static async start(): Promise<Webcam> {
    return new Webcam(await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 30 } }));
  }

  /** Stop; `onTake` is told of what was recorded. */
  stop(): void {
    this.release();
    this.line.stop();
  }

  private send(): void {
    const { videoWidth, videoHeight } = this.view;
    const late = performance.now() - this.lastAnswer > GIVE_UP_MILLISECONDS;
    if (!this.line.open || videoWidth === 0 || (this.underway >= MOST_UNDERWAY && !late)) return;
    this.canvas.width = WIDTH;
    this.canvas.height = Math.round((WIDTH * videoHeight) / videoWidth);
    this.canvas.getContext('2d')?.drawImage(this.view, 0, 0, this.canvas.width, this.canvas.height);
    const seen = performance.now();
    this.underway = late ? 1 : this.underway + 1;
    if (late) this.lastAnswer = seen;
    this.canvas.toBlob((blob) => void this.sendPicture(blob, seen), 'image/jpeg', 0.85);
  }

  private async sendPicture(blob: Blob | null, seen: number): Promise<void> {
    if (!blob) return;
    const data = new Uint8Array(8 + blob.size);
    new DataView(data.buffer).setFloat64(0, seen / 1000, true);
    data.set(new Uint8Array(await blob.arrayBuffer()), 8);
    this.line.send(data);
  }

  private release(): void {
    clearInterval(this.timer);
    for (const track of this.stream.getTracks()) track.stop();
    this.view.remove();
  }
}
