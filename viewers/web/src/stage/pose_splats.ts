/** Splats carried by expression and head pose: `avatar/core/pose_splats.py` in the page. */

import { Matrix3, Matrix4, Quaternion, Vector3 } from 'three';
import type { SplatFile } from './splat_file';

/** Centre (3), covariance (xx xy xz yy yz zz), colour (3), opacity: what is drawn of a splat. */
export const STRIDE = 13;

export class SplatPoser {
  readonly count: number;
  /** `STRIDE` numbers for each splat, after `pose`. */
  readonly posed: Float32Array;
  private readonly vertices: Float32Array;
  private readonly turns: Float32Array;
  private readonly stretches: Float32Array;
  private readonly offsets: Float32Array;
  private readonly tints: Float32Array;

  constructor(private readonly file: SplatFile) {
    this.count = file.header.splats;
    this.posed = new Float32Array(STRIDE * this.count);
    this.vertices = new Float32Array(file.floats('vertices').length);
    const faces = file.floats('areas').length;
    this.turns = new Float32Array(9 * faces);
    this.stretches = new Float32Array(faces);
    this.offsets = new Float32Array(3 * this.count);
    this.tints = new Float32Array(3 * this.count);
  }

  /** Pose for 52 weights and the head's pose in the world: its turn, then its shift in metres. */
  pose(weights: ArrayLike<number>, turn: Quaternion, shift: Vector3): void {
    const { header } = this.file;
    const vector = rotationVector(turn);
    const codes = this.codes(weights, vector);
    sum(this.offsets, codes, this.file.table('offset_shapes'), header.most_offset);
    sum(this.tints, codes, this.file.table('color_shapes'), header.most_color);
    this.moveVertices(weights);
    this.turnFaces();
    this.place(turn, shift, this.torso(vector, shift));
  }

  private codes(weights: ArrayLike<number>, turn: Vector3): Float32Array {
    const [inner, bias, outer] = ['hidden_weights', 'hidden_bias', 'output_weights'].map((name) => this.file.floats(name));
    if (!inner || !bias || !outer) throw new Error('splats without a code');
    const inputs = [...Array.from(weights), turn.x, turn.y, turn.z];
    const hidden = Array.from(bias, (start, row) => {
      let total = start;
      for (let column = 0; column < inputs.length; column += 1) total += (inner[row * inputs.length + column] ?? 0) * (inputs[column] ?? 0);
      return Math.tanh(total) - Math.tanh(start);
    });
    return Float32Array.from({ length: outer.length / hidden.length }, (_, row) =>
      Math.tanh(hidden.reduce((total, value, column) => total + value * (outer[row * hidden.length + column] ?? 0), 0)),
    );
  }

  private moveVertices(weights: ArrayLike<number>): void {
    const { vertices } = this;
    const { values, scale } = this.file.table('morphs');
    vertices.set(this.file.floats('vertices'));
    for (let morph = 0; morph < 52; morph += 1) {
      const amount = (weights[morph] ?? 0) * scale;
      if (amount === 0) continue;
      const start = morph * vertices.length;
      for (let index = 0; index < vertices.length; index += 1) vertices[index]! += amount * values[start + index]!;
    }
  }

  /** Find how each triangle turned from rest (row by row), and its stretch. */
  private turnFaces(): void {
    const { vertices, turns, stretches } = this;
    const faces = this.file.integers('faces');
    const frames = this.file.floats('frames');
    const areas = this.file.floats('areas');
    const [least, most] = this.file.header.stretch;
    const now = new Float32Array(9);
    for (let face = 0; face < areas.length; face += 1) {
      const area = frameOf(vertices, 3 * faces[3 * face]!, 3 * faces[3 * face + 1]!, 3 * faces[3 * face + 2]!, now);
      stretches[face] = Math.min(most, Math.max(least, Math.sqrt(area / Math.max(areas[face]!, 1e-14))));
      const start = 9 * face;
      for (let row = 0; row < 3; row += 1) {
        for (let column = 0; column < 3; column += 1) {
          let total = 0;
          for (let axis = 0; axis < 3; axis += 1) total += now[3 * row + axis]! * frames[start + 3 * column + axis]!;
          turns[start + 3 * row + column] = total;
        }
      }
    }
  }

  private torso(vector: Vector3, shift: Vector3): { turn: Quaternion; shift: Vector3 } {
    const sway = this.file.floats('sway');
    const inputs = [...vector.toArray(), ...shift.toArray()];
    const moved = Array.from({ length: 6 }, (_, row) => inputs.reduce((total, value, column) => total + value * sway[6 * row + column]!, 0));
    const axis = new Vector3().fromArray(moved);
    const angle = axis.length();
    return { turn: new Quaternion().setFromAxisAngle(axis.normalize(), angle), shift: new Vector3().fromArray(moved, 3) };
  }

  private place(turn: Quaternion, shift: Vector3, torso: { turn: Quaternion; shift: Vector3 }): void {
    const { file, vertices, turns, stretches, posed, offsets, tints } = this;
    const [means, axes, anchors, barycentrics, shares, opacities, colors] = (
      ['means', 'axes', 'anchors', 'barycentrics', 'head_shares', 'opacities', 'colors'] as const
    ).map((name) => file.floats(name)) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    const face = file.integers('face');
    const faces = file.integers('faces');
    const bones = [rows(turn, shift), rows(torso.turn, torso.shift)] as const;
    const bone = new Float32Array(9);
    const own = new Float32Array(3);
    const inHead = new Float32Array(3);
    const mixed = new Quaternion();
    const still = turn.w > 0.9999999 && torso.turn.w > 0.9999999;
    let sharedBone = -1;
    for (let splat = 0; splat < this.count; splat += 1) {
      const [at, f] = [3 * splat, face[splat]!];
      const stretch = stretches[f]!;
      for (let axis = 0; axis < 3; axis += 1) {
        own[axis] = (means[at + axis]! + offsets[at + axis]! - anchors[at + axis]!) * stretch;
        let anchor = 0;
        for (let corner = 0; corner < 3; corner += 1) anchor += barycentrics[at + corner]! * vertices[3 * faces[3 * f + corner]! + axis]!;
        inHead[axis] = anchor;
      }
      for (let row = 0; row < 3; row += 1) {
        for (let axis = 0; axis < 3; axis += 1) inHead[row]! += turns[9 * f + 3 * row + axis]! * own[axis]!;
      }
      const share = shares[splat]!;
      if (share !== sharedBone) {
        sharedBone = share;
        // A normalised lerp along the short way, as the training does it.
        const sign = mixed.copy(torso.turn).dot(turn) < 0 ? -1 : 1;
        mixed.set(
          torso.turn.x + share * (sign * turn.x - torso.turn.x),
          torso.turn.y + share * (sign * turn.y - torso.turn.y),
          torso.turn.z + share * (sign * turn.z - torso.turn.z),
          torso.turn.w + share * (sign * turn.w - torso.turn.w),
        ).normalize();
        bone.set(rows(mixed, shift).turn);
      }
      const out = STRIDE * splat;
      for (let row = 0; row < 3; row += 1) {
        const withHead = apply(bones[0], row, inHead);
        const withTorso = apply(bones[1], row, inHead);
        posed[out + row] = withTorso + share * (withHead - withTorso);
      }
      covariance(axes, 3 * at, turns, 9 * f, still ? null : bone, stretch, posed, out + 3);
      for (let channel = 0; channel < 3; channel += 1) posed[out + 9 + channel] = colors[at + channel]! + tints[at + channel]!;
      posed[out + 12] = opacities[splat]!;
    }
  }
}

interface Bone {
  readonly turn: Float32Array;
  readonly shift: Vector3;
}

function rows(turn: Quaternion, shift: Vector3): Bone {
  const matrix = new Matrix3().setFromMatrix4(new Matrix4().makeRotationFromQuaternion(turn)).transpose();
  return { turn: Float32Array.from(matrix.elements), shift };
}

function apply(bone: Bone, row: number, point: Float32Array): number {
  const { turn } = bone;
  return turn[3 * row]! * point[0]! + turn[3 * row + 1]! * point[1]! + turn[3 * row + 2]! * point[2]! + bone.shift.getComponent(row);
}

/** Write the covariance of axes that a triangle, then a bone, has turned and stretched. */
function covariance(
  axes: Float32Array,
  from: number,
  turns: Float32Array,
  turnAt: number,
  bone: Float32Array | null,
  stretch: number,
  out: Float32Array,
  to: number,
): void {
  multiply(turns, turnAt, axes, from, FIRST);
  let turned = FIRST;
  if (bone) {
    multiply(bone, 0, FIRST, 0, SECOND);
    turned = SECOND;
  }
  const squared = stretch * stretch;
  let place = to;
  for (let row = 0; row < 3; row += 1) {
    for (let column = row; column < 3; column += 1) {
      out[place] = squared * (turned[3 * row]! * turned[3 * column]! + turned[3 * row + 1]! * turned[3 * column + 1]! + turned[3 * row + 2]! * turned[3 * column + 2]!);
      place += 1;
    }
  }
}

const FIRST = new Float32Array(9);
const SECOND = new Float32Array(9);

function multiply(a: Float32Array, aAt: number, b: Float32Array, bAt: number, out: Float32Array): void {
  for (let row = 0; row < 3; row += 1) {
    const [x, y, z] = [a[aAt + 3 * row]!, a[aAt + 3 * row + 1]!, a[aAt + 3 * row + 2]!];
    for (let column = 0; column < 3; column += 1) {
      out[3 * row + column] = x * b[bAt + column]! + y * b[bAt + 3 + column]! + z * b[bAt + 6 + column]!;
    }
  }
}

/** Add up shapes by their codes, smoothly kept within `most`. */
function sum(out: Float32Array, codes: Float32Array, table: { values: Int16Array; scale: number }, most: number): void {
  out.fill(0);
  for (let code = 0; code < codes.length; code += 1) {
    const amount = (codes[code]! * table.scale) / most;
    if (amount === 0) continue;
    const start = code * out.length;
    for (let index = 0; index < out.length; index += 1) out[index]! += amount * table.values[start + index]!;
  }
  for (let index = 0; index < out.length; index += 1) out[index] = most * Math.tanh(out[index]!);
}

/** Write a triangle's axes as columns (along an edge, across, normal); return twice its area. */
function frameOf(points: Float32Array, a: number, b: number, c: number, out: Float32Array): number {
  const [ux, uy, uz] = [points[b]! - points[a]!, points[b + 1]! - points[a + 1]!, points[b + 2]! - points[a + 2]!];
  const [vx, vy, vz] = [points[c]! - points[a]!, points[c + 1]! - points[a + 1]!, points[c + 2]! - points[a + 2]!];
  let [nx, ny, nz] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const area = Math.hypot(nx, ny, nz);
  const [inverse, length] = [1 / Math.max(area, 1e-12), 1 / Math.max(Math.hypot(ux, uy, uz), 1e-12)];
  [nx, ny, nz] = [nx * inverse, ny * inverse, nz * inverse];
  const [ax, ay, az] = [ux * length, uy * length, uz * length];
  out.set([ax, ny * az - nz * ay, nx, ay, nz * ax - nx * az, ny, az, nx * ay - ny * ax, nz]);
  return area;
}

function rotationVector(turn: Quaternion): Vector3 {
  const sign = turn.w < 0 ? -1 : 1;
  const axis = new Vector3(turn.x, turn.y, turn.z).multiplyScalar(sign);
  const sine = axis.length();
  return sine < 1e-7 ? axis.multiplyScalar(2) : axis.multiplyScalar((2 * Math.atan2(sine, sign * turn.w)) / sine);
}
