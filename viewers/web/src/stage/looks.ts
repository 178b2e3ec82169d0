/** Ways to look at a head: as it is, or one of its properties alone. */

import {
  type BufferGeometry,
  CanvasTexture,
  Color,
  DoubleSide,
  type Material,
  type Mesh,
  MeshBasicMaterial,
  MeshNormalMaterial,
  MeshStandardMaterial,
  RepeatWrapping,
  SRGBColorSpace,
} from 'three';
import type { Head } from './head';
import type { Look } from './tables';

const own = new WeakMap<Mesh<BufferGeometry>, Material>();
const lines = new WeakMap<Mesh<BufferGeometry>, Mesh>();
const LINES = new MeshBasicMaterial({ color: 0xf0b27a, wireframe: true, transparent: true, opacity: 0.3, toneMapped: false });
let checker: CanvasTexture | null = null;

export function applyLook(head: Head, wanted: Look): void {
  const look = wanted === 'splats' && !head.splats ? 'shaded' : wanted;
  if (head.splats) head.splats.mesh.visible = look === 'splats';
  for (const mesh of head.meshes) {
    const material = own.get(mesh) ?? (mesh.material as Material);
    own.set(mesh, material);
    if (mesh.material !== material) (mesh.material as Material).dispose();
    const shown = look === 'splats' ? null : materialOf(material as MeshStandardMaterial, look);
    mesh.material = shown ?? material;
    mesh.visible = shown !== null;
    showLines(mesh, look === 'wireframe' && shown !== null);
  }
}

/** Lay the edges over a mesh, moved by the same joints and weights. */
function showLines(mesh: Mesh, wanted: boolean): void {
  const before = lines.get(mesh);
  if (!wanted) {
    before?.removeFromParent();
    lines.delete(mesh);
    return;
  }
  if (before) return;
  const overlay = mesh.clone() as Mesh;
  overlay.morphTargetInfluences = mesh.morphTargetInfluences;
  overlay.frustumCulled = false;
  overlay.material = LINES;
  mesh.parent?.add(overlay);
  lines.set(mesh, overlay);
}

/** Return what stands in for a material, or null where it would only hide what matters. */
function materialOf(material: MeshStandardMaterial, look: Exclude<Look, 'splats'>): Material | null {
  if (look === 'shaded') return material;
  const layer = material.name === 'cornea' || material.name === 'lashes';
  const side = material.side;
  switch (look) {
    case 'clay':
      return layer ? null : new MeshStandardMaterial({ color: new Color(0.42, 0.42, 0.43), roughness: 0.62, side });
    case 'albedo':
      if (material.name === 'cornea') return null;
      return new MeshBasicMaterial({
        map: material.map,
        color: material.color,
        transparent: material.transparent,
        depthWrite: material.depthWrite,
        toneMapped: false,
        side,
      });
    case 'normals':
      return layer ? null : new MeshNormalMaterial({ side });
    case 'wireframe':
      // Pushed back a little, so that the lines over it are not half hidden.
      return layer ? null : new MeshStandardMaterial({ color: 0x24272c, roughness: 0.8, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1, side });
    case 'uv':
      return layer ? null : new MeshBasicMaterial({ map: checkerboard(), toneMapped: false, side: DoubleSide });
  }
}

/** Squares whose colour tells the place: red grows with u, green with v. */
function checkerboard(): CanvasTexture {
  if (checker) return checker;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1024;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2D canvas');
  const cells = 32;
  const size = canvas.width / cells;
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      const light = (row + column) % 2 ? 235 : 120;
      const [u, v] = [column / cells, row / cells];
      context.fillStyle = `rgb(${light * (0.35 + 0.65 * u)}, ${light * (0.35 + 0.65 * v)}, ${light * 0.72})`;
      context.fillRect(column * size, row * size, size, size);
    }
  }
  checker = new CanvasTexture(canvas);
  checker.colorSpace = SRGBColorSpace;
  checker.wrapS = checker.wrapT = RepeatWrapping;
  checker.flipY = false;
  checker.anisotropy = 4;
  return checker;
}

