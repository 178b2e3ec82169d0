/** The microphone's samples as they come, mono, in [-1, 1]. */

export class Microphone {
  onBlock: (block: Float32Array) => void = () => {};

  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
    node: AudioWorkletNode,
  ) {
    node.port.onmessage = (message) => this.onBlock(message.data as Float32Array);
  }

  /** Samples a second. */
  get rate(): number {
    return this.context.sampleRate;
  }

  /** Ask for the microphone and open it; the browser's refusal is thrown as it comes. */
  static async open(): Promise<Microphone> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: true, channelCount: 1 },
    });
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL('./tap.js', document.baseURI).href);
    const node = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0 });
    context.createMediaStreamSource(stream).connect(node);
    return new Microphone(context, stream, node);
  }

  async close(): Promise<void> {
    this.onBlock = () => {};
    for (const track of this.stream.getTracks()) track.stop();
    if (this.context.state !== 'closed') await this.context.close();
  }
}

/** How loud a block is at most, in [0, 1]. */
export function peak(block: Float32Array): number {
  let most = 0;
  for (const value of block) most = Math.max(most, Math.abs(value));
  return Math.min(1, most);
}

/** Samples as 16-bit integers, little-endian, written into `data` from byte `at` on. */
export function writeSamples(data: DataView, at: number, block: Float32Array): void {
  for (const [index, value] of block.entries()) {
    data.setInt16(at + 2 * index, Math.max(-1, Math.min(1, value)) * 32767, true);
  }
}
