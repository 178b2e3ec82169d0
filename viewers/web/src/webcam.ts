/** The camera, followed by the server as it happens: pictures go out, faces come back. */

import { h } from './dom';
import type { LiveFace, LiveMessage } from './messages';

const WIDTH = 480;
const FRAME_MILLISECONDS = 33;
/** Pictures on the way at most: more only wait, and what waits is late. */
const MOST_UNDERWAY = 2;
const GIVE_UP_MILLISECONDS = 2000;

export class Webcam {
  onFace: (face: LiveFace, latency: number) => void = () => {};
  onTake: (job: string | null) => void = () => {};
  readonly view: HTMLVideoElement;
  private readonly canvas = document.createElement('canvas');
  private readonly socket: WebSocket;
  private timer = 0;
  private ready = false;
  private job: string | null = null;
  private underway = 0;
  private lastAnswer = 0;

  private constructor(private readonly stream: MediaStream) {
    this.view = h('video', { muted: true, playsinline: true, 'aria-label': 'Your camera' });
    this.view.muted = true;
    this.view.srcObject = stream;
    void this.view.play();
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/api/live`);
    this.socket.onmessage = (message) => this.take(JSON.parse(String(message.data)) as LiveMessage);
    this.socket.onclose = () => this.ended();
    this.timer = window.setInterval(() => this.send(), FRAME_MILLISECONDS);
  }

  /** Ask for the camera and start; the browser's refusal is thrown as it comes. */
  static async start(): Promise<Webcam> {
    return new Webcam(await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 30 } }));
  }

  /** Stop; `onTake` is told of what was recorded. */
  stop(): void {
    this.release();
    if (this.socket.readyState === WebSocket.OPEN && this.ready) this.socket.send('stop');
    else this.socket.close();
  }

  private send(): void {
    const { videoWidth, videoHeight } = this.view;
    const late = performance.now() - this.lastAnswer > GIVE_UP_MILLISECONDS;
    if (!this.ready || videoWidth === 0 || (this.underway >= MOST_UNDERWAY && !late)) return;
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
    if (this.socket.readyState === WebSocket.OPEN && this.timer) this.socket.send(data);
  }

  private take(message: LiveMessage): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        this.lastAnswer = performance.now();
        break;
      case 'face':
        this.lastAnswer = performance.now();
        this.underway = Math.max(0, this.underway - 1);
        this.onFace(message, this.lastAnswer - 1000 * message.time);
        break;
      case 'taken':
        this.job = message.job;
        break;
    }
  }

  private release(): void {
    clearInterval(this.timer);
    this.timer = 0;
    for (const track of this.stream.getTracks()) track.stop();
    this.view.remove();
  }

  private ended(): void {
    this.release();
    this.onTake(this.job);
  }
}
