/** The stage as a film, as it happens: its picture, and the sound of what plays. */

import type { Player } from './player';

const FRAMES_A_SECOND = 30;
const BITS_A_SECOND = 12_000_000;

export class StageFilm {
  private readonly pieces: Blob[] = [];

  private constructor(private readonly recorder: MediaRecorder) {
    recorder.ondataavailable = (event) => this.pieces.push(event.data);
    recorder.start(1000);
  }

  /** Start to record; throws where the browser cannot. */
  static start(canvas: HTMLCanvasElement, player: Player): StageFilm {
    const stream = canvas.captureStream(FRAMES_A_SECOND);
    for (const track of player.soundTracks()) stream.addTrack(track);
    return new StageFilm(new MediaRecorder(stream, { videoBitsPerSecond: BITS_A_SECOND }));
  }

  /** Stop and return the film; what it is, its `type` says. */
  stop(): Promise<Blob> {
    return new Promise((resolve) => {
      this.recorder.onstop = () => {
        for (const track of this.recorder.stream.getVideoTracks()) track.stop();
        resolve(new Blob(this.pieces, { type: this.recorder.mimeType.replace(/;.*/, '') }));
      };
      this.recorder.stop();
    });
  }
}
