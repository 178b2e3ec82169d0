/** A head out of a .glb: 52 morph weights and the turns of its joints. */

import {
  AdditiveBlending,
  Box3,
  type Bone,
  type Material,
  type Mesh,
  MeshPhysicalMaterial,
  type MeshStandardMaterial,
  type Object3D,
  type PerspectiveCamera,
  Quaternion,
  type SkinnedMesh,
  Vector3,
  type WebGLRenderer,
} from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { ARKIT_NAMES } from '../messages';
import type { SplatLight } from './relight_splats';
import { SplatCloud } from './splats';
import { CHIN } from './tables';

export interface Extent {
  readonly centre: Vector3;
  readonly height: number;
  readonly depth: number;
}

const STILL = new Quaternion();

export class Head {
  readonly meshes: readonly Mesh[];
  readonly extent: Extent;
  readonly eyeLevel: number;
  private readonly bones = new Map<string, Bone>();
  private readonly moving: { influences: number[]; targets: readonly (number | undefined)[] }[] = [];

  private weights = new Float32Array(ARKIT_NAMES.length);
  private splatsBehind = true;
  private readonly headAtRest: Vector3;

  constructor(
    readonly root: Object3D,
    readonly splats: SplatCloud | null,
  ) {
    const meshes: Mesh[] = [];
    root.traverse((object) => {
      if ((object as Bone).isBone) this.bones.set(object.name, object as Bone);
      if ((object as Mesh).isMesh) meshes.push(object as Mesh);
    });
    this.meshes = meshes;
    for (const mesh of meshes) {
      // Morphs and joints move vertices out of the resting box that culling looks at.
      mesh.frustumCulled = false;
      finish(mesh);
      dropStill(mesh);
      if (!mesh.morphTargetDictionary || !mesh.morphTargetInfluences) continue;
      const names = mesh.morphTargetDictionary;
      this.moving.push({
        influences: mesh.morphTargetInfluences,
        targets: ARKIT_NAMES.map((name) => names[name]),
      });
    }
    root.updateMatrixWorld(true);
    if (splats) root.add(splats.mesh);
    this.eyeLevel = this.placeOf('eye_left').y;
    this.headAtRest = this.placeOf('head');
    this.extent = extentOf(meshes, this.eyeLevel);
  }

  /** Where the camera stood that filmed the splats; null for a head without any. */
  get filmedFrom(): Vector3 | null {
    return this.splats?.filmedFrom ?? null;
  }

  /** Set the 52 weights, in ARKit's order. */
  setWeights(weights: ArrayLike<number>): void {
    this.weights = Float32Array.from(weights);
    this.splatsBehind = true;
    for (const { influences, targets } of this.moving) {
      for (let index = 0; index < targets.length; index += 1) {
        const target = targets[index];
        if (target !== undefined) influences[target] = weights[index] ?? 0;
      }
    }
  }

  /** Turn joints from their rest; names that this head lacks are left alone. */
  setRotations(rotations: ReadonlyMap<string, Quaternion>): void {
    for (const [name, bone] of this.bones) bone.quaternion.copy(rotations.get(name) ?? STILL);
    this.splatsBehind = true;
  }

  /** Bring up to date what the processor poses, right before it is drawn. */
  beforeDraw(renderer: WebGLRenderer, camera: PerspectiveCamera, light: SplatLight): void {
    const { splats } = this;
    if (!splats?.mesh.visible) return;
    if (this.splatsBehind) {
      this.splatsBehind = false;
      this.root.updateMatrixWorld(true);
      const turn = this.bones.get('head')?.getWorldQuaternion(new Quaternion()) ?? STILL;
      const shift = this.placeOf('head').sub(this.headAtRest.clone().applyQuaternion(turn));
      splats.pose(this.weights, turn, shift);
    }
    splats.follow(renderer, camera, light);
  }

  dispose(): void {
    this.splats?.dispose();
    for (const mesh of this.meshes) {
      mesh.geometry.dispose();
      (mesh as SkinnedMesh).skeleton?.dispose();
      for (const material of [mesh.material].flat() as MeshStandardMaterial[]) {
        material.map?.dispose();
        material.roughnessMap?.dispose();
        material.normalMap?.dispose();
        material.dispose();
      }
    }
  }

  private placeOf(joint: string): Vector3 {
    return this.bones.get(joint)?.getWorldPosition(new Vector3()) ?? new Vector3();
  }
}

export async function loadHead(mesh: string, splats: string | null): Promise<Head> {
  const [loaded, cloud] = await Promise.all([new GLTFLoader().loadAsync(mesh), splats ? loadSplats(splats) : null]);
  return new Head(loaded.scene, cloud);
}

async function loadSplats(url: string): Promise<SplatCloud> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error('The splats of this head could not be read.');
  return new SplatCloud(await answer.arrayBuffer());
}

/** Drop the targets that leave this part alone: every one costs memory and time for each vertex. */
function dropStill(mesh: Mesh): void {
  const { position, normal } = mesh.geometry.morphAttributes;
  const names = Object.keys(mesh.morphTargetDictionary ?? {});
  if (!position || names.length !== position.length) return;
  const moving = names.map((_, index) => position[index]?.array.some((value) => value !== 0) ?? false);
  mesh.geometry.morphAttributes.position = position.filter((_, index) => moving[index]);
  if (normal) mesh.geometry.morphAttributes.normal = normal.filter((_, index) => moving[index]);
  mesh.updateMorphTargets();
  const kept = names.filter((_, index) => moving[index]);
  mesh.morphTargetDictionary = Object.fromEntries(kept.map((name, index) => [name, index]));
}

/** What glTF cannot say: a cornea adds its highlight and takes no light away. */
function finish(mesh: Mesh): void {
  const material = mesh.material as MeshStandardMaterial;
  if (material.name === 'cornea') {
    mesh.material = new MeshPhysicalMaterial({
      name: material.name,
      color: 0,
      roughness: material.roughness,
      specularIntensity: 0.4,
      blending: AdditiveBlending,
      transparent: true,
      depthWrite: false,
    });
    mesh.renderOrder = 2;
  } else if (material.transparent) {
    material.alphaToCoverage = true;
    material.depthWrite = false;
    mesh.renderOrder = 3;
  }
  sharpen(material);
}

function sharpen(material: Material & { map?: MeshStandardMaterial['map'] }): void {
  if (material.map) material.map.anisotropy = 4;
}

function extentOf(meshes: readonly Mesh[], eyeLevel: number): Extent {
  const box = new Box3();
  const point = new Vector3();
  let top = -Infinity;
  for (const mesh of meshes) {
    mesh.geometry.computeBoundingBox();
    top = Math.max(top, mesh.geometry.boundingBox?.max.y ?? -Infinity);
  }
  const chin = eyeLevel + CHIN * (top - eyeLevel);
  for (const mesh of meshes) {
    const positions = mesh.geometry.attributes.position;
    if (!positions) continue;
    for (let index = 0; index < positions.count; index += 3) {
      point.set(positions.getX(index), positions.getY(index), positions.getZ(index));
      if (point.y > chin) box.expandByPoint(point);
    }
  }
  const size = box.getSize(new Vector3());
  return { centre: box.getCenter(new Vector3()), height: size.y, depth: size.z };
}
