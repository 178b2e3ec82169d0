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
  Quaternion,
  type SkinnedMesh,
  Vector3,
} from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { ARKIT_NAMES } from '../messages';

export interface Extent {
  readonly centre: Vector3;
  readonly height: number;
  readonly depth: number;
}

/** Where the head ends below the eyes, as a multiple of how far its top lies above them. */
const CHIN = -1.1;

export class Head {
  readonly meshes: readonly Mesh[];
  readonly extent: Extent;
  readonly eyeLevel: number;
  private readonly bones = new Map<string, Bone>();
  private readonly moving: { influences: number[]; targets: readonly (number | undefined)[] }[] = [];

  constructor(readonly root: Object3D) {
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
    this.eyeLevel = this.bones.get('eye_left')?.getWorldPosition(new Vector3()).y ?? 0;
    this.extent = extentOf(meshes, this.eyeLevel);
  }

  /** Set the 52 weights, in ARKit's order. */
  setWeights(weights: ArrayLike<number>): void {
    for (const { influences, targets } of this.moving) {
      for (let index = 0; index < targets.length; index += 1) {
        const target = targets[index];
        if (target !== undefined) influences[target] = weights[index] ?? 0;
      }
    }
  }

  /** Turn a joint from its rest; names that this head lacks are left alone. */
  setRotation(joint: string, rotation: Quaternion): void {
    this.bones.get(joint)?.quaternion.copy(rotation);
  }

  rest(): void {
    for (const bone of this.bones.values()) bone.quaternion.identity();
  }

  dispose(): void {
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
}

export async function loadHead(url: string, onprogress: (done: number) => void): Promise<Head> {
  const loaded = await new GLTFLoader().loadAsync(url, (event) => {
    if (event.total > 0) onprogress(event.loaded / event.total);
  });
  return new Head(loaded.scene);
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
