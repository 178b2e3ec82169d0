/** A head's Gaussian splats: sorted from back to front and drawn as ellipses. */

import {
  CustomBlending,
  GLSL3,
  InstancedBufferGeometry,
  InstancedInterleavedBuffer,
  InterleavedBufferAttribute,
  BufferAttribute,
  DynamicDrawUsage,
  Mesh,
  OneFactor,
  OneMinusSrcAlphaFactor,
  type PerspectiveCamera,
  type Quaternion,
  RawShaderMaterial,
  Vector2,
  type Vector3,
  type WebGLRenderer,
} from 'three';
import { SplatPoser, STRIDE } from './pose_splats';
import { SplatFile } from './splat_file';

/** 16 bits of depth are finer than the splats are thick. */
const BUCKETS = 1 << 16;

// Antialiased as in training: the blur's widening is taken out of the opacity.
const VERTEX = `
precision highp float;
uniform mat4 viewMatrix, projectionMatrix;
uniform vec2 viewport;
in vec2 corner;
in vec3 centre, covarianceA, covarianceB;
in vec4 color;
out vec2 place;
out vec4 tint;

void main() {
  vec4 seen = viewMatrix * vec4(centre, 1.0);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (seen.z > -0.02) return;
  mat3 own = mat3(covarianceA.x, covarianceA.y, covarianceA.z, covarianceA.y, covarianceB.x, covarianceB.y,
    covarianceA.z, covarianceB.y, covarianceB.z);
  mat3 turn = mat3(viewMatrix);
  mat3 spread = turn * own * transpose(turn);
  vec2 focal = 0.5 * viewport * vec2(projectionMatrix[0][0], projectionMatrix[1][1]);
  float depth = -seen.z;
  vec3 across = vec3(focal.x / depth, 0.0, focal.x * seen.x / (depth * depth));
  vec3 up = vec3(0.0, focal.y / depth, focal.y * seen.y / (depth * depth));
  float xx = dot(across, spread * across), xy = dot(across, spread * up), yy = dot(up, spread * up);
  float sharp = max(xx * yy - xy * xy, 0.0);
  xx += 0.3;
  yy += 0.3;
  float opacity = min(color.a * sqrt(sharp / (xx * yy - xy * xy)), 0.999);
  if (opacity < 1.0 / 255.0) return;
  float middle = 0.5 * (xx + yy), apart = length(vec2(0.5 * (xx - yy), xy));
  vec2 along = abs(xy) < 1e-6 ? (xx >= yy ? vec2(1.0, 0.0) : vec2(0.0, 1.0)) : normalize(vec2(xy, middle + apart - xx));
  float reach = sqrt(2.0 * log(255.0 * opacity));
  place = reach * corner;
  vec2 offset = place.x * sqrt(middle + apart) * along
    + place.y * sqrt(max(middle - apart, 0.05)) * vec2(-along.y, along.x);
  tint = vec4(max(color.rgb, 0.0), opacity);
  gl_Position = projectionMatrix * seen;
  gl_Position.xy += 2.0 * offset / viewport * gl_Position.w;
}`;

// Splats blend in display colours, which the canvas holds: nothing is converted.
const FRAGMENT = `
precision highp float;
in vec2 place;
in vec4 tint;
out vec4 result;

void main() {
  float opacity = tint.a * exp(-0.5 * dot(place, place));
  if (opacity < 1.0 / 255.0) discard;
  result = vec4(tint.rgb * opacity, opacity);
}`;

export class SplatCloud {
  readonly mesh: Mesh<InstancedBufferGeometry, RawShaderMaterial>;
  private readonly poser: SplatPoser;
  private readonly buffer: InstancedInterleavedBuffer;
  private readonly sorted: Float32Array;
  private readonly keys: Uint16Array;
  private readonly starts = new Uint32Array(BUCKETS + 1);
  private readonly size = new Vector2();

  constructor(data: ArrayBuffer) {
    this.poser = new SplatPoser(new SplatFile(data));
    const { count } = this.poser;
    this.sorted = new Float32Array(STRIDE * count);
    this.keys = new Uint16Array(count);
    this.buffer = new InstancedInterleavedBuffer(this.sorted, STRIDE);
    this.buffer.setUsage(DynamicDrawUsage);
    const geometry = new InstancedBufferGeometry();
    geometry.setAttribute('corner', new BufferAttribute(Float32Array.of(-1, -1, 1, -1, 1, 1, -1, 1), 2));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    geometry.setAttribute('centre', new InterleavedBufferAttribute(this.buffer, 3, 0));
    geometry.setAttribute('covarianceA', new InterleavedBufferAttribute(this.buffer, 3, 3));
    geometry.setAttribute('covarianceB', new InterleavedBufferAttribute(this.buffer, 3, 6));
    geometry.setAttribute('color', new InterleavedBufferAttribute(this.buffer, 4, 9));
    geometry.instanceCount = count;
    const material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: { viewport: { value: this.size } },
      transparent: true,
      depthTest: false,
      depthWrite: false,
      blending: CustomBlending,
      blendSrc: OneFactor,
      blendDst: OneMinusSrcAlphaFactor,
    });
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.visible = false;
  }

  pose(weights: ArrayLike<number>, turn: Quaternion, shift: Vector3): void {
    this.poser.pose(weights, turn, shift);
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  /** Put the splats into the buffer from the farthest to the nearest, by a counting sort. */
  sort(renderer: WebGLRenderer, camera: PerspectiveCamera): void {
    renderer.getDrawingBufferSize(this.size);
    const { posed, count } = this.poser;
    const view = camera.matrixWorldInverse.elements;
    const [x, y, z] = [view[2]!, view[6]!, view[10]!];
    let [least, most] = [Infinity, -Infinity];
    const depth = (splat: number): number => x * posed[STRIDE * splat]! + y * posed[STRIDE * splat + 1]! + z * posed[STRIDE * splat + 2]!;
    for (let splat = 0; splat < count; splat += 1) {
      const value = depth(splat);
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const scale = (BUCKETS - 1) / Math.max(most - least, 1e-9);
    const { keys, starts, sorted } = this;
    starts.fill(0);
    for (let splat = 0; splat < count; splat += 1) {
      const key = (depth(splat) - least) * scale;
      keys[splat] = key;
      starts[keys[splat]! + 1]! += 1;
    }
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) starts[bucket + 1]! += starts[bucket]!;
    for (let splat = 0; splat < count; splat += 1) {
      const to = STRIDE * starts[keys[splat]!]!;
      starts[keys[splat]!]! += 1;
      for (let index = 0; index < STRIDE; index += 1) sorted[to + index] = posed[STRIDE * splat + index]!;
    }
    this.buffer.needsUpdate = true;
  }
}
