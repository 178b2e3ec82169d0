/** The picture: renderer, camera and a loop that draws only when something changed. */

import {
  NeutralToneMapping,
  PerspectiveCamera,
  Scene,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { Head } from './head';
import { AS_FILMED, type SplatLight } from './relight_splats';
import { Sharpness } from './sharpness';
import { FARTHEST, FIELD_OF_VIEW, type Framing, FRAMINGS, type FramingName, NEAREST, PITCH, ROOM_AROUND, STEEPEST, UPRIGHT } from './tables';

/** Milliseconds: without a frame for so long, the picture rests; and was not in motion. */
const REST = 160;
const PAUSE = 1500;

interface View {
  readonly position: Vector3;
  readonly target: Vector3;
}

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.02, 50);
  readonly controls: OrbitControls;
  /** Called before each frame with seconds; returns whether the next one differs too. */
  onFrame: (now: number) => boolean = () => false;
  onFrameTime: (milliseconds: number | null) => void = () => {};
  /** The light on splats, which no shader of the scene lights. */
  splatLight: SplatLight = AS_FILMED;
  private head: Head | null = null;
  private dirty = true;
  private drawnBefore: number | null = null;
  private readonly intervals: number[] = [];
  private readonly sharpness = new Sharpness();
  private readonly restRatio: number;
  private readonly movingRatio: number;
  private glide: { start: number; from: [Vector3, Vector3]; to: [Vector3, Vector3] } | null = null;

  constructor(private readonly container: HTMLElement) {
    // Several samples a pixel cost a processor as much as several pixels: there, the picture gets
    // them at rest only.
    const software = drawnBySoftware();
    this.restRatio = software ? 1.5 : Math.min(window.devicePixelRatio, 2);
    this.movingRatio = software ? 1 : this.restRatio;
    this.renderer = new WebGLRenderer({ antialias: !software });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.renderer.toneMapping = NeutralToneMapping;
    this.setRatio(this.restRatio);
    const canvas = this.renderer.domElement;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', 'The head; arrow keys turn the view, plus and minus zoom');
    container.append(canvas);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.minDistance = NEAREST;
    this.controls.maxDistance = FARTHEST;
    this.controls.addEventListener('change', () => this.invalidate());
    this.controls.addEventListener('start', () => (this.glide = null));
    canvas.addEventListener('keydown', (event) => this.onKey(event));
    new ResizeObserver(() => this.resize()).observe(container);
    this.resize();
    requestAnimationFrame(this.loop);
  }

  /** Whether the picture stands still, with all its pixels. */
  get resting(): boolean {
    return !this.dirty && this.glide === null && this.drawnBefore === null;
  }

  /** Draw the picture now. */
  draw(): void {
    this.camera.updateMatrixWorld();
    this.head?.beforeDraw(this.renderer, this.camera, this.splatLight);
    this.renderer.render(this.scene, this.camera);
  }

  /** Have the next frame drawn. */
  invalidate(): void {
    this.dirty = true;
  }

  show(head: Head | null): void {
    const first = this.head === null;
    if (this.head) {
      this.scene.remove(this.head.root);
      this.head.dispose();
    }
    this.head = head;
    if (head) {
      this.scene.add(head.root);
      if (head.filmedFrom) this.frame('filmed', false);
      else if (first) this.frame('head', false);
    }
    this.invalidate();
  }

  /** Move the camera to one of the portraits, gliding unless motion is to be reduced. */
  frame(framing: FramingName | 'filmed', smooth = !matchMedia('(prefers-reduced-motion: reduce)').matches): void {
    if (!this.head) return;
    const { position, target } = framing === 'filmed' ? this.asFilmed(this.head) : this.portrait(this.head, FRAMINGS[framing]);
    if (smooth) {
      this.glide = {
        start: performance.now(),
        from: [this.camera.position.clone(), this.controls.target.clone()],
        to: [position, target],
      };
    } else {
      this.camera.position.copy(position);
      this.controls.target.copy(target);
      this.controls.update();
    }
    this.invalidate();
  }

  private portrait(head: Head, { yaw, zoom, low, below_eyes: below }: Framing): View {
    const { centre, height, depth } = head.extent;
    const target = centre.clone();
    if (below !== null) target.y = head.eyeLevel - below * height;
    target.y -= low;
    const half = (height * ROOM_AROUND) / 2 / zoom;
    const upright = half / Math.tan((FIELD_OF_VIEW * Math.PI) / 360);
    const distance = upright * this.narrowness + depth / 2;
    return { target, position: fromAngles(yaw, PITCH).multiplyScalar(distance).add(target) };
  }

  /** From where the head was filmed, which its splats look best from; farther if that cut it off. */
  private asFilmed(head: Head): View {
    const { position, target } = this.portrait(head, FRAMINGS.head);
    const away = (head.filmedFrom ?? position).clone().sub(target);
    const least = position.distanceTo(target);
    return { target, position: away.setLength(Math.max(away.length() * this.narrowness, least)).add(target) };
  }

  /** How much farther the camera stands where the picture is narrow. */
  private get narrowness(): number {
    return Math.max(1, UPRIGHT / this.camera.aspect);
  }

  /** Draw now and return the picture. */
  async screenshot(): Promise<Blob> {
    this.setRatio(this.restRatio);
    this.draw();
    return new Promise((resolve, reject) => {
      this.renderer.domElement.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
    });
  }

  /** Return how long each of some moving frames takes until its pixels are there, in milliseconds. */
  measure(frames: number, change: (frame: number) => void): number[] {
    this.setRatio(this.movingRatio);
    const context = this.renderer.getContext();
    const pixel = new Uint8Array(4);
    const times: number[] = [];
    for (let frame = 0; frame < frames; frame += 1) {
      const start = performance.now();
      change(frame);
      this.draw();
      context.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, pixel);
      times.push(performance.now() - start);
    }
    return times;
  }

  private readonly loop = (now: number): void => {
    requestAnimationFrame(this.loop);
    this.advanceGlide(now);
    const moving = this.onFrame(now / 1000);
    if (!this.dirty && !moving) {
      this.restAt(now);
      return;
    }
    this.dirty = false;
    if (this.drawnBefore !== null && now - this.drawnBefore < PAUSE) {
      this.tellInterval(now - this.drawnBefore);
      this.setRatio(this.movingRatio * this.sharpness.afterFrame(now - this.drawnBefore));
    }
    this.draw();
    this.drawnBefore = now;
  };

  /** Once nothing has moved for a while, draw the picture once more with all its pixels. */
  private restAt(now: number): void {
    if (this.drawnBefore === null || now - this.drawnBefore < REST) return;
    this.drawnBefore = null;
    this.sharpness.rest();
    this.onFrameTime(null);
    if (this.setRatio(this.restRatio)) this.draw();
  }

  /** Draw so many pixels for one of the page's, in either direction; tells whether that is new. */
  private setRatio(ratio: number): boolean {
    if (ratio === this.renderer.getPixelRatio()) return false;
    this.renderer.setPixelRatio(ratio);
    return true;
  }

  private tellInterval(milliseconds: number): void {
    this.intervals.push(milliseconds);
    if (this.intervals.length < 12) return;
    const sorted = this.intervals.splice(0).sort((a, b) => a - b);
    this.onFrameTime(sorted[sorted.length >> 1] ?? null);
  }

  private advanceGlide(now: number): void {
    if (!this.glide) return;
    const phase = Math.min(1, (now - this.glide.start) / 420);
    const eased = 1 - (1 - phase) ** 3;
    const [fromPosition, fromTarget] = this.glide.from;
    const [toPosition, toTarget] = this.glide.to;
    this.camera.position.lerpVectors(fromPosition, toPosition, eased);
    this.controls.target.lerpVectors(fromTarget, toTarget, eased);
    // A straight line between two sides would pass through the head.
    const fromDistance = fromPosition.distanceTo(fromTarget);
    const distance = fromDistance + (toPosition.distanceTo(toTarget) - fromDistance) * eased;
    this.camera.position.sub(this.controls.target).setLength(distance).add(this.controls.target);
    if (phase >= 1) this.glide = null;
    this.controls.update();
    this.invalidate();
  }

  private onKey(event: KeyboardEvent): void {
    const turns: Record<string, [number, number]> = {
      ArrowLeft: [0.08, 0],
      ArrowRight: [-0.08, 0],
      ArrowUp: [0, 0.06],
      ArrowDown: [0, -0.06],
    };
    const turn = turns[event.key];
    const zoom = { '+': 0.92, '=': 0.92, '-': 1 / 0.92 }[event.key];
    if (!turn && zoom === undefined) return;
    event.preventDefault();
    const offset = this.camera.position.clone().sub(this.controls.target);
    if (turn) {
      const yaw = Math.atan2(offset.x, offset.z) - turn[0];
      const length = offset.length();
      const pitch = Math.max(-STEEPEST, Math.min(STEEPEST, Math.asin(offset.y / length) + turn[1]));
      offset.copy(fromAngles(yaw, pitch)).multiplyScalar(length);
    }
    if (zoom !== undefined) offset.multiplyScalar(zoom);
    this.camera.position.copy(this.controls.target).add(offset);
    this.controls.update();
    this.invalidate();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.container;
    if (width === 0 || height === 0) return;
    this.renderer.setSize(width, height);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.draw();
    this.invalidate();
  }
}

/** The direction `yaw` to the picture's right of the face's, and `pitch` above it, in radians. */
export function fromAngles(yaw: number, pitch: number): Vector3 {
  return new Vector3(Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch));
}

/** Tell whether the browser draws by the processor, for want of a graphics card. */
function drawnBySoftware(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  const info = context?.getExtension('WEBGL_debug_renderer_info');
  const name = context && info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return /llvmpipe|swiftshader|software|basic render/i.test(name);
}
