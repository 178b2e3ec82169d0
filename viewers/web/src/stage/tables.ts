// Made by `python -m viewers.server.typescript`: change the Python it is made from.

import type { ARKIT_NAMES, UploadKind } from '../messages';

export type Triple = readonly [number, number, number];

export const FIELD_OF_VIEW = 24;
export const CHIN = -1.1;
export const NEAREST = 0.15;
export const FARTHEST = 6;
export const STEEPEST = 1.4;
export const UPRIGHT = 0.78;
export const PITCH = 0.03;
export const ROOM_AROUND = 1.2;
export const NECK_SHARE = 0.35;
export const MOST_YAW = 0.7;
export const MOST_PITCH = 0.45;
export const MOST_ROLL = 0.4;
export const KEY_COLOR = [1, 0.95, 0.88] as const;
export const KEY_SIDE = -0.7;
export const KEY_HEIGHT = 0.6;
export const DIMMEST = 0.15;
export const DISPLAY_GAMMA = 2.2;
export const LIGHT_SHARE = [0.5, 2] as const;
export const ALBEDO = [0.002, 0.95] as const;
export const BRIGHTEST = 4;
export const SHOULDER = 0.75;
export const FACE_LIGHT = 0.85;
export const LUMINANCE = [0.2126, 0.7152, 0.0722] as const;
export const HARMONIC_GAINS = [0.079577, 0.15915, 0.15915, 0.15915, 0.29842, 0.29842, 0.024868, 0.29842, 0.074604] as const;
export const TEXTURE_SIZES = [512, 1024, 2048, 4096] as const;

/** A portrait: radians the camera stands to the picture's right, zoom, metres lower. */
export interface Framing {
  readonly yaw: number;
  readonly zoom: number;
  readonly low: number;
  readonly below_eyes: number | null;
}

/** A luminous box: its place and size in metres from the head, its radiance (linear RGB). */
export interface Panel {
  readonly place: Triple;
  readonly size: Triple;
  readonly radiance: Triple;
}

/** The radiance of a room's walls, and what else shines in it. */
export interface Room {
  readonly walls: number;
  readonly panels: readonly Panel[];
}

/** Linear RGB in the `middle` and at the `edge`. */
export interface Backdrop {
  readonly middle: Triple;
  readonly edge: Triple;
  readonly spot: readonly [number, number];
  readonly falloff: readonly [number, number];
  readonly bell: boolean;
}

export type FramingName = 'face' | 'head' | 'left' | 'right' | 'bust';
export const FRAMINGS: Readonly<Record<FramingName, Framing>> = {
  face: { yaw: 0, zoom: 1.55, low: 0, below_eyes: 0.15 },
  head: { yaw: 0.32, zoom: 1.08, low: 0, below_eyes: null },
  left: { yaw: 1.25, zoom: 1, low: 0, below_eyes: null },
  right: { yaw: -1.25, zoom: 1, low: 0, below_eyes: null },
  bust: { yaw: 0, zoom: 0.66, low: 0.06, below_eyes: null },
};

export type Look = 'splats' | 'shaded' | 'clay' | 'albedo' | 'normals' | 'wireframe' | 'uv';
export const LOOKS: Readonly<Record<Look, string>> = {
  splats: 'Splats',
  shaded: 'Shaded',
  clay: 'Clay',
  albedo: 'Albedo',
  normals: 'Normals',
  wireframe: 'Wire',
  uv: 'UV',
};

export type RoomName = 'softbox' | 'window' | 'rim' | 'overcast';
export const ROOMS: Readonly<Record<RoomName, Room>> = {
  softbox: { walls: 0.3, panels: [{ place: [-4, 3.4, 4.2], size: [3, 3.6, 0.1], radiance: [11, 10.5, 9.9] }, { place: [4.6, 1.6, 3.2], size: [2.4, 3.6, 0.1], radiance: [4.6, 4.8, 5.2] }, { place: [0.5, 6, -1], size: [5, 0.1, 4], radiance: [2.2, 2.2, 2.3] }, { place: [3.5, 2.5, -5], size: [2, 4, 0.1], radiance: [4.5, 4.2, 3.9] }] },
  window: { walls: 0.12, panels: [{ place: [-5.5, 1.6, 1.6], size: [0.1, 5, 4.4], radiance: [10, 10.6, 11.6] }, { place: [5.5, 0.6, 0.5], size: [0.1, 3, 4], radiance: [0.7, 0.64, 0.58] }] },
  rim: { walls: 0.05, panels: [{ place: [-4.4, 2, -3], size: [1.2, 5, 0.1], radiance: [18, 12, 8] }, { place: [4.6, 2, -2.6], size: [1.2, 5, 0.1], radiance: [7, 10, 17] }, { place: [0, 2.5, 6], size: [2.4, 1.6, 0.1], radiance: [2.2, 2.1, 2] }] },
  overcast: { walls: 0.85, panels: [{ place: [0, 6, 0], size: [9, 0.1, 9], radiance: [1.6, 1.75, 2] }] },
};

export const ROOM_TITLES: Readonly<Record<RoomName, string>> = {
  softbox: 'Softbox',
  window: 'Window',
  rim: 'Rim',
  overcast: 'Overcast',
};

/** Light as `avatar.render.light` has it: nine harmonics of irradiance, and lamps. */
export interface PlainLight {
  readonly environment: readonly (readonly number[])[];
  readonly lamps: readonly { readonly direction: Triple; readonly color: Triple }[];
}

export const ROOM_LIGHTS: Readonly<Record<RoomName, PlainLight>> = {
  softbox: { environment: [[0.3, 0.3, 0.3], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], lamps: [{ direction: [-0.595, 0.506, 0.625], color: [0.775, 0.739, 0.697] }, { direction: [0.789, 0.275, 0.549], color: [0.342, 0.356, 0.386] }, { direction: [0.067, 0.987, -0.144], color: [0.316, 0.316, 0.33] }, { direction: [0.531, 0.379, -0.758], color: [0.245, 0.229, 0.212] }] },
  window: { environment: [[0.12, 0.12, 0.12], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], lamps: [{ direction: [-0.947, 0.222, 0.233], color: [1.588, 1.683, 1.842] }, { direction: [0.992, 0.099, 0.077], color: [0.076, 0.07, 0.063] }] },
  rim: { environment: [[0.05, 0.05, 0.05], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], lamps: [{ direction: [-0.773, 0.352, -0.527], color: [0.94, 0.626, 0.418] }, { direction: [0.814, 0.354, -0.46], color: [0.37, 0.528, 0.898] }, { direction: [0, 0.385, 0.923], color: [0.062, 0.059, 0.056] }] },
  overcast: { environment: [[0.938, 0.956, 0.985], [0, 0, 0], [0.155, 0.186, 0.238], [0, 0, 0], [0, 0, 0], [0, 0, 0], [-0.018, -0.022, -0.028], [0, 0, 0], [-0.055, -0.066, -0.085]], lamps: [] },
};

export type BackdropName = 'studio' | 'dark' | 'grey' | 'white' | 'green';
export const BACKDROPS: Readonly<Record<BackdropName, Backdrop>> = {
  studio: { middle: [0.3743, 0.38, 0.3876], edge: [0.1379, 0.14, 0.1428], spot: [0, -0.15], falloff: [0.83666, 0.89443], bell: true },
  dark: { middle: [0.033105, 0.036889, 0.043735], edge: [0.0040247, 0.0043914, 0.0051815], spot: [0, -0.08], falloff: [0.64, 0.64], bell: false },
  grey: { middle: [0.39676, 0.40724, 0.42327], edge: [0.18447, 0.1912, 0.20508], spot: [0, -0.08], falloff: [0.64, 0.64], bell: false },
  white: { middle: [1, 1, 1], edge: [0.81485, 0.82279, 0.8388], spot: [0, -0.08], falloff: [0.64, 0.64], bell: false },
  green: { middle: [0, 0.43966, 0.051269], edge: [0, 0.43966, 0.051269], spot: [0, -0.08], falloff: [0.64, 0.64], bell: false },
};

export interface Slider {
  readonly name: (typeof ARKIT_NAMES)[number];
  readonly title: string;
  /** The other side's, which moves along. */
  readonly partner: string | null;
}

export interface SliderGroup {
  readonly title: string;
  readonly open: boolean;
  readonly sliders: readonly Slider[];
}

export const SLIDER_GROUPS: readonly SliderGroup[] = [
  { title: 'Brows', open: true, sliders: [{ name: 'browDownLeft', title: 'Down left', partner: 'browDownRight' }, { name: 'browDownRight', title: 'Down right', partner: 'browDownLeft' }, { name: 'browInnerUp', title: 'Inner up', partner: null }, { name: 'browOuterUpLeft', title: 'Outer up left', partner: 'browOuterUpRight' }, { name: 'browOuterUpRight', title: 'Outer up right', partner: 'browOuterUpLeft' }] },
  { title: 'Eyes', open: true, sliders: [{ name: 'eyeBlinkLeft', title: 'Eye blink left', partner: 'eyeBlinkRight' }, { name: 'eyeSquintLeft', title: 'Eye squint left', partner: 'eyeSquintRight' }, { name: 'eyeWideLeft', title: 'Eye wide left', partner: 'eyeWideRight' }, { name: 'eyeBlinkRight', title: 'Eye blink right', partner: 'eyeBlinkLeft' }, { name: 'eyeSquintRight', title: 'Eye squint right', partner: 'eyeSquintLeft' }, { name: 'eyeWideRight', title: 'Eye wide right', partner: 'eyeWideLeft' }] },
  { title: 'Gaze', open: false, sliders: [{ name: 'eyeLookDownLeft', title: 'Eye look down left', partner: 'eyeLookDownRight' }, { name: 'eyeLookInLeft', title: 'Eye look in left', partner: null }, { name: 'eyeLookOutLeft', title: 'Eye look out left', partner: null }, { name: 'eyeLookUpLeft', title: 'Eye look up left', partner: 'eyeLookUpRight' }, { name: 'eyeLookDownRight', title: 'Eye look down right', partner: 'eyeLookDownLeft' }, { name: 'eyeLookInRight', title: 'Eye look in right', partner: null }, { name: 'eyeLookOutRight', title: 'Eye look out right', partner: null }, { name: 'eyeLookUpRight', title: 'Eye look up right', partner: 'eyeLookUpLeft' }] },
  { title: 'Jaw', open: true, sliders: [{ name: 'jawForward', title: 'Jaw forward', partner: null }, { name: 'jawLeft', title: 'Jaw left', partner: null }, { name: 'jawRight', title: 'Jaw right', partner: null }, { name: 'jawOpen', title: 'Jaw open', partner: null }] },
  { title: 'Mouth', open: true, sliders: [{ name: 'mouthClose', title: 'Close', partner: null }, { name: 'mouthFunnel', title: 'Funnel', partner: null }, { name: 'mouthPucker', title: 'Pucker', partner: null }, { name: 'mouthLeft', title: 'Left', partner: null }, { name: 'mouthRight', title: 'Right', partner: null }, { name: 'mouthSmileLeft', title: 'Smile left', partner: 'mouthSmileRight' }, { name: 'mouthSmileRight', title: 'Smile right', partner: 'mouthSmileLeft' }, { name: 'mouthFrownLeft', title: 'Frown left', partner: 'mouthFrownRight' }, { name: 'mouthFrownRight', title: 'Frown right', partner: 'mouthFrownLeft' }, { name: 'mouthDimpleLeft', title: 'Dimple left', partner: 'mouthDimpleRight' }, { name: 'mouthDimpleRight', title: 'Dimple right', partner: 'mouthDimpleLeft' }, { name: 'mouthStretchLeft', title: 'Stretch left', partner: 'mouthStretchRight' }, { name: 'mouthStretchRight', title: 'Stretch right', partner: 'mouthStretchLeft' }, { name: 'mouthRollLower', title: 'Roll lower', partner: null }, { name: 'mouthRollUpper', title: 'Roll upper', partner: null }, { name: 'mouthShrugLower', title: 'Shrug lower', partner: null }, { name: 'mouthShrugUpper', title: 'Shrug upper', partner: null }, { name: 'mouthPressLeft', title: 'Press left', partner: 'mouthPressRight' }, { name: 'mouthPressRight', title: 'Press right', partner: 'mouthPressLeft' }, { name: 'mouthLowerDownLeft', title: 'Lower down left', partner: 'mouthLowerDownRight' }, { name: 'mouthLowerDownRight', title: 'Lower down right', partner: 'mouthLowerDownLeft' }, { name: 'mouthUpperUpLeft', title: 'Upper up left', partner: 'mouthUpperUpRight' }, { name: 'mouthUpperUpRight', title: 'Upper up right', partner: 'mouthUpperUpLeft' }, { name: 'tongueOut', title: 'Tongue out', partner: null }] },
  { title: 'Cheeks and nose', open: false, sliders: [{ name: 'cheekPuff', title: 'Puff', partner: null }, { name: 'cheekSquintLeft', title: 'Squint left', partner: 'cheekSquintRight' }, { name: 'cheekSquintRight', title: 'Squint right', partner: 'cheekSquintLeft' }, { name: 'noseSneerLeft', title: 'Sneer left', partner: 'noseSneerRight' }, { name: 'noseSneerRight', title: 'Sneer right', partner: 'noseSneerLeft' }] },
];

export const SUFFIXES: Readonly<Record<UploadKind, readonly string[]>> = {
  photo: ['.jpg', '.jpeg', '.png', '.webp', '.heic', '.heif', '.avif', '.tif', '.tiff'],
  sound: ['.wav', '.flac', '.mp3', '.ogg', '.opus', '.m4a', '.aac', '.webm'],
  video: ['.mp4', '.mov', '.webm', '.mkv', '.avi'],
  avatar: ['.avatar'],
  clip: ['.csv', '.npz'],
};
