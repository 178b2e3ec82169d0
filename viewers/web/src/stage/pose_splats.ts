/** Splats carried by expression and head pose: `avatar/core/pose_splats.py` in the page. */

import { Matrix3, Matrix4, Quaternion, Vector3 } from 'three';
import type { SplatFile, Table } from './splat_file';

/** Centre (3), covariance (xx xy xz yy yz zz), colour (3), opacity: what is drawn of a splat. */
export const STRIDE = 13;

/** A sum of shapes stays within `most` by tanh, which up to here its series gives to 1e-8. */
const NEARLY_LINEAR = 0.1;

/** Numbers that are summed up at once: as many as the nearest cache holds. */
const BLOCK = 4096;

type Floats = Float32Array;

/** Arrays of a splat file that are asked for in every frame. */
interface Rest {
  readonly means: Floats;
  readonly axes: Floats;
  readonly anchors: Floats;
  readonly barycentrics: Floats;
  readonly shares: Floats;
  readonly opacities: Floats;
  readonly colors: Floats;
  readonly normals: Floats | null;
  readonly face: Uint32Array;
  readonly faces: Uint32Array;
}

export class SplatPoser {
  readonly count: number;
  /** `STRIDE` numbers for each splat, after `pose`. */
  readonly posed: Floats;
  /** Where splats look after `pose`, three numbers each; empty for splats that cannot be relit. */
  readonly normals: Floats;
  private readonly rest: Rest;
  private readonly vertices: Floats;
  private readonly turns: Floats;
  private readonly stretches: Floats;
  private readonly offsets: Floats;
  private readonly tints: Floats;

  constructor(private readonly file: SplatFile) {
    this.count = file.header.splats;
    this.posed = new Float32Array(STRIDE * this.count);
    this.rest = {
      means: file.floats('means'),
      axes: file.floats('axes'),
      anchors: file.floats('anchors'),
      barycentrics: file.floats('barycentrics'),
      shares: file.floats('head_shares'),
      opacities: file.floats('opacities'),
      colors: file.floats('colors'),
      normals: file.has('normals') ? file.floats('normals') : null,
      face: file.integers('face'),
      faces: file.integers('faces'),
    };
    this.normals = new Float32Array(this.rest.normals?.length ?? 0);
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
    const torso = this.torso(vector, shift);
    this.moveCentres(bone(turn, shift), bone(torso.turn, torso.shift));
    this.turnSplats(turn, torso.turn);
  }

  private codes(weights: ArrayLike<number>, turn: Vector3): Floats {
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
    const { faces } = this.rest;
    const frames = this.file.floats('frames');
    const areas = this.file.floats('areas');
    const [least, most] = this.file.header.stretch;
    const now = new Float32Array(9);
    for (let face = 0; face < areas.length; face += 1) {
      const area = frameOf(vertices, 3 * faces[3 * face]!, 3 * faces[3 * face + 1]!, 3 * faces[3 * face + 2]!, now);
      stretches[face] = Math.min(most, Math.max(least, Math.sqrt(area / Math.max(areas[face]!, 1e-14))));
      const start = 9 * face;
      for (let row = 0; row < 9; row += 3) {
        for (let column = 0; column < 9; column += 3) {
          turns[start + row + column / 3] =
            now[row]! * frames[start + column]! + now[row + 1]! * frames[start + column + 1]! + now[row + 2]! * frames[start + column + 2]!;
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

  /** Carry centres by their triangles, then by both bones; colours and opacities come along. */
  private moveCentres(head: Floats, torso: Floats): void {
    const { vertices, turns, stretches, posed, offsets, tints } = this;
    const { means, anchors, barycentrics, shares, opacities, colors, face, faces } = this.rest;
    for (let splat = 0; splat < this.count; splat += 1) {
      const [at, f] = [3 * splat, face[splat]!];
      const [stretch, turn, corner] = [stretches[f]!, 9 * f, 3 * f];
      const x = (means[at]! + offsets[at]! - anchors[at]!) * stretch;
      const y = (means[at + 1]! + offsets[at + 1]! - anchors[at + 1]!) * stretch;
      const z = (means[at + 2]! + offsets[at + 2]! - anchors[at + 2]!) * stretch;
      const [a, b, c] = [3 * faces[corner]!, 3 * faces[corner + 1]!, 3 * faces[corner + 2]!];
      const [u, v, w] = [barycentrics[at]!, barycentrics[at + 1]!, barycentrics[at + 2]!];
      const px = u * vertices[a]! + v * vertices[b]! + w * vertices[c]! + turns[turn]! * x + turns[turn + 1]! * y + turns[turn + 2]! * z;
      const py = u * vertices[a + 1]! + v * vertices[b + 1]! + w * vertices[c + 1]! + turns[turn + 3]! * x + turns[turn + 4]! * y + turns[turn + 5]! * z;
      const pz = u * vertices[a + 2]! + v * vertices[b + 2]! + w * vertices[c + 2]! + turns[turn + 6]! * x + turns[turn + 7]! * y + turns[turn + 8]! * z;
      const share = shares[splat]!;
      const out = STRIDE * splat;
      for (let row = 0; row < 3; row += 1) {
        const withHead = head[4 * row]! * px + head[4 * row + 1]! * py + head[4 * row + 2]! * pz + head[4 * row + 3]!;
        const withTorso = torso[4 * row]! * px + torso[4 * row + 1]! * py + torso[4 * row + 2]! * pz + torso[4 * row + 3]!;
        posed[out + row] = withTorso + share * (withHead - withTorso);
        posed[out + 9 + row] = colors[at + row]! + tints[at + row]!;
      }
      posed[out + 12] = opacities[splat]!;
    }
  }

  /** Turn what has a direction, by the triangle and then by the bones: axes and normals. */
  private turnSplats(head: Quaternion, torso: Quaternion): void {
    const { turns, stretches, posed, normals } = this;
    const { axes, shares, face, normals: atRest } = this.rest;
    const still = head.w > 0.9999999 && torso.w > 0.9999999;
    // A normalised lerp along the short way, as the training does it.
    const sign = torso.dot(head) < 0 ? -1 : 1;
    for (let splat = 0; splat < this.count; splat += 1) {
      const f = face[splat]!;
      let [turn, turnAt] = [turns, 9 * f];
      if (!still) {
        const share = shares[splat]!;
        rotation(
          torso.x + share * (sign * head.x - torso.x),
          torso.y + share * (sign * head.y - torso.y),
          torso.z + share * (sign * head.z - torso.z),
          torso.w + share * (sign * head.w - torso.w),
          BONE,
        );
        multiply(BONE, 0, turns, 9 * f, TURN);
        [turn, turnAt] = [TURN, 0];
      }
      multiply(turn, turnAt, axes, 9 * splat, AXES);
      covariance(AXES, stretches[f]!, posed, STRIDE * splat + 3);
      if (!atRest) continue;
      const at = 3 * splat;
      const [x, y, z] = [atRest[at]!, atRest[at + 1]!, atRest[at + 2]!];
      for (let row = 0; row < 3; row += 1) {
        normals[at + row] = turn[turnAt + 3 * row]! * x + turn[turnAt + 3 * row + 1]! * y + turn[turnAt + 3 * row + 2]! * z;
      }
    }
  }
}

const BONE = new Float32Array(9);
const TURN = new Float32Array(9);
const AXES = new Float32Array(9);

/** Three rows of a rotation and a shift. */
function bone(turn: Quaternion, shift: Vector3): Floats {
  const matrix = new Matrix3().setFromMatrix4(new Matrix4().makeRotationFromQuaternion(turn)).transpose();
  const [a, b, c, d, e, f, g, h, i] = matrix.elements;
  return Float32Array.of(a, b, c, shift.x, d, e, f, shift.y, g, h, i, shift.z);
}

/** Write the rotation of a quaternion of any length, row by row. */
function rotation(x: number, y: number, z: number, w: number, out: Floats): void {
  const s = 2 / (x * x + y * y + z * z + w * w);
  out[0] = 1 - s * (y * y + z * z);
  out[1] = s * (x * y - w * z);
  out[2] = s * (x * z + w * y);
  out[3] = s * (x * y + w * z);
  out[4] = 1 - s * (x * x + z * z);
  out[5] = s * (y * z - w * x);
  out[6] = s * (x * z - w * y);
  out[7] = s * (y * z + w * x);
  out[8] = 1 - s * (x * x + y * y);
}

/** Write the covariance of axes that are stretched evenly. */
function covariance(axes: Floats, stretch: number, out: Floats, to: number): void {
  const squared = stretch * stretch;
  const [a, b, c, d, e, f, g, h, i] = [axes[0]!, axes[1]!, axes[2]!, axes[3]!, axes[4]!, axes[5]!, axes[6]!, axes[7]!, axes[8]!];
  out[to] = squared * (a * a + b * b + c * c);
  out[to + 1] = squared * (a * d + b * e + c * f);
  out[to + 2] = squared * (a * g + b * h + c * i);
  out[to + 3] = squared * (d * d + e * e + f * f);
  out[to + 4] = squared * (d * g + e * h + f * i);
  out[to + 5] = squared * (g * g + h * h + i * i);
}

function multiply(a: Floats, aAt: number, b: Floats, bAt: number, out: Floats): void {
  const [b0, b1, b2, b3, b4, b5, b6, b7, b8] = [
    b[bAt]!, b[bAt + 1]!, b[bAt + 2]!, b[bAt + 3]!, b[bAt + 4]!, b[bAt + 5]!, b[bAt + 6]!, b[bAt + 7]!, b[bAt + 8]!,
  ];
  for (let row = 0; row < 9; row += 3) {
    const [x, y, z] = [a[aAt + row]!, a[aAt + row + 1]!, a[aAt + row + 2]!];
    out[row] = x * b0 + y * b3 + z * b6;
    out[row + 1] = x * b1 + y * b4 + z * b7;
    out[row + 2] = x * b2 + y * b5 + z * b8;
  }
}

/** Add up shapes by their codes, smoothly kept within `most`. */
function sum(out: Floats, codes: Floats, { values, scale }: Table, most: number): void {
  const amounts = codes.map((code) => (code * scale) / most);
  for (let from = 0; from < out.length; from += BLOCK) {
    const to = Math.min(out.length, from + BLOCK);
    out.fill(0, from, to);
    for (let code = 0; code < codes.length; code += 1) {
      const amount = amounts[code]!;
      const start = code * out.length;
      for (let index = from; index < to; index += 1) out[index]! += amount * values[start + index]!;
    }
    for (let index = from; index < to; index += 1) {
      const share = out[index]!;
      const square = share * share;
      const small = square < NEARLY_LINEAR * NEARLY_LINEAR;
      out[index] = most * (small ? share * (1 - square / 3 + (2 / 15) * square * square) : Math.tanh(share));
    }
  }
}

/** Write a triangle's axes as columns (along an edge, across, normal); return twice its area. */
function frameOf(points: Floats, a: number, b: number, c: number, out: Floats): number {
  const [ux, uy, uz] = [points[b]! - points[a]!, points[b + 1]! - points[a + 1]!, points[b + 2]! - points[a + 2]!];
  const [vx, vy, vz] = [points[c]! - points[a]!, points[c + 1]! - points[a + 1]!, points[c + 2]! - points[a + 2]!];
  let [nx, ny, nz] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const area = Math.sqrt(nx * nx + ny * ny + nz * nz);
  const [inverse, length] = [1 / Math.max(area, 1e-12), 1 / Math.max(Math.sqrt(ux * ux + uy * uy + uz * uz), 1e-12)];
  [nx, ny, nz] = [nx * inverse, ny * inverse, nz * inverse];
  const [ax, ay, az] = [ux * length, uy * length, uz * length];
  out[0] = ax;
  out[1] = ny * az - nz * ay;
  out[2] = nx;
  out[3] = ay;
  out[4] = nz * ax - nx * az;
  out[5] = ny;
  out[6] = az;
  out[7] = nx * ay - ny * ax;
  out[8] = nz;
  return area;
}

function rotationVector(turn: Quaternion): Vector3 {
  const sign = turn.w < 0 ? -1 : 1;
  const axis = new Vector3(turn.x, turn.y, turn.z).multiplyScalar(sign);
  const sine = axis.length();
  return sine < 1e-7 ? axis.multiplyScalar(2) : axis.multiplyScalar((2 * Math.atan2(sine, sign * turn.w)) / sine);
}
