/** Light from an environment, a key light beside it, and what lies behind the head. */

import {
  BackSide,
  BoxGeometry,
  type BufferGeometry,
  CanvasTexture,
  Color,
  DirectionalLight,
  Mesh,
  MeshBasicMaterial,
  PMREMGenerator,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  type Texture,
  type WebGLRenderTarget,
} from 'three';
import { type Panorama, readPanorama } from './panorama';
import { AS_FILMED, type Lamp } from './relight_splats';
import { fromAngles, type Stage } from './stage';
import { type Backdrop, type BackdropName, BACKDROPS, KEY_COLOR, KEY_HEIGHT, KEY_SIDE, type Room, ROOM_LIGHTS, type RoomName, ROOMS, type Triple } from './tables';

/** A room, one's own panorama, or, for splats that can be relit, the light they were filmed in. */
export type EnvironmentName = RoomName | 'own' | 'filmed';
export type BackgroundName = BackdropName | 'environment';

/** What surfaces show in the light that splats were filmed in. */
const INSTEAD_OF_FILMED: RoomName = 'softbox';
const WALL_SIZE = 256;

export class Light {
  readonly key = new DirectionalLight(new Color(...KEY_COLOR), 0);
  private readonly generator: PMREMGenerator;
  private target: WebGLRenderTarget | null = null;
  private own: Panorama | null = null;
  private name: EnvironmentName = 'softbox';
  private backdrop: BackgroundName = 'dark';
  private brightness = 1;
  private turn = 0;
  private strength = 0;
  private side = KEY_SIDE;
  private height = KEY_HEIGHT;

  constructor(private readonly stage: Stage) {
    this.generator = new PMREMGenerator(stage.renderer);
    stage.scene.add(this.key, this.key.target);
    this.setEnvironment('softbox');
    this.setBackdrop('dark');
    this.setKey(0);
  }

  get environment(): EnvironmentName {
    return this.name;
  }

  get hasOwn(): boolean {
    return this.own !== null;
  }

  setEnvironment(name: EnvironmentName): void {
    if (name === 'own' && !this.own) return;
    this.name = name;
    const before = this.target;
    this.target =
      name === 'own' && this.own
        ? this.generator.fromEquirectangular(this.own.texture)
        : this.fromRoom(ROOMS[name === 'own' || name === 'filmed' ? INSTEAD_OF_FILMED : name]);
    this.stage.scene.environment = this.target.texture;
    this.setBackdrop(this.backdrop);
    before?.dispose();
    this.changed();
  }

  /** Take an equirectangular .hdr picture as the environment. */
  takeHdr(data: ArrayBuffer): void {
    const own = readPanorama(data);
    this.own?.texture.dispose();
    this.own = own;
    this.setEnvironment('own');
  }

  setBrightness(value: number): void {
    this.brightness = value;
    this.changed();
  }

  /** Turn the environment to the subject's left. */
  rotate(radians: number): void {
    this.turn = radians;
    this.changed();
  }

  /** Set the key light: its strength, and the directions it comes from in radians. */
  setKey(strength: number, side = this.side, height = this.height): void {
    [this.strength, this.side, this.height] = [strength, side, height];
    // A white surface that faces the light shows its strength.
    this.key.intensity = Math.PI * strength;
    this.key.visible = strength > 0;
    this.key.position.copy(fromAngles(side, height));
    this.changed();
  }

  setBackdrop(backdrop: BackgroundName): void {
    this.backdrop = backdrop;
    const { scene } = this.stage;
    if (scene.background instanceof CanvasTexture) (scene.background as Texture).dispose();
    scene.background = backdrop === 'environment' ? (this.target?.texture ?? null) : wall(BACKDROPS[backdrop]);
    scene.backgroundBlurriness = backdrop === 'environment' ? 0.25 : 0;
    this.changed();
  }

  private changed(): void {
    const { scene } = this.stage;
    const own = this.name === 'own' ? this.own : null;
    // three.js looks for a panorama's middle at +X; it belongs before the face.
    scene.environmentRotation.y = scene.backgroundRotation.y = this.turn - (own ? Math.PI / 2 : 0);
    scene.environmentIntensity = this.brightness * (own?.exposure ?? 1);
    scene.backgroundIntensity = this.backdrop === 'environment' ? scene.environmentIntensity : 1;
    this.lightSplats(own);
    this.stage.invalidate();
  }

  private lightSplats(own: Panorama | null): void {
    const { brightness, turn } = this;
    const lamps: Lamp[] = [];
    if (this.strength > 0) lamps.push({ direction: fromAngles(this.side, this.height).toArray(), color: scaled(KEY_COLOR, this.strength) });
    if (this.name === 'filmed') {
      const untouched = turn === 0 && brightness === 1 && lamps.length === 0;
      this.stage.splatLight = untouched ? AS_FILMED : { environment: null, turn, brightness, lamps };
      return;
    }
    const light = own ? own.light : ROOM_LIGHTS[this.name === 'own' ? INSTEAD_OF_FILMED : this.name];
    const exposed = brightness * (own?.exposure ?? 1);
    for (const { direction, color } of light.lamps) lamps.push({ direction: turned(direction, turn), color: scaled(color, exposed) });
    this.stage.splatLight = { environment: light.environment, turn, brightness: exposed, lamps };
  }

  private fromRoom(room: Room): WebGLRenderTarget {
    const scene = new Scene();
    const walls = new MeshBasicMaterial({ color: new Color().setScalar(room.walls), side: BackSide });
    const meshes: Mesh<BufferGeometry, MeshBasicMaterial>[] = [new Mesh(new SphereGeometry(12, 24, 12), walls)];
    for (const { place, size, radiance } of room.panels) {
      const panel = new Mesh(new BoxGeometry(...size), new MeshBasicMaterial({ color: new Color(...radiance) }));
      panel.position.set(...place);
      if (size[2] === Math.min(...size)) panel.lookAt(0, 0, 0);
      meshes.push(panel);
    }
    scene.add(...meshes);
    const target = this.generator.fromScene(scene, 0.03);
    for (const mesh of meshes) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    return target;
  }
}

function scaled(color: Triple, factor: number): Triple {
  return [color[0] * factor, color[1] * factor, color[2] * factor];
}

function turned([x, y, z]: Triple, radians: number): Triple {
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  return [cosine * x + sine * z, y, cosine * z - sine * x];
}

/** A wall that is lit in the middle, as `viewers/desktop/shaders/present.frag` paints it. */
function wall({ middle, edge, spot, falloff, bell }: Backdrop): CanvasTexture {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = WALL_SIZE;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2D canvas');
  const picture = context.createImageData(WALL_SIZE, WALL_SIZE);
  const color = new Color();
  for (let index = 0; index < WALL_SIZE ** 2; index += 1) {
    const x = ((2 * ((index % WALL_SIZE) + 0.5)) / WALL_SIZE - 1 - spot[0]) * falloff[0];
    const y = ((2 * (Math.floor(index / WALL_SIZE) + 0.5)) / WALL_SIZE - 1 - spot[1]) * falloff[1];
    const share = bell ? Math.exp(-(x * x + y * y)) : Math.max(0, 1 - Math.hypot(x, y));
    color.fromArray(middle.map((value, channel) => (edge[channel] ?? 0) + share * (value - (edge[channel] ?? 0)))).convertLinearToSRGB();
    // Half a step of noise, so that wide gradients show no bands.
    picture.data.set(color.toArray().map((value) => 255 * value + Math.random() - 0.5), 4 * index);
    picture.data[4 * index + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}
