// three.js' loader and its own skinning agree with ours.  node three_positions.mjs HEAD.json...
import { readFileSync } from 'node:fs';
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

const TOLERANCE = 1e-5; // metres
globalThis.self = globalThis;

// Pictures need a browser; everything else is loaded as there.
const withoutPictures = () => ({
  name: 'without pictures',
  loadTexture: async () => new THREE.Texture(),
});

function setPose(scene, bones, state, targets) {
  scene.traverse((object) => {
    if (!object.morphTargetDictionary) return;
    for (const [index, name] of targets.entries()) {
      const target = object.morphTargetDictionary[name];
      if (target === undefined) throw new Error(`${object.name} has no target ${name}`);
      object.morphTargetInfluences[target] = state.weights[index];
    }
  });
  for (const [name, quaternion] of Object.entries(state.rotations)) {
    bones.get(name).quaternion.fromArray(quaternion);
  }
}

function worst(scene, description, expected, offset) {
  scene.updateMatrixWorld(true);
  const point = new THREE.Vector3();
  let largest = 0;
  for (const { node, vertices } of description.meshes) {
    const mesh = scene.getObjectByName(node);
    if (!mesh?.isSkinnedMesh) throw new Error(`no skinned mesh ${node}`);
    if (mesh.geometry.attributes.position.count !== vertices) throw new Error(`${node}: count`);
    for (let i = 0; i < vertices; i += 1, offset += 3) {
      mesh.getVertexPosition(i, point).applyMatrix4(mesh.matrixWorld);
      const [x, y, z] = expected.subarray(offset, offset + 3);
      const distance = Math.hypot(point.x - x, point.y - y, point.z - z);
      if (!(distance <= largest)) largest = distance;
    }
  }
  return [largest, offset];
}

async function check(path) {
  const base = path.replace(/\.json$/, '');
  const description = JSON.parse(readFileSync(path));
  const bytes = readFileSync(`${base}.f32`);
  const expected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const data = readFileSync(`${base}.glb`);
  const loader = new GLTFLoader().register(withoutPictures);
  const gltf = await loader.parseAsync(
    data.buffer.slice(data.byteOffset, data.byteOffset + data.length), '');
  const bones = new Map();
  gltf.scene.traverse((object) => object.isBone && bones.set(object.name, object));
  const mixer = new THREE.AnimationMixer(gltf.scene);
  const action = gltf.animations.length ? mixer.clipAction(gltf.animations[0]) : null;
  let offset = 0;
  let [largest, where] = [0, 'rest'];
  for (const state of description.states) {
    setPose(gltf.scene, bones, state, description.targets);
    if (state.time !== null) {
      // The animation alone must bring about what was just set by hand.
      setPose(gltf.scene, bones, { ...description.states[0] }, description.targets);
      action.play();
      mixer.setTime(state.time);
    }
    let distance;
    [distance, offset] = worst(gltf.scene, description, expected, offset);
    if (!(distance <= largest)) [largest, where] = [distance, state.name];
  }
  console.log(`three.js   ${path}: ${description.states.length} states, worst ` +
    `${(largest * 1e3).toFixed(6)} mm (${where})`);
  return largest <= TOLERANCE;
}

let passed = true;
for (const path of process.argv.slice(2)) passed = (await check(path)) && passed;
process.exit(passed ? 0 : 1);
