/** One's own environment out of a .hdr file, and the light it throws on a head in its middle. */

import { DataTexture, DataUtils, EquirectangularReflectionMapping, LinearFilter } from 'three';
import { HDRLoader } from 'three/addons/loaders/HDRLoader.js';
import { irradiance } from './relight_splats';
import { FACE_LIGHT, HARMONIC_GAINS, LUMINANCE, type PlainLight } from './tables';

/** Rows that a panorama is looked at by. */
const ROWS = 64;

export interface Panorama {
  readonly texture: DataTexture;
  readonly light: PlainLight;
  /** What it is multiplied by to expose a face well. */
  readonly exposure: number;
}

/** Read a Radiance picture; throws where it is none. Its middle lies before the face. */
export function readPanorama(data: ArrayBuffer): Panorama {
  const { data: pixels, width = 0, height = 0, type } = new HDRLoader().parse(data);
  const texture = new DataTexture(pixels, width, height, undefined, type);
  texture.mapping = EquirectangularReflectionMapping;
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.flipY = true;
  texture.needsUpdate = true;
  const environment = harmonics(pixels as Uint16Array, width, height);
  return { texture, light: { environment, lamps: [] }, exposure: exposureOf(environment) };
}

/** Project the picture's radiance on the nine polynomials of irradiance. */
function harmonics(pixels: Uint16Array, width: number, height: number): number[][] {
  const sums = Array.from({ length: 9 }, () => [0, 0, 0]);
  const step = Math.max(1, Math.floor(height / ROWS));
  for (let row = 0; row < height; row += step) {
    const polar = ((row + step / 2) / height) * Math.PI;
    const solid = Math.sin(polar) * ((step * Math.PI) / height) * ((step * 2 * Math.PI) / width);
    for (let column = 0; column < width; column += step) {
      const around = ((column + step / 2) / width - 0.5) * 2 * Math.PI;
      const [x, y, z] = [-Math.sin(polar) * Math.sin(around), Math.cos(polar), Math.sin(polar) * Math.cos(around)];
      const basis = [1, x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y];
      const seen = mean(pixels, width, height, row, column, step);
      for (let term = 0; term < 9; term += 1) {
        for (let channel = 0; channel < 3; channel += 1) sums[term]![channel]! += basis[term]! * HARMONIC_GAINS[term]! * solid * seen[channel]!;
      }
    }
  }
  return sums;
}

function mean(pixels: Uint16Array, width: number, height: number, row: number, column: number, step: number): number[] {
  const total = [0, 0, 0];
  let count = 0;
  for (let y = row; y < Math.min(row + step, height); y += 1) {
    for (let x = column; x < Math.min(column + step, width); x += 1) {
      for (let channel = 0; channel < 3; channel += 1) total[channel]! += DataUtils.fromHalfFloat(pixels[4 * (y * width + x) + channel]!);
      count += 1;
    }
  }
  return total.map((value) => value / count);
}

/** The factor that suits a face which looks ahead: `avatar.render.panorama_light.exposed`. */
function exposureOf(environment: readonly (readonly number[])[]): number {
  const channels = [0, 1, 2].map((channel) => environment.map((row) => row[channel] ?? 0));
  let shown = 0;
  for (const angle of [-0.6, 0, 0.6]) {
    const length = Math.hypot(1, 0.2);
    const ahead = [Math.sin(angle) / length, 0.2 / length, Math.cos(angle) / length] as const;
    channels.forEach((rows, channel) => (shown += (Math.max(0, irradiance(rows, ...ahead)) * LUMINANCE[channel]!) / 3));
  }
  return FACE_LIGHT / Math.max(shown, 1e-6);
}
