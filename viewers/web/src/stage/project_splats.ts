/** Splats to ellipses in the picture, from the farthest to the nearest, packed for the shader. */

import type { PerspectiveCamera } from 'three';
import { STRIDE } from './pose_splats';

/** Sixteen bytes a splat: its place and two half axes as 16-bit whole numbers, its colour in bytes. */
export const PACKED = 4;

/** Steps for one unit of normalised device coordinates: a fiftieth of a pixel, twice the screen far. */
export const PLACE_STEPS = 16383;
const FARTHEST_STEP = 32767;

/** 16 bits of depth are finer than the splats are thick. */
const BUCKETS = 1 << 16;
const NEAREST = 0.02;
const FAINTEST = 1 / 255;
const MOST_OPACITY = 0.999;
/** Pixels, squared, that every splat is blurred by; its widening is taken out of the opacity. */
const BLUR = 0.3;
/** Beyond 15 % outside the picture, perspective is linear as it is there. */
const BEYOND = 1.3;

export class SplatProjector {
  /** `PACKED` numbers for each splat that is shown, in the order to draw. */
  readonly packed: Uint32Array;
  private readonly unsorted: Uint32Array;
  private readonly depths: Float32Array;
  private readonly keys: Uint16Array;
  private readonly starts = new Uint32Array(BUCKETS + 1);

  /** `room` is for how many splats there shall be place at the end. */
  constructor(
    private readonly count: number,
    room: number,
  ) {
    this.packed = new Uint32Array(PACKED * room);
    this.unsorted = new Uint32Array(PACKED * count);
    this.depths = new Float32Array(count);
    this.keys = new Uint16Array(count);
  }

  /** Pack posed splats in these colours; return how many of them can be seen. */
  project(posed: Float32Array, colors: Float32Array, camera: PerspectiveCamera, width: number, height: number): number {
    const shown = this.flatten(posed, colors, camera, width, height);
    this.sort(shown);
    return shown;
  }

  private flatten(posed: Float32Array, colors: Float32Array, camera: PerspectiveCamera, width: number, height: number): number {
    const { unsorted, depths } = this;
    const view = camera.matrixWorldInverse.elements;
    const [v0, v1, v2, v4, v5, v6] = [view[0]!, view[1]!, view[2]!, view[4]!, view[5]!, view[6]!];
    const [v8, v9, v10, v12, v13, v14] = [view[8]!, view[9]!, view[10]!, view[12]!, view[13]!, view[14]!];
    const lens = camera.projectionMatrix.elements;
    const [lensX, lensY] = [lens[0]!, lens[5]!];
    const [focalX, focalY] = [(lensX * width) / 2, (lensY * height) / 2];
    const [mostX, mostY] = [BEYOND / lensX, BEYOND / lensY];
    let shown = 0;
    for (let splat = 0; splat < this.count; splat += 1) {
      const at = STRIDE * splat;
      const [x, y, z] = [posed[at]!, posed[at + 1]!, posed[at + 2]!];
      const depth = -(v2 * x + v6 * y + v10 * z + v14);
      if (!(depth > NEAREST)) continue;
      const slopeX = (v0 * x + v4 * y + v8 * z + v12) / depth;
      const slopeY = (v1 * x + v5 * y + v9 * z + v13) / depth;
      const [cutX, cutY] = [Math.min(mostX, Math.max(-mostX, slopeX)), Math.min(mostY, Math.max(-mostY, slopeY))];
      const [scaleX, scaleY] = [focalX / depth, focalY / depth];
      // Rows that take a step in the world to one in the picture, in pixels.
      const [ax, ay, az] = [scaleX * (v0 + cutX * v2), scaleX * (v4 + cutX * v6), scaleX * (v8 + cutX * v10)];
      const [bx, by, bz] = [scaleY * (v1 + cutY * v2), scaleY * (v5 + cutY * v6), scaleY * (v9 + cutY * v10)];
      const [xx, xy, xz] = [posed[at + 3]!, posed[at + 4]!, posed[at + 5]!];
      const [yy, yz, zz] = [posed[at + 6]!, posed[at + 7]!, posed[at + 8]!];
      const [cx, cy, cz] = [xx * ax + xy * ay + xz * az, xy * ax + yy * ay + yz * az, xz * ax + yz * ay + zz * az];
      const across = ax * cx + ay * cy + az * cz;
      const mixed = bx * cx + by * cy + bz * cz;
      const up = bx * (xx * bx + 2 * (xy * by + xz * bz)) + by * (yy * by + 2 * yz * bz) + bz * zz * bz;
      const sharp = Math.max(across * up - mixed * mixed, 0);
      const [wide, high] = [across + BLUR, up + BLUR];
      const opacity = Math.min(posed[at + 12]! * Math.sqrt(sharp / (wide * high - mixed * mixed)), MOST_OPACITY);
      if (!(opacity > FAINTEST)) continue;
      const reach = Math.sqrt(2 * Math.log(255 * opacity));
      const [placeX, placeY] = [slopeX * lensX, slopeY * lensY];
      const [sideX, sideY] = [(2 * reach * Math.sqrt(wide)) / width, (2 * reach * Math.sqrt(high)) / height];
      if (Math.abs(placeX) - sideX > 1 || Math.abs(placeY) - sideY > 1) continue;
      const [middle, apart] = [(wide + high) / 2, Math.sqrt(((wide - high) / 2) ** 2 + mixed * mixed)];
      let [alongX, alongY] = wide >= high ? [1, 0] : [0, 1];
      if (Math.abs(mixed) > 1e-6) {
        const rise = middle + apart - wide;
        const length = Math.sqrt(mixed * mixed + rise * rise);
        [alongX, alongY] = [mixed / length, rise / length];
      }
      const [long, short] = [reach * Math.sqrt(middle + apart), reach * Math.sqrt(Math.max(middle - apart, 0.05))];
      const to = PACKED * shown;
      depths[shown] = depth;
      unsorted[to] = pair(placeX, placeY);
      unsorted[to + 1] = pair((2 * long * alongX) / width, (2 * long * alongY) / height);
      unsorted[to + 2] = pair((-2 * short * alongY) / width, (2 * short * alongX) / height);
      unsorted[to + 3] = byte(colors[3 * splat]!) | (byte(colors[3 * splat + 1]!) << 8) | (byte(colors[3 * splat + 2]!) << 16) | (byte(opacity) << 24);
      shown += 1;
    }
    return shown;
  }

  /** Put the nearest last, by a counting sort. */
  private sort(shown: number): void {
    const { depths, keys, starts, packed, unsorted } = this;
    let [least, most] = [Infinity, -Infinity];
    for (let splat = 0; splat < shown; splat += 1) {
      const depth = depths[splat]!;
      if (depth < least) least = depth;
      if (depth > most) most = depth;
    }
    const scale = (BUCKETS - 1) / Math.max(most - least, 1e-9);
    starts.fill(0);
    for (let splat = 0; splat < shown; splat += 1) {
      keys[splat] = (most - depths[splat]!) * scale;
      starts[keys[splat]! + 1]! += 1;
    }
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) starts[bucket + 1]! += starts[bucket]!;
    for (let splat = 0; splat < shown; splat += 1) {
      const to = PACKED * starts[keys[splat]!]!;
      starts[keys[splat]!]! += 1;
      for (let index = 0; index < PACKED; index += 1) packed[to + index] = unsorted[PACKED * splat + index]!;
    }
  }
}

function pair(x: number, y: number): number {
  return (step(x) & 0xffff) | (step(y) << 16);
}

function step(place: number): number {
  const value = Math.min(FARTHEST_STEP, Math.max(-FARTHEST_STEP, place * PLACE_STEPS));
  return (value < 0 ? value - 0.5 : value + 0.5) | 0;
}

function byte(share: number): number {
  return (Math.min(1, Math.max(0, share)) * 255 + 0.5) | 0;
}
