/** The way to the server: events over a WebSocket that comes back by itself, requests over HTTP. */

import type {
  AvatarEntry,
  ClipData,
  Deleted,
  StudioEvent,
  JobRequest,
  JobState,
  Uploaded,
  UploadKind,
  UploadLimit,
} from './messages';
import { formatBytes } from './dom';

const LONGEST_WAIT = 5000;

export class Refusal extends Error {}

export class Server {
  onEvent: (event: StudioEvent) => void = () => {};
  onConnection: (connected: boolean) => void = () => {};
  limits: readonly UploadLimit[] = [];
  private wait = 250;

  connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/events`);
    socket.onmessage = (message) => {
      this.wait = 250;
      const event = JSON.parse(String(message.data)) as StudioEvent;
      if (event.type === 'hello') {
        this.limits = event.limits;
        this.onConnection(true);
      }
      this.onEvent(event);
    };
    socket.onclose = () => {
      this.onConnection(false);
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    };
  }

  start(request: JobRequest): Promise<JobState> {
    return this.post('/api/jobs', request);
  }

  async endJob(job: string): Promise<void> {
    await this.ask('DELETE', `/api/jobs/${job}`);
  }

  clip(job: string): Promise<ClipData> {
    return this.get(`/api/jobs/${job}/clip`);
  }

  rename(avatar: string, name: string): Promise<AvatarEntry> {
    return this.post(`/api/avatars/${avatar}/name`, { name });
  }

  async delete(avatar: string): Promise<Deleted> {
    return (await this.ask('DELETE', `/api/avatars/${avatar}`)).json() as Promise<Deleted>;
  }

  restore(undo: string): Promise<AvatarEntry> {
    return this.post(`/api/trash/${undo}`, {});
  }

  /** Send a file; refused here already when it is larger than the server takes. */
  upload(kind: UploadKind, file: Blob, name: string, onprogress?: (done: number) => void): Promise<Uploaded> {
    const limit = this.limits.find((entry) => entry.kind === kind);
    if (limit && file.size > limit.bytes) {
      const most = formatBytes(limit.bytes);
      return Promise.reject(
        new Refusal(`“${name}” is ${formatBytes(file.size)}; a ${kind} may have ${most} at most. Try a shorter or smaller one.`),
      );
    }
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', `/api/uploads/${kind}`);
      request.setRequestHeader('X-File-Name', encodeURIComponent(name));
      request.upload.onprogress = (event) => onprogress?.(event.loaded / Math.max(1, event.total));
      request.onload = () => {
        if (request.status === 200) resolve(JSON.parse(request.responseText) as Uploaded);
        else reject(new Refusal(reasonIn(request.responseText)));
      };
      request.onerror = () => reject(new Refusal(`“${name}” could not be sent; is the studio still running?`));
      request.send(file);
    });
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.ask('GET', path)).json() as Promise<T>;
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.ask('POST', path, JSON.stringify(body))).json() as Promise<T>;
  }

  private async ask(method: string, path: string, body?: string): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(path, body === undefined ? { method } : { method, body });
    } catch {
      throw new Refusal('The studio does not answer; is `avatar view` still running?');
    }
    if (!answer.ok) throw new Refusal(reasonIn(await answer.text()));
    return answer;
  }
}

function reasonIn(text: string): string {
  try {
    return (JSON.parse(text) as { error: string }).error;
  } catch {
    return text.slice(0, 200) || 'The studio refused this.';
  }
}
