/** What light makes of splats: `light_share` of `avatar/core/pose_splats.py`, and the matte part of
 * `avatar/render/relight_splats.py`, without the lamps' shadows. */

import { STRIDE } from './pose_splats';
import type { SplatFile } from './splat_file';
import { ALBEDO, BRIGHTEST, DIMMEST, DISPLAY_GAMMA, LIGHT_SHARE, SHOULDER, type Triple } from './tables';

export interface Lamp {
  /** Towards it. */
  readonly direction: Triple;
  readonly color: Triple;
}

/** The light on splats; without an `environment` it is the one they were filmed in. */
export interface SplatLight {
  readonly environment: readonly (readonly number[])[] | null;
  /** Radians by which the environment is turned to the subject's left. */
  readonly turn: number;
  readonly brightness: number;
  readonly lamps: readonly Lamp[];
}

export const AS_FILMED: SplatLight = { environment: null, turn: 0, brightness: 1, lamps: [] };

/** Powers and curves are looked up: finer than a step of the display. */
const STEPS = 4096;
const SHARES = Float32Array.from({ length: STEPS + 1 }, (_, step) => ((BRIGHTEST * step) / STEPS) ** (1 / DISPLAY_GAMMA));
const DECODED = Float32Array.from({ length: STEPS + 1 }, (_, step) => decoded(step / STEPS));
const ENCODED = Float32Array.from({ length: STEPS + 1 }, (_, step) => encoded((step / STEPS) ** 2));

export class SplatRelighter {
  private readonly normals: Float32Array;
  private readonly filmedLight: Float32Array;
  private readonly openness: Float32Array;
  private readonly filmed: readonly Float32Array[];
  /** One over the filmed light that reaches each splat at rest. */
  private readonly inverse: Float32Array;
  private readonly least: readonly number[];

  constructor(
    file: SplatFile,
    private readonly posed: Float32Array,
    private readonly turned: Float32Array,
  ) {
    this.normals = file.floats('normals');
    this.filmedLight = file.floats('filmed_light');
    this.openness = file.floats('openness');
    const filmed = file.floats('environment');
    this.filmed = [0, 1, 2].map((channel) => Float32Array.from({ length: 9 }, (_, row) => filmed[3 * row + channel]!));
    this.least = this.filmed.map((rows) => DIMMEST * Math.max(rows[0]!, 1e-3));
    this.inverse = new Float32Array(this.normals.length);
    for (let at = 0; at < this.normals.length; at += 3) {
      const [x, y, z] = [this.normals[at]!, this.normals[at + 1]!, this.normals[at + 2]!];
      for (let channel = 0; channel < 3; channel += 1) {
        this.inverse[at + channel] = 1 / Math.max(irradiance(this.filmed[channel]!, x, y, z), this.least[channel]!);
      }
    }
  }

  /** Multiply the posed colours by how much of the filmed light their splats' turn lets reach them. */
  turnInFilmedLight(): void {
    this.shareOut(this.posed, STRIDE, 9, 0, 1);
  }

  /** Write the colours that are shown in a light, three for each splat, from posed ones. */
  light(light: SplatLight, out: Float32Array): void {
    const { posed } = this;
    for (let splat = 0, at = 0; at < out.length; splat += 1, at += 3) {
      for (let channel = 0; channel < 3; channel += 1) out[at + channel] = posed[STRIDE * splat + 9 + channel]!;
    }
    if (light.environment === null) {
      if (light.turn !== 0 || light.brightness !== 1) this.shareOut(out, 3, 0, light.turn, light.brightness, true);
      if (light.lamps.length) this.addLamps(out, light.lamps);
    } else {
      this.inAnother(light, light.environment, out);
    }
  }

  /** Multiply colours by the share of the filmed light, turned, that reaches them as they are now. */
  private shareOut(colors: Float32Array, stride: number, place: number, turn: number, brightness: number, again = false): void {
    const { turned, inverse, filmed, least, normals } = this;
    const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
    for (let at = 0, to = place; at < inverse.length; at += 3, to += stride) {
      const [nx, ny, nz] = [turned[at]!, turned[at + 1]!, turned[at + 2]!];
      if (!again && nx === normals[at]! && ny === normals[at + 1]! && nz === normals[at + 2]!) continue;
      const [x, z] = [cosine * nx - sine * nz, sine * nx + cosine * nz];
      for (let channel = 0; channel < 3; channel += 1) {
        const now = Math.max(irradiance(filmed[channel]!, x, ny, z), least[channel]!);
        // Colours posed already hold the share of the light as it was filmed.
        const before = again ? 1 / Math.max(irradiance(filmed[channel]!, nx, ny, nz), least[channel]!) : inverse[at + channel]!;
        const share = brightness * Math.min(LIGHT_SHARE[1], Math.max(LIGHT_SHARE[0], now * before));
        colors[to + channel]! *= displayed(share);
      }
    }
  }

  private addLamps(out: Float32Array, lamps: readonly Lamp[]): void {
    for (let at = 0; at < out.length; at += 3) {
      for (let channel = 0; channel < 3; channel += 1) {
        const filmed = look(DECODED, out[at + channel]!);
        const albedo = Math.min(BRIGHTEST, look(DECODED, this.posedColor(at, channel)) / this.filmedLight[at + channel]!);
        out[at + channel] = shown(filmed + albedo * this.lampsOn(at, lamps, channel));
      }
    }
  }

  private inAnother(light: SplatLight, environment: readonly (readonly number[])[], out: Float32Array): void {
    const { turned, openness, inverse, filmed, least } = this;
    const channels = [0, 1, 2].map((channel) => Float32Array.from(environment, (row) => light.brightness * row[channel]!));
    const [cosine, sine] = [Math.cos(light.turn), Math.sin(light.turn)];
    for (let at = 0; at < out.length; at += 3) {
      const [nx, ny, nz] = [turned[at]!, turned[at + 1]!, turned[at + 2]!];
      const [x, z] = [cosine * nx - sine * nz, sine * nx + cosine * nz];
      const open = openness[at / 3]!;
      for (let channel = 0; channel < 3; channel += 1) {
        const now = Math.max(irradiance(filmed[channel]!, nx, ny, nz), least[channel]!);
        const share = Math.min(LIGHT_SHARE[1], Math.max(LIGHT_SHARE[0], now * inverse[at + channel]!));
        const unturned = this.posedColor(at, channel) / displayed(share);
        const sent = Math.min(BRIGHTEST, look(DECODED, unturned) / this.filmedLight[at + channel]!);
        const albedo = Math.min(ALBEDO[1], Math.max(ALBEDO[0], sent));
        const around = Math.max(0, irradiance(channels[channel]!, x, ny, z)) * interreflected(open, albedo);
        out[at + channel] = shown(sent * (around + this.lampsOn(at, light.lamps, channel)));
      }
    }
  }

  private posedColor(at: number, channel: number): number {
    return this.posed[(STRIDE * at) / 3 + 9 + channel]!;
  }

  private lampsOn(at: number, lamps: readonly Lamp[], channel: number): number {
    const { turned } = this;
    let total = 0;
    for (let index = 0; index < lamps.length; index += 1) {
      const { direction, color } = lamps[index]!;
      const facing = turned[at]! * direction[0] + turned[at + 1]! * direction[1] + turned[at + 2]! * direction[2];
      if (facing > 0) total += facing * color[channel]!;
    }
    return total;
  }
}

/** Return what reaches a surface of this normal, over pi: the polynomials of `avatar.core.harmonics`. */
export function irradiance(rows: ArrayLike<number>, x: number, y: number, z: number): number {
  return (
    rows[0]! + rows[1]! * x + rows[2]! * y + rows[3]! * z + rows[4]! * x * y + rows[5]! * y * z +
    rows[6]! * (3 * z * z - 1) + rows[7]! * x * z + rows[8]! * (x * x - y * y)
  );
}

/** The light left under occlusion when walls of the same albedo reflect it (Jimenez et al. 2016). */
function interreflected(openness: number, albedo: number): number {
  const [a, b, c] = [2.0404 * albedo - 0.3324, -4.7951 * albedo + 0.6417, 2.7552 * albedo + 0.6903];
  return Math.max(openness, ((openness * a + b) * openness + c) * openness);
}

/** Linear light as a display value: its highlights roll off, then the curve of sRGB. */
function shown(light: number): number {
  const room = 1 - SHOULDER;
  const toned = light < SHOULDER ? light : SHOULDER + room * (1 - Math.exp((SHOULDER - light) / room));
  return look(ENCODED, Math.sqrt(Math.max(0, toned)));
}

/** A share of the filmed light as a factor of display values; between the table's steps on a line. */
function displayed(share: number): number {
  const place = Math.min(STEPS, (share * STEPS) / BRIGHTEST);
  const step = Math.min(STEPS - 1, place | 0);
  return SHARES[step]! + (place - step) * (SHARES[step + 1]! - SHARES[step]!);
}

function look(table: Float32Array, value: number): number {
  return table[(Math.min(1, Math.max(0, value)) * STEPS + 0.5) | 0]!;
}

function decoded(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function encoded(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}
