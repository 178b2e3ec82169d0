// Made by `python -m viewers.server.typescript`: change the Python it is made from.

export type UploadKind = 'photo' | 'sound' | 'video' | 'avatar' | 'clip';

export type JobKind = 'reconstruct' | 'prepare' | 'add' | 'speak' | 'track' | 'train' | 'clip' | 'export';

export type JobStatus = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export type ExportFormat = 'glb' | 'obj' | 'avatar' | 'json' | 'ply' | 'spz' | 'splats' | 'csv' | 'npz' | 'mp4' | 'webm' | 'turn';

export type ImageFormat = 'png' | 'jpeg';

export type StyleName = 'neutral' | 'whisper' | 'clear' | 'shout' | 'sing';

export type EmotionName = 'none' | 'joy' | 'anger' | 'sadness' | 'fear' | 'surprise' | 'disgust';

export const STYLES: readonly StyleName[] = ['neutral', 'whisper', 'clear', 'shout', 'sing'];

export const EMOTION_NAMES: readonly EmotionName[] = ['none', 'joy', 'anger', 'sadness', 'fear', 'surprise', 'disgust'];

/** A head in the gallery; `ready` once it can be shown, `version` changes with the file. */
export interface AvatarEntry {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
  readonly modified: number;
  readonly ready: boolean;
  readonly splats: boolean;
}

/** A job as the page sees it; times in seconds since 1970, `progress` in [0, 1]. */
export interface JobState {
  readonly id: string;
  readonly kind: JobKind;
  readonly status: JobStatus;
  readonly title: string;
  readonly stage: string;
  readonly progress: number;
  readonly created: number;
  readonly error: string | null;
  readonly warnings: readonly string[];
  readonly avatar: string | null;
  readonly clip: boolean;
  readonly sound: boolean;
  readonly file: string | null;
  readonly bytes: number;
}

/** How large a file of this kind may be, in bytes, and the suffixes to offer. */
export interface UploadLimit {
  readonly kind: UploadKind;
  readonly bytes: number;
  readonly suffixes: readonly string[];
}

/** A format to export; `needs_clip` and `needs_splats`: there is nothing to write without. */
export interface FormatInfo {
  readonly format: ExportFormat;
  readonly ending: string;
  readonly title: string;
  readonly detail: string;
  readonly takes_clip: boolean;
  readonly needs_clip: boolean;
  readonly needs_splats: boolean;
  readonly takes_textures: boolean;
  readonly slow: boolean;
}

/** The first event on a connection: everything there is; `open` is the head to show first. */
export interface Hello {
  readonly type: 'hello';
  readonly version: string;
  readonly avatars: readonly AvatarEntry[];
  readonly jobs: readonly JobState[];
  readonly limits: readonly UploadLimit[];
  readonly formats: readonly FormatInfo[];
  readonly open: string | null;
}

/** The heads there are now. */
export interface GalleryChanged {
  readonly type: 'gallery';
  readonly avatars: readonly AvatarEntry[];
}

/** A job started, moved on or ended. */
export interface JobChanged {
  readonly type: 'job';
  readonly job: JobState;
}

/** A job is no longer listed. */
export interface JobRemoved {
  readonly type: 'job_removed';
  readonly id: string;
}

/** A performance; arrays are little-endian 32-bit floats in base64, frame after frame. */
export interface ClipData {
  readonly name: string;
  readonly frames: number;
  readonly joints: readonly string[];
  readonly times: string;
  readonly weights: string;
  readonly rotations: string;
  readonly sound: boolean;
}

/** What follows the camera or the microphone waits; `delay` are the seconds it stays behind. */
export interface LiveReady {
  readonly kind: 'ready';
  readonly delay: number;
}

/** What a picture of the camera shows, or the face for a moment of the voice. */
export interface LiveFace {
  readonly kind: 'face';
  readonly time: number;
  readonly weights: readonly number[];
  readonly joints: readonly string[];
  readonly rotations: readonly number[];
}

/** The camera or microphone stopped, and the take is kept as this job. */
export interface LiveTaken {
  readonly kind: 'taken';
  readonly job: string;
}

/** Following ended for a reason that the visitor can do something about. */
export interface LiveFailed {
  readonly kind: 'failed';
  readonly error: string;
}

/** A file that arrived. */
export interface Uploaded {
  readonly id: string;
  readonly kind: UploadKind;
  readonly name: string;
  readonly bytes: number;
}

/** A head went to the trash, from where `undo` brings it back. */
export interface Deleted {
  readonly undo: string;
  readonly name: string;
}

/** Why a request was not done, and the way out. */
export interface Refused {
  readonly error: string;
}

/** Make a head from photos of one person; without any, from the portrait of `avatar demo`. */
export interface ReconstructRequest {
  readonly kind: 'reconstruct';
  readonly uploads: readonly string[];
  readonly name: string;
}

/** Get a head ready to be shown. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly avatar: string;
}

/** Put an `.avatar` file into the gallery. */
export interface AddRequest {
  readonly kind: 'add';
  readonly upload: string;
  readonly name: string;
}

/** Let a head say a recording; an empty `text` means that the words are not known. */
export interface SpeakRequest {
  readonly kind: 'speak';
  readonly upload: string;
  readonly avatar: string;
  readonly text: string;
  readonly style: StyleName;
  readonly emotion: EmotionName;
  readonly intensity: number;
}

/** Follow the face in a video; `make_head` also makes that person's head. */
export interface TrackRequest {
  readonly kind: 'track';
  readonly upload: string;
  readonly avatar: string | null;
  readonly make_head: boolean;
  readonly name: string;
}

/** Make an avatar of Gaussian splats from a video of somebody who talks. */
export interface TrainRequest {
  readonly kind: 'train';
  readonly upload: string;
  readonly name: string;
}

/** Read a performance from a Live Link `.csv` or an `.npz`; without an upload, a short test. */
export interface ClipRequest {
  readonly kind: 'clip';
  readonly upload: string | null;
  readonly avatar: string;
}

/** Write a head as a file; `clip` is the job whose performance goes along. */
export interface ExportRequest {
  readonly kind: 'export';
  readonly avatar: string;
  readonly format: ExportFormat;
  readonly clip: string | null;
  readonly texture_size: number;
  readonly image_format: ImageFormat;
}

/** Give a head another name. */
export interface RenameRequest {
  readonly name: string;
}

export type StudioEvent =
  | Hello
  | GalleryChanged
  | JobChanged
  | JobRemoved;

export type LiveMessage =
  | LiveReady
  | LiveFace
  | LiveTaken
  | LiveFailed;

export type JobRequest =
  | ReconstructRequest
  | PrepareRequest
  | AddRequest
  | SpeakRequest
  | TrackRequest
  | TrainRequest
  | ClipRequest
  | ExportRequest;

export const ARKIT_NAMES = [
  'eyeBlinkLeft',
  'eyeLookDownLeft',
  'eyeLookInLeft',
  'eyeLookOutLeft',
  'eyeLookUpLeft',
  'eyeSquintLeft',
  'eyeWideLeft',
  'eyeBlinkRight',
  'eyeLookDownRight',
  'eyeLookInRight',
  'eyeLookOutRight',
  'eyeLookUpRight',
  'eyeSquintRight',
  'eyeWideRight',
  'jawForward',
  'jawLeft',
  'jawRight',
  'jawOpen',
  'mouthClose',
  'mouthFunnel',
  'mouthPucker',
  'mouthLeft',
  'mouthRight',
  'mouthSmileLeft',
  'mouthSmileRight',
  'mouthFrownLeft',
  'mouthFrownRight',
  'mouthDimpleLeft',
  'mouthDimpleRight',
  'mouthStretchLeft',
  'mouthStretchRight',
  'mouthRollLower',
  'mouthRollUpper',
  'mouthShrugLower',
  'mouthShrugUpper',
  'mouthPressLeft',
  'mouthPressRight',
  'mouthLowerDownLeft',
  'mouthLowerDownRight',
  'mouthUpperUpLeft',
  'mouthUpperUpRight',
  'browDownLeft',
  'browDownRight',
  'browInnerUp',
  'browOuterUpLeft',
  'browOuterUpRight',
  'cheekPuff',
  'cheekSquintLeft',
  'cheekSquintRight',
  'noseSneerLeft',
  'noseSneerRight',
  'tongueOut',
] as const;
