/** Fewer pixels while a slow machine is in motion, all of them once the picture rests. */

/** Steps of sharpness, as shares of the screen's own. */
const STEPS = [1, 0.75, 0.5];
const SLOW = 45;
const FAST = 14;
const LOOK_AT = 6;

export class Sharpness {
  private step = 0;
  private readonly intervals: number[] = [];

  /** Take the milliseconds between two frames; return the share of pixels for the next one. */
  afterFrame(milliseconds: number): number {
    this.intervals.push(milliseconds);
    if (this.intervals.length >= LOOK_AT) {
      const middle = this.intervals.splice(0).sort((a, b) => a - b)[LOOK_AT >> 1] ?? 0;
      if (middle > SLOW) this.step = Math.min(this.step + 1, STEPS.length - 1);
      else if (middle < FAST) this.step = Math.max(this.step - 1, 0);
    }
    return STEPS[this.step] ?? 1;
  }

  /** Forget the frames of a movement that ended; how sharp the next one starts is kept. */
  rest(): void {
    this.intervals.length = 0;
  }
}
