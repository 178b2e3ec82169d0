/** What the face does: 52 weights and the head's turn, with undo. */

import { Euler, Quaternion } from 'three';
import { ARKIT_NAMES } from './messages';
import type { Preset } from './presets';
import { NECK_SHARE } from './stage/tables';

export interface Turn {
  readonly pitch: number;
  readonly yaw: number;
  readonly roll: number;
}

export interface Pose {
  readonly weights: Float32Array;
  readonly turn: Turn;
}

const MOST_UNDO = 100;

export const STILL: Turn = { pitch: 0, yaw: 0, roll: 0 };
const INDEX = new Map<string, number>(ARKIT_NAMES.map((name, index) => [name, index]));

export function indexOf(name: string): number {
  const index = INDEX.get(name);
  if (index === undefined) throw new Error(`no coefficient ${name}`);
  return index;
}

export class Face {
  weights = new Float32Array(ARKIT_NAMES.length);
  turn: Turn = STILL;
  /** Called after every change, by hand or not. */
  onChange: () => void = () => {};
  onHistory: () => void = () => {};
  private past: Pose[] = [this.copy()];
  private future: Pose[] = [];

  get canUndo(): boolean {
    return this.past.length > 1;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  set(name: string, value: number): void {
    this.weights[indexOf(name)] = Math.min(1, Math.max(0, value));
    this.onChange();
  }

  setTurn(turn: Partial<Turn>): void {
    this.turn = { ...this.turn, ...turn };
    this.onChange();
  }

  /** Take a preset's values; all other coefficients go to zero. */
  apply(preset: Preset): void {
    this.weights.fill(0);
    for (const [name, value] of Object.entries(preset)) this.weights[indexOf(name)] = value;
    this.commit();
    this.onChange();
  }

  reset(): void {
    this.turn = STILL;
    this.apply({});
  }

  /** Let both eyes look: right of the picture and up are positive, 1 is as far as they go. */
  look(right: number, up: number): void {
    const ahead = (value: number): number => Math.min(1, Math.max(0, value));
    const pairs: [string, number][] = [
      // The picture's right is the subject's left.
      ['eyeLookOutLeft', right],
      ['eyeLookInRight', right],
      ['eyeLookInLeft', -right],
      ['eyeLookOutRight', -right],
      ['eyeLookUpLeft', up],
      ['eyeLookUpRight', up],
      ['eyeLookDownLeft', -up],
      ['eyeLookDownRight', -up],
    ];
    for (const [name, value] of pairs) this.weights[indexOf(name)] = ahead(value);
    this.onChange();
  }

  get gaze(): { right: number; up: number } {
    const weight = (name: string): number => this.weights[indexOf(name)] ?? 0;
    return {
      right: (weight('eyeLookOutLeft') - weight('eyeLookInLeft') + weight('eyeLookInRight') - weight('eyeLookOutRight')) / 2,
      up: (weight('eyeLookUpLeft') - weight('eyeLookDownLeft') + weight('eyeLookUpRight') - weight('eyeLookDownRight')) / 2,
    };
  }

  /** Remember the pose as it is now, unless it is the one remembered last. */
  commit(): void {
    const last = this.past[this.past.length - 1];
    if (last && same(last, this)) return;
    this.past.push(this.copy());
    if (this.past.length > MOST_UNDO) this.past.shift();
    this.future = [];
    this.onHistory();
  }

  undo(): void {
    const now = this.canUndo ? this.past.pop() : undefined;
    if (now) {
      this.future.push(now);
      this.take(this.past[this.past.length - 1]);
    }
  }

  redo(): void {
    const next = this.future.pop();
    if (next) {
      this.past.push(next);
      this.take(next);
    }
  }

  private take(pose: Pose | undefined): void {
    if (!pose) return;
    this.weights = Float32Array.from(pose.weights);
    this.turn = pose.turn;
    this.onHistory();
    this.onChange();
  }

  private copy(): Pose {
    return { weights: Float32Array.from(this.weights), turn: this.turn };
  }
}

/** The turns of the joints `neck` and `head` that together make one turn of the head. */
export function jointTurns(turn: Turn): ReadonlyMap<string, Quaternion> {
  const part = (share: number): Quaternion =>
    new Quaternion().setFromEuler(new Euler(turn.pitch * share, turn.yaw * share, turn.roll * share, 'YXZ'));
  return new Map([
    ['neck', part(NECK_SHARE)],
    ['head', part(1 - NECK_SHARE)],
  ]);
}

function same(a: Pose, b: Pose): boolean {
  return (
    a.turn.pitch === b.turn.pitch &&
    a.turn.yaw === b.turn.yaw &&
    a.turn.roll === b.turn.roll &&
    a.weights.every((value, index) => value === b.weights[index])
  );
}
