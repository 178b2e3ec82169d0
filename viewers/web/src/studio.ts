/** The studio's state and what can be done in it; panels show it and call it. */

import { Quaternion } from 'three';
import type {
  AvatarEntry,
  EmotionName,
  ExportRequest,
  FormatInfo,
  JobState,
  LiveFace,
  StudioEvent,
  StyleName,
} from './messages';
import { saveAs } from './dom';
import { Face, jointTurns } from './face';
import { type FileKind, kindOf, stem } from './files';
import { Player } from './player';
import { Server } from './server';
import { applyLook } from './stage/looks';
import { type Head, loadHead } from './stage/head';
import type { Light } from './stage/light';
import type { Stage } from './stage/stage';
import type { Look } from './stage/tables';
import { failed, toast } from './toast';
import { Work } from './work';

export interface SpeakSettings {
  text: string;
  style: StyleName;
  emotion: EmotionName;
  intensity: number;
}

export class Studio {
  readonly server = new Server();
  readonly work = new Work(this.server);
  readonly face = new Face();
  readonly player = new Player();
  readonly speaking: SpeakSettings = { text: '', style: 'neutral', emotion: 'none', intensity: 1 };
  avatars: readonly AvatarEntry[] = [];
  formats: readonly FormatInfo[] = [];
  version = '';
  connected = false;
  /** The head on the stage, and the job whose performance is loaded. */
  shown: AvatarEntry | null = null;
  clipJob: string | null = null;
  loading: string | null = null;
  look: Look = 'shaded';
  private head: Head | null = null;
  private readonly listeners = new Set<() => void>();
  private greeted = false;
  private wanted: string | null = null;

  constructor(
    readonly stage: Stage,
    readonly light: Light,
  ) {
    this.server.onEvent = (event) => this.take(event);
    this.server.onConnection = (connected) => {
      this.connected = connected;
      this.changed();
    };
    this.face.onChange = () => {
      if (this.player.playing) this.player.pause();
      this.pose();
    };
    this.stage.onFrame = () => this.advance();
    this.player.onState = () => this.changed();
    this.work.onChange = () => this.changed();
    this.work.onEnd = (job) => this.finish(job);
    this.server.connect();
  }

  /** Have a panel told whenever something that it shows may have changed. */
  listen(listener: () => void): void {
    this.listeners.add(listener);
    listener();
  }

  // ---- heads ------------------------------------------------------------------------------------

  async open(entry: AvatarEntry): Promise<void> {
    this.wanted = entry.id;
    this.loading = entry.name;
    this.changed();
    try {
      if (!entry.ready) {
        await this.work.begin({ kind: 'prepare', avatar: entry.id });
        return; // shown when the gallery says that it is ready
      }
      const part = (name: string): string => `/api/avatars/${entry.id}/${name}?v=${entry.version}`;
      const head = await loadHead(part('view.glb'), entry.splats ? part('splats.bin') : null);
      if (this.wanted !== entry.id) return head.dispose();
      const same = this.shown?.id === entry.id;
      this.head = head;
      this.shown = entry;
      this.loading = null;
      // Splats show the person as filmed: they come first where there are any.
      if (!same) this.look = entry.splats ? 'splats' : this.look === 'splats' ? 'shaded' : this.look;
      applyLook(head, this.look);
      this.stage.show(head);
      if (!same) this.chooseLight();
      if (!same && this.clipJob === null) this.face.reset();
      this.pose();
    } catch (error) {
      this.loading = null;
      failed(error);
    }
    this.changed();
  }

  async rename(entry: AvatarEntry, name: string): Promise<void> {
    const renamed = await this.server.rename(entry.id, name);
    if (this.shown?.id === entry.id) {
      this.shown = renamed;
      this.wanted = renamed.id;
    }
    this.changed();
  }

  async delete(entry: AvatarEntry): Promise<void> {
    const deleted = await this.server.delete(entry.id);
    if (this.shown?.id === entry.id) this.clear();
    toast(`“${deleted.name}” was deleted`, {
      label: 'Undo',
      run: () => this.server.restore(deleted.undo).then((back) => this.open(back), failed),
    });
  }

  /** Whether the splats on the stage can be put into another light. */
  get relightable(): boolean {
    return this.head?.splats?.relightable ?? false;
  }

  /** Tell the panels that the light is another. */
  lightChanged(): void {
    this.changed();
  }

  setLook(look: Look): void {
    this.look = look;
    if (this.head) applyLook(this.head, look);
    this.stage.invalidate();
    this.changed();
  }

  // ---- files and jobs ---------------------------------------------------------------------------

  /** Do with files what they are for. */
  async takeFiles(files: readonly File[], onVideo: (file: File) => void): Promise<void> {
    const kinds = new Map<FileKind | null, File[]>();
    for (const file of files) kinds.set(kindOf(file), [...(kinds.get(kindOf(file)) ?? []), file]);
    const first = (kind: FileKind): File | undefined => kinds.get(kind)?.[0];
    const photos = kinds.get('photo');
    const [sound, video, avatar, clip, hdr] = (['sound', 'video', 'avatar', 'clip', 'hdr'] as const).map(first);
    if (photos) await this.reconstruct(photos);
    else if (sound) await this.speak(sound, sound.name);
    else if (video) onVideo(video);
    else if (avatar) await this.add(avatar);
    else if (clip) await this.readClip(clip);
    else if (hdr) this.takeHdr(hdr);
    else toast('Drop photos, a voice, a video, an .avatar, a Live Link .csv or an .hdr.', undefined, 'error');
  }

  /** Make a head from photos of one person, or from the sample portrait. */
  async reconstruct(photos: readonly File[]): Promise<void> {
    const uploads = await this.work.send('photo', photos);
    const name = photos[0] ? stem(photos[0].name) : 'Sample portrait';
    if (uploads) await this.work.begin({ kind: 'reconstruct', uploads, name });
  }

  async speak(voice: Blob, name: string): Promise<void> {
    if (!this.shown) return toast('Open or make a head first, then let it speak.', undefined, 'error');
    const [upload] = (await this.work.send('sound', [new File([voice], name)])) ?? [];
    if (upload) await this.work.begin({ kind: 'speak', upload, avatar: this.shown.id, ...this.speaking });
  }

  async track(video: File, makeHead: boolean): Promise<void> {
    const [upload] = (await this.work.send('video', [video])) ?? [];
    const avatar = makeHead ? null : (this.shown?.id ?? null);
    const name = stem(video.name);
    if (upload) await this.work.begin({ kind: 'track', upload, avatar, make_head: makeHead || !avatar, name });
  }

  /** Make an avatar of splats from a video of somebody who talks. */
  async train(video: File): Promise<void> {
    const [upload] = (await this.work.send('video', [video])) ?? [];
    if (upload) await this.work.begin({ kind: 'train', upload, name: stem(video.name) });
  }

  async add(file: File): Promise<void> {
    const [upload] = (await this.work.send('avatar', [file])) ?? [];
    if (upload) await this.work.begin({ kind: 'add', upload, name: stem(file.name) });
  }

  /** Play a performance from a file, or a short test of everything that moves. */
  async readClip(file: File | null): Promise<void> {
    if (!this.shown) return toast('Open or make a head first.', undefined, 'error');
    const uploads = file ? await this.work.send('clip', [file]) : [];
    if (uploads) await this.work.begin({ kind: 'clip', upload: uploads[0] ?? null, avatar: this.shown.id });
  }

  export(request: Omit<ExportRequest, 'kind' | 'avatar'>): Promise<void> {
    if (!this.shown) return Promise.resolve();
    return this.work.begin({ kind: 'export', avatar: this.shown.id, ...request });
  }

  /** Load what a job made into the player. */
  async perform(job: JobState): Promise<void> {
    try {
      const data = await this.server.clip(job.id);
      this.clipJob = job.id;
      this.player.load(data, job.title, data.sound ? `/api/jobs/${job.id}/sound` : null);
      this.player.play();
    } catch (error) {
      failed(error);
    }
  }

  performJob(id: string): void {
    const job = this.work.find(id);
    if (job) void this.perform(job);
  }

  /** Do what the camera sees, now. */
  mimic(face: LiveFace): void {
    if (face.weights.length === 0) return;
    if (this.player.playing) this.player.pause();
    this.face.weights.set(face.weights);
    this.put(new Map(face.joints.map((joint, index) => [joint, new Quaternion().fromArray(face.rotations, 4 * index)])));
  }

  unloadClip(): void {
    this.clipJob = null;
    this.player.unload();
    this.pose();
  }

  takeHdr(file: File): void {
    file
      .arrayBuffer()
      .then((data) => {
        this.light.takeHdr(data);
        this.changed();
        toast(`Lit by “${file.name}”`);
      })
      .catch(() => toast(`“${file.name}” is no equirectangular Radiance .hdr picture.`, undefined, 'error'));
  }

  /** Splats start as they were filmed; what has no such light starts in a room. */
  private chooseLight(): void {
    const { environment } = this.light;
    if (this.relightable && environment !== 'own') this.light.setEnvironment('filmed');
    else if (!this.relightable && environment === 'filmed') this.light.setEnvironment('softbox');
  }

  // ---- inside -----------------------------------------------------------------------------------

  private take(event: StudioEvent): void {
    switch (event.type) {
      case 'hello':
        this.version = event.version;
        this.formats = event.formats;
        this.avatars = event.avatars;
        this.work.takeAll(event.jobs);
        this.greet(event.open);
        break;
      case 'gallery':
        this.avatars = event.avatars;
        this.follow();
        break;
      case 'job':
        this.work.take(event.job);
        break;
      case 'job_removed':
        this.work.forget(event.id);
        break;
    }
    this.changed();
  }

  private greet(open: string | null): void {
    if (this.greeted) return this.follow();
    this.greeted = true;
    const first = this.avatars.find((entry) => entry.id === open) ?? this.avatars[0];
    if (first) void this.open(first);
  }

  /** Keep up with the gallery: what was waited for is ready, what is shown changed or went. */
  private follow(): void {
    const wanted = this.avatars.find((entry) => entry.id === this.wanted);
    if (wanted?.ready && (this.shown?.id !== wanted.id || this.shown.version !== wanted.version)) {
      void this.open(wanted);
    } else if (this.shown && !this.avatars.some((entry) => entry.id === this.shown?.id)) {
      // Renamed elsewhere: the same file under another id.
      const renamed = this.avatars.find((entry) => entry.version === this.shown?.version);
      if (renamed) {
        this.shown = renamed;
        this.wanted = renamed.id;
      } else {
        this.clear();
      }
    }
  }

  private finish(job: JobState): void {
    if (job.status === 'failed') {
      if (job.kind === 'prepare') this.loading = null;
      toast(job.error ?? 'This did not work.', undefined, 'error');
      return;
    }
    if (job.status !== 'done') return;
    for (const warning of job.warnings.slice(0, 2)) toast(warning);
    const made = this.avatars.find((entry) => entry.id === job.avatar);
    if (['reconstruct', 'add', 'track', 'train'].includes(job.kind) && made && made.id !== this.shown?.id) {
      if (!job.clip) this.unloadClip();
      void this.open(made);
    }
    if (job.clip) void this.perform(job);
    if (job.file) {
      saveAs(`/api/jobs/${job.id}/file`, job.file);
      toast(`“${job.file}” is ready`, { label: 'Save again', run: () => saveAs(`/api/jobs/${job.id}/file`, job.file ?? '') });
    }
  }

  private clear(): void {
    this.shown = null;
    this.wanted = null;
    this.loading = null;
    this.head = null;
    this.unloadClip();
    this.stage.show(null);
    const next = this.avatars.find((entry) => entry.ready);
    if (next) void this.open(next);
  }

  private advance(): boolean {
    if (!this.player.playing) return false;
    this.pose();
    return true;
  }

  /** Put the face, or the performance that plays, onto the head. */
  private pose(): void {
    const moment = this.player.playing || this.player.loaded ? this.player.advance() : null;
    const playing = moment !== null && this.player.playing;
    if (playing) this.face.weights.set(moment.weights);
    this.put(playing ? moment.rotations : jointTurns(this.face.turn));
  }

  /** Called whenever the face on the stage has moved. */
  onPose: () => void = () => {};

  /** Put a moment of the paused performance onto the head. */
  scrub(seconds: number): void {
    this.player.seek(seconds);
    const moment = this.player.advance();
    if (!moment) return;
    this.face.weights.set(moment.weights);
    this.put(moment.rotations);
  }

  private put(rotations: ReadonlyMap<string, Quaternion>): void {
    this.head?.setRotations(rotations);
    this.head?.setWeights(this.face.weights);
    this.onPose();
    this.stage.invalidate();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
