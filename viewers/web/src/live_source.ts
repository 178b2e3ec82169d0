/** What a button can let the head follow as it happens. */

import type { LiveFace } from './messages';

export interface LiveSource {
  /** What the person sees of themselves: their picture, or how loud they are. */
  readonly view: HTMLElement;
  /** A face, and the milliseconds since what it shows was seen or heard. */
  onFace: (face: LiveFace, latency: number) => void;
  onTake: (job: string | null) => void;
  stop(): void;
}
