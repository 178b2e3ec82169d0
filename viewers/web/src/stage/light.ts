/** Light from an environment, a key light beside it, and what lies behind the head. */

import {
  BackSide,
  BoxGeometry,
  CanvasTexture,
  Color,
  DataTexture,
  DirectionalLight,
  EquirectangularReflectionMapping,
  type Texture,
  Mesh,
  MeshBasicMaterial,
  PMREMGenerator,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  type WebGLRenderTarget,
} from 'three';
import { HDRLoader } from 'three/addons/loaders/HDRLoader.js';
import type { Stage } from './stage';

export type EnvironmentName = 'softbox' | 'window' | 'rim' | 'overcast' | 'own';
export type Backdrop = 'dark' | 'grey' | 'white' | 'environment';

/** Place (x, y, z), size (x, y, z) and radiance (linear RGB) of each lamp; and what surrounds them. */
interface Room {
  readonly walls: number;
  readonly lamps: readonly (readonly [readonly [number, number, number], readonly [number, number, number], readonly [number, number, number]])[];
}

const ROOMS: Record<Exclude<EnvironmentName, 'own'>, Room> = {
  softbox: {
    walls: 0.3,
    lamps: [
      [[-4, 3.4, 4.2], [3, 3.6, 0.1], [11, 10.5, 9.9]],
      [[4.6, 1.6, 3.2], [2.4, 3.6, 0.1], [4.6, 4.8, 5.2]],
      [[0.5, 6, -1], [5, 0.1, 4], [2.2, 2.2, 2.3]],
      [[3.5, 2.5, -5], [2, 4, 0.1], [4.5, 4.2, 3.9]],
    ],
  },
  window: {
    walls: 0.12,
    lamps: [
      [[-5.5, 1.6, 1.6], [0.1, 5, 4.4], [10, 10.6, 11.6]],
      [[5.5, 0.6, 0.5], [0.1, 3, 4], [0.7, 0.64, 0.58]],
    ],
  },
  rim: {
    walls: 0.05,
    lamps: [
      [[-4.4, 2, -3], [1.2, 5, 0.1], [18, 12, 8]],
      [[4.6, 2, -2.6], [1.2, 5, 0.1], [7, 10, 17]],
      [[0, 2.5, 6], [2.4, 1.6, 0.1], [2.2, 2.1, 2]],
    ],
  },
  overcast: { walls: 0.85, lamps: [[[0, 6, 0], [9, 0.1, 9], [1.6, 1.75, 2]]] },
};

const BACKDROPS: Record<Exclude<Backdrop, 'environment'>, [string, string]> = {
  dark: ['#33363b', '#0d0e10'],
  grey: ['#a9abae', '#77797d'],
  white: ['#ffffff', '#e9eaec'],
};

export class Light {
  readonly key = new DirectionalLight(new Color(1, 0.95, 0.88), 0);
  private readonly generator: PMREMGenerator;
  private target: WebGLRenderTarget | null = null;
  private own: DataTexture | null = null;
  private backdrop: Backdrop = 'dark';
  private azimuth = -0.7;
  private height = 0.6;

  constructor(private readonly stage: Stage) {
    this.generator = new PMREMGenerator(stage.renderer);
    stage.scene.add(this.key, this.key.target);
    this.setEnvironment('softbox');
    this.setBackdrop('dark');
    this.setKey(0, this.azimuth, this.height);
  }

  get hasOwn(): boolean {
    return this.own !== null;
  }

  setEnvironment(name: EnvironmentName): void {
    const room = name === 'own' ? null : ROOMS[name];
    if (!room && !this.own) return;
    const before = this.target;
    this.target = room ? this.fromRoom(room) : this.generator.fromEquirectangular(this.own as DataTexture);
    this.stage.scene.environment = this.target.texture;
    before?.dispose();
    this.setBackdrop(this.backdrop);
  }

  /** Take an equirectangular .hdr picture as the environment. */
  takeHdr(data: ArrayBuffer): void {
    const { data: pixels, width, height, type } = new HDRLoader().parse(data);
    this.own?.dispose();
    this.own = new DataTexture(pixels, width, height, undefined, type);
    this.own.mapping = EquirectangularReflectionMapping;
    this.own.flipY = true;
    this.own.needsUpdate = true;
    this.setEnvironment('own');
  }

  setIntensity(value: number): void {
    this.stage.scene.environmentIntensity = value;
    this.stage.scene.backgroundIntensity = value;
    this.stage.invalidate();
  }

  rotate(radians: number): void {
    this.stage.scene.environmentRotation.y = radians;
    this.stage.scene.backgroundRotation.y = radians;
    this.stage.invalidate();
  }

  /** Set the key light: its strength, and the directions it comes from in radians. */
  setKey(intensity: number, azimuth = this.azimuth, height = this.height): void {
    this.azimuth = azimuth;
    this.height = height;
    this.key.intensity = intensity;
    this.key.visible = intensity > 0;
    this.key.position.set(Math.sin(azimuth) * Math.cos(height), Math.sin(height), Math.cos(azimuth) * Math.cos(height));
    this.stage.invalidate();
  }

  setBackdrop(backdrop: Backdrop): void {
    this.backdrop = backdrop;
    const { scene } = this.stage;
    if (!(scene.background instanceof Color) && scene.background && scene.background !== this.target?.texture) {
      (scene.background as Texture).dispose();
    }
    if (backdrop === 'environment') {
      scene.background = this.target?.texture ?? null;
      scene.backgroundBlurriness = 0.25;
    } else {
      scene.background = gradient(...BACKDROPS[backdrop]);
      scene.backgroundBlurriness = 0;
    }
    this.stage.invalidate();
  }

  private fromRoom(room: Room): WebGLRenderTarget {
    const scene = new Scene();
    const walls = new MeshBasicMaterial({ color: new Color().setScalar(room.walls), side: BackSide });
    scene.add(new Mesh(new SphereGeometry(12, 24, 12), walls));
    for (const [place, size, radiance] of room.lamps) {
      const lamp = new Mesh(new BoxGeometry(...size), new MeshBasicMaterial({ color: new Color(...radiance) }));
      lamp.position.set(...place);
      scene.add(lamp);
      if (size[2] === 0.1) lamp.lookAt(0, 0, 0);
    }
    return this.generator.fromScene(scene, 0.03);
  }
}

/** A wall lit from behind the head: a soft pool of light that falls off to the corners. */
function gradient(middle: string, edge: string): CanvasTexture {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 512;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2D canvas');
  const fill = context.createRadialGradient(256, 236, 0, 256, 256, 400);
  fill.addColorStop(0, middle);
  fill.addColorStop(1, edge);
  context.fillStyle = fill;
  context.fillRect(0, 0, 512, 512);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}
