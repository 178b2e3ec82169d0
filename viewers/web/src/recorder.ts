/** The microphone as a .wav file: mono, 16 bits, with a level to show meanwhile. */

const LONGEST_SECONDS = 300;

export class Recorder {
  onLevel: (level: number, seconds: number) => void = () => {};
  private readonly blocks: Float32Array[] = [];
  private samples = 0;
  private done = false;

  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
    node: AudioWorkletNode,
  ) {
    node.port.onmessage = (message) => this.take(message.data as Float32Array);
  }

  /** Ask for the microphone and start; the browser's refusal is thrown as it comes. */
  static async start(): Promise<Recorder> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: true, channelCount: 1 },
    });
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL('./tap.js', document.baseURI).href);
    const node = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0 });
    context.createMediaStreamSource(stream).connect(node);
    return new Recorder(context, stream, node);
  }

  /** Stop and return what was heard; null if that is nothing. */
  async stop(): Promise<Blob | null> {
    this.done = true;
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
    return this.samples ? wav(this.blocks, this.samples, this.context.sampleRate) : null;
  }

  private take(block: Float32Array): void {
    if (this.done || this.samples > LONGEST_SECONDS * this.context.sampleRate) return;
    this.blocks.push(block);
    this.samples += block.length;
    let most = 0;
    for (const value of block) most = Math.max(most, Math.abs(value));
    this.onLevel(most, this.samples / this.context.sampleRate);
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
    for (const value of block) {
      data.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true);
      at += 2;
    }
  }
  return new Blob([data], { type: 'audio/wav' });
}
