/** The microphone as a .wav file: mono, 16 bits, with a level to show meanwhile. */

import { Microphone, peak, writeSamples } from './microphone';

const LONGEST_SECONDS = 300;

export class Recorder {
  onLevel: (level: number, seconds: number) => void = () => {};
  private readonly blocks: Float32Array[] = [];
  private samples = 0;

  private constructor(private readonly microphone: Microphone) {
    microphone.onBlock = (block) => this.take(block);
  }

  /** Ask for the microphone and start; the browser's refusal is thrown as it comes. */
  static async start(): Promise<Recorder> {
    return new Recorder(await Microphone.open());
  }

  /** Stop and return what was heard; null if that is nothing. */
  async stop(): Promise<Blob | null> {
    await this.microphone.close();
    return this.samples ? wav(this.blocks, this.samples, this.microphone.rate) : null;
  }

  private take(block: Float32Array): void {
    if (this.samples > LONGEST_SECONDS * this.microphone.rate) return;
    this.blocks.push(block);
    this.samples += block.length;
    this.onLevel(peak(block), this.samples / this.microphone.rate);
  }
}

function wav(blocks: readonly Float32Array[], samples: number, rate: number): Blob {
  const data = new DataView(new ArrayBuffer(44 + 2 * samples));
  const text = (at: number, value: string): void => {
    for (let index = 0; index < value.length; index += 1) data.setUint8(at + index, value.charCodeAt(index));
  };
  text(0, 'RIFF');
  data.setUint32(4, 36 + 2 * samples, true);
  text(8, 'WAVEfmt ');
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, 1, true);
  data.setUint32(24, rate, true);
  data.setUint32(28, 2 * rate, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  text(36, 'data');
  data.setUint32(40, 2 * samples, true);
  let at = 44;
  for (const block of blocks) {
    writeSamples(data, at, block);
    at += 2 * block.length;
  }
  return new Blob([data], { type: 'audio/wav' });
}
