/** The microphone, spoken along with by the server: samples go out, faces come back. */

import { h } from './dom';
import { LiveLine } from './live_line';
import type { LiveSource } from './live_source';
import { Microphone, peak, writeSamples } from './microphone';

export class LiveVoice implements LiveSource {
  onFace: LiveSource['onFace'] = () => {};
  onTake: LiveSource['onTake'] = () => {};
  readonly view = h('div', { class: 'level', role: 'img', 'aria-label': 'How loud you are' }, h('span'));
  private readonly line: LiveLine;
  /** When the first sample that was sent was heard. */
  private begin: number | null = null;

  private constructor(
    private readonly microphone: Microphone,
    avatar: string,
  ) {
    this.line = new LiveLine(`/api/voice?avatar=${encodeURIComponent(avatar)}&rate=${microphone.rate}`);
    microphone.onBlock = (block) => this.send(block);
    this.line.onFace = (face) => {
      if (this.begin !== null) this.onFace(face, performance.now() - this.begin - 1000 * face.time);
    };
    this.line.onEnd = (job) => {
      this.release();
      this.onTake(job);
    };
  }

  /** Ask for the microphone and start; the browser's refusal is thrown as it comes. */
  static async start(avatar: string): Promise<LiveVoice> {
    return new LiveVoice(await Microphone.open(), avatar);
  }

  /** Stop; `onTake` is told of what was recorded. */
  stop(): void {
    this.release();
    this.line.stop();
  }

  private send(block: Float32Array): void {
    this.view.style.setProperty('--level', String(peak(block)));
    if (!this.line.open) return;
    this.begin ??= performance.now() - (1000 * block.length) / this.microphone.rate;
    const data = new DataView(new ArrayBuffer(2 * block.length));
    writeSamples(data, 0, block);
    this.line.send(data);
  }

  private release(): void {
    void this.microphone.close();
    this.view.remove();
  }
}
