/** A head's Gaussian splats: posed, lit and flattened by the processor, drawn as ellipses. */

import {
  BufferAttribute,
  BufferGeometry,
  CustomBlending,
  DataTexture,
  GLSL3,
  Mesh,
  NearestFilter,
  OneFactor,
  OneMinusSrcAlphaFactor,
  type PerspectiveCamera,
  type Quaternion,
  RawShaderMaterial,
  RGBAIntegerFormat,
  UnsignedIntType,
  Vector2,
  Vector3,
  type WebGLRenderer,
} from 'three';
import { SplatPoser, STRIDE } from './pose_splats';
import { PLACE_STEPS, SplatProjector } from './project_splats';
import { AS_FILMED, type SplatLight, SplatRelighter } from './relight_splats';
import { SplatFile } from './splat_file';

/** Splats in a row of the texture. */
const ROW = 1024;
const CORNERS = 3;

const VERTEX = `
precision highp float;
precision highp usampler2D;
uniform usampler2D splats;
const float SIDE = sqrt(3.0);
out vec2 place;
flat out vec4 tint;

vec2 pair(uint bits) {
  return vec2(float(int(bits << 16) >> 16), float(int(bits) >> 16)) / ${PLACE_STEPS}.0;
}

void main() {
  int splat = gl_VertexID >> 2;
  uvec4 packed = texelFetch(splats, ivec2(splat % ${ROW}, splat / ${ROW}), 0);
  int corner = gl_VertexID & 3;
  place = corner == 0 ? vec2(0.0, 2.0) : vec2(corner == 1 ? -SIDE : SIDE, -1.0);
  uvec4 bytes = (uvec4(packed.w) >> uvec4(0, 8, 16, 24)) & 255u;
  tint = vec4(bytes) / 255.0;
  gl_Position = vec4(pair(packed.x) + place.x * pair(packed.y) + place.y * pair(packed.z), 0.0, 1.0);
  place *= sqrt(2.0 * log(255.0 * tint.a));
}`;

// Splats blend in display colours, which the canvas holds: nothing is converted.
const FRAGMENT = `
precision highp float;
in vec2 place;
flat in vec4 tint;
out vec4 result;

void main() {
  float opacity = tint.a * exp(-0.5 * dot(place, place));
  if (opacity < 1.0 / 255.0) discard;
  result = vec4(tint.rgb * opacity, opacity);
}`;

export class SplatCloud {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  /** Where the camera stood that filmed the person, in the world of the head at rest. */
  readonly filmedFrom: Vector3;
  private readonly poser: SplatPoser;
  private readonly relighter: SplatRelighter | null;
  private readonly projector: SplatProjector;
  private readonly texture: DataTexture;
  private readonly colors: Float32Array;
  private readonly size = new Vector2();
  private lit: SplatLight | null = null;

  constructor(data: ArrayBuffer) {
    const file = new SplatFile(data);
    this.filmedFrom = new Vector3(...file.header.filmed_from);
    this.poser = new SplatPoser(file);
    const { count } = this.poser;
    this.relighter = file.has('normals') ? new SplatRelighter(file, this.poser.posed, this.poser.normals) : null;
    this.colors = new Float32Array(3 * count);
    const rows = Math.max(1, Math.ceil(count / ROW));
    this.projector = new SplatProjector(count, ROW * rows);
    this.texture = new DataTexture(this.projector.packed, ROW, rows, RGBAIntegerFormat, UnsignedIntType);
    this.texture.internalFormat = 'RGBA32UI';
    this.texture.magFilter = this.texture.minFilter = NearestFilter;
    const material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: { splats: { value: this.texture } },
      transparent: true,
      depthTest: false,
      depthWrite: false,
      blending: CustomBlending,
      blendSrc: OneFactor,
      blendDst: OneMinusSrcAlphaFactor,
    });
    this.mesh = new Mesh(triangles(count), material);
    this.mesh.frustumCulled = false;
    this.mesh.visible = false;
  }

  /** Whether another light than the filmed one can be put on them. */
  get relightable(): boolean {
    return this.relighter !== null;
  }

  pose(weights: ArrayLike<number>, turn: Quaternion, shift: Vector3): void {
    this.poser.pose(weights, turn, shift);
    this.relighter?.turnInFilmedLight();
    this.lit = null;
  }

  /** Bring up to date what a camera sees of them in a light. */
  follow(renderer: WebGLRenderer, camera: PerspectiveCamera, light: SplatLight): void {
    if (this.lit !== light) this.light(light);
    renderer.getDrawingBufferSize(this.size);
    const shown = this.projector.project(this.poser.posed, this.colors, camera, this.size.x, this.size.y);
    this.mesh.geometry.setDrawRange(0, CORNERS * shown);
    this.texture.needsUpdate = true;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.texture.dispose();
  }

  private light(light: SplatLight): void {
    this.lit = light;
    if (this.relighter && light !== AS_FILMED) {
      this.relighter.light(light, this.colors);
      return;
    }
    const { posed, count } = this.poser;
    for (let splat = 0; splat < count; splat += 1) {
      for (let channel = 0; channel < 3; channel += 1) this.colors[3 * splat + channel] = posed[STRIDE * splat + 9 + channel]!;
    }
  }
}

/**
 * One triangle around each splat's disc; which corner a vertex is, the shader sees by its number.
 *
 * A quad has less area; but to set triangles up costs a processor that draws more than that.
 */
function triangles(count: number): BufferGeometry {
  const index = new Uint32Array(CORNERS * count);
  for (let place = 0; place < index.length; place += 1) index[place] = 4 * Math.floor(place / CORNERS) + (place % CORNERS);
  const geometry = new BufferGeometry();
  geometry.setIndex(new BufferAttribute(index, 1));
  return geometry;
}
