/** The server's jobs, those that this page started among them, and the files that go into them. */

import type { JobRequest, JobState, UploadKind } from './messages';
import type { Server } from './server';
import { failed } from './toast';

const ACTIVE: readonly JobState['status'][] = ['waiting', 'running'];

export class Work {
  onChange: () => void = () => {};
  /** A job that this page started is over. */
  onEnd: (job: JobState) => void = () => {};
  private readonly jobs = new Map<string, JobState>();
  private readonly mine = new Set<string>();

  constructor(private readonly server: Server) {}

  /** In the order in which they were started. */
  get all(): readonly JobState[] {
    return [...this.jobs.values()];
  }

  get active(): readonly JobState[] {
    return this.all.filter((job) => ACTIVE.includes(job.status));
  }

  find(id: string): JobState | undefined {
    return this.jobs.get(id);
  }

  isMine(id: string): boolean {
    return this.mine.has(id);
  }

  /** Send files; null when one was refused, which is told. */
  async send(kind: UploadKind, files: readonly File[]): Promise<string[] | null> {
    try {
      const sent: string[] = [];
      for (const file of files) sent.push((await this.server.upload(kind, file, file.name)).id);
      return sent;
    } catch (error) {
      failed(error);
      return null;
    }
  }

  async begin(request: JobRequest): Promise<void> {
    try {
      const job = await this.server.start(request);
      this.mine.add(job.id);
      // It may have got further already, and said so, before the answer came.
      this.take(this.jobs.get(job.id) ?? job);
    } catch (error) {
      failed(error);
    }
  }

  /** Cancel a job, or forget one that is over. */
  end(id: string): void {
    this.server.endJob(id).catch(failed);
  }

  /** Hear of a job. */
  take(job: JobState): void {
    this.jobs.set(job.id, job);
    if (this.mine.has(job.id) && !ACTIVE.includes(job.status)) {
      this.mine.delete(job.id);
      this.onEnd(job);
    }
    this.onChange();
  }

  /** Hear of all jobs, after the line was down. */
  takeAll(jobs: readonly JobState[]): void {
    this.jobs.clear();
    for (const job of jobs) this.take(job);
  }

  forget(id: string): void {
    this.jobs.delete(id);
  }
}
