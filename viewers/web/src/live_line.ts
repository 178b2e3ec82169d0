/** A line to the server on which a camera or a voice goes out as it happens and faces come back. */

import type { LiveFace, LiveMessage } from './messages';
import { failed } from './toast';

const TRY_AGAIN = 1013;

export class LiveLine {
  /** The server waits; `delay` are the seconds that faces stay behind what they follow. */
  onReady: (delay: number) => void = () => {};
  onFace: (face: LiveFace) => void = () => {};
  /** It is over; with the job that keeps the take, if there is one. */
  onEnd: (job: string | null) => void = () => {};
  private readonly socket: WebSocket;
  private ready = false;
  private stopped = false;
  private job: string | null = null;

  constructor(path: string) {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}${path}`);
    this.socket.onmessage = (message) => this.take(JSON.parse(String(message.data)) as LiveMessage);
    this.socket.onclose = (event) => {
      if (event.code === TRY_AGAIN) failed(new Error('A camera or microphone is being followed already; stop that first.'));
      this.onEnd(this.job);
    };
  }

  /** Whether what is sent now is listened to. */
  get open(): boolean {
    return this.ready && !this.stopped && this.socket.readyState === WebSocket.OPEN;
  }

  send(data: ArrayBufferView<ArrayBuffer>): void {
    if (this.open) this.socket.send(data);
  }

  /** End the take; `onEnd` follows when it is kept. */
  stop(): void {
    if (this.open) this.socket.send('stop');
    else this.socket.close();
    this.stopped = true;
  }

  private take(message: LiveMessage): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        this.onReady(message.delay);
        break;
      case 'face':
        this.onFace(message);
        break;
      case 'taken':
        this.job = message.job;
        break;
      case 'failed':
        failed(new Error(message.error));
        break;
    }
  }
}
