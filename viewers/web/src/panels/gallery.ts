/** The heads there are, and what is being made. */

import { formatBytes, h, icon, iconButton } from '../dom';
import { ACCEPT, chooseFiles } from '../files';
import type { AvatarEntry, JobState } from '../messages';
import type { Studio } from '../studio';
import { failed } from '../toast';

const KIND_TITLES: Record<JobState['kind'], string> = {
  reconstruct: 'New head',
  prepare: 'Opening',
  add: 'Adding',
  speak: 'Speaking',
  track: 'Following a face',
  train: 'Training splats',
  clip: 'Performance',
  export: 'Exporting',
};

export function gallery(studio: Studio, onVideo: (file: File) => void): HTMLElement {
  const heads = h('ul', { class: 'heads', 'aria-label': 'Heads' });
  const none = h('p', { class: 'no-heads' }, 'The heads you make appear here.');
  const jobs = h('ul', { class: 'jobs', 'aria-label': 'Activity' });
  const activity = h('section', { class: 'activity' }, h('h2', {}, 'Activity'), jobs);
  const add = (accept: string, multiple: boolean) => async (): Promise<void> => {
    const files = await chooseFiles(accept, multiple);
    if (files.length) await studio.takeFiles(files, onVideo);
  };
  let shownHeads = '';
  studio.listen(() => {
    const mark = JSON.stringify([studio.avatars, studio.shown?.id, studio.loading]);
    if (mark !== shownHeads) {
      shownHeads = mark;
      none.hidden = studio.avatars.length > 0;
      heads.hidden = !none.hidden;
      heads.replaceChildren(...studio.avatars.map((entry) => card(studio, entry)));
    }
    const listed = studio.work.all.filter((job) => job.kind !== 'prepare').reverse();
    activity.hidden = listed.length === 0;
    update(jobs, listed.slice(0, 20), studio);
  });
  return h(
    'aside',
    { class: 'panel gallery', 'aria-label': 'Gallery' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, 'Heads'),
      h('button', { type: 'button', class: 'small', onclick: add(`${ACCEPT.photo},${ACCEPT.video},${ACCEPT.avatar}`, true) }, icon('plus'), 'New'),
    ),
    none,
    heads,
    activity,
  );
}

function card(studio: Studio, entry: AvatarEntry): HTMLElement {
  const chosen = studio.shown?.id === entry.id;
  const picture = entry.ready
    ? h('img', { src: `/api/avatars/${entry.id}/thumb.jpg?v=${entry.version}`, alt: '', width: 320, height: 400, loading: 'lazy' })
    : h('div', { class: 'no-picture' }, icon('photo'));
  const name = h('span', { class: 'name' }, entry.name);
  const open = h(
    'button',
    {
      type: 'button',
      class: 'head-card',
      'aria-current': chosen ? 'true' : null,
      title: `${entry.name}, ${formatBytes(entry.bytes)}`,
      onclick: () => void studio.open(entry),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === 'Delete') studio.delete(entry).catch(failed);
        if (event.key === 'F2') edit();
      },
    },
    picture,
    name,
  );
  const edit = (): void => {
    const input = h('input', { class: 'rename', 'aria-label': 'New name', maxlength: 60 });
    input.value = entry.name;
    const finish = (keep: boolean): void => {
      if (!input.isConnected) return;
      input.remove();
      name.hidden = false;
      if (keep && input.value.trim() && input.value !== entry.name) studio.rename(entry, input.value).catch(failed);
    };
    input.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Enter') finish(true);
      if (event.key === 'Escape') finish(false);
    });
    input.addEventListener('blur', () => finish(true));
    name.hidden = true;
    item.append(input);
    input.select();
    input.focus();
  };
  const item = h(
    'li',
    {},
    open,
    h(
      'div',
      { class: 'card-actions' },
      h('button', { type: 'button', title: 'Rename (F2)', 'aria-label': `Rename ${entry.name}`, onclick: edit }, 'Rename'),
      iconButton('close', `Delete ${entry.name}`, () => studio.delete(entry).catch(failed)),
    ),
  );
  return item;
}

/** Keep the list's rows where they are: they are told of ten times a second. */
function update(list: HTMLElement, jobs: readonly JobState[], studio: Studio): void {
  const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset.job, row as HTMLElement]));
  const wanted = jobs.map((job) => {
    const state = `${job.status} ${job.stage} ${job.progress} ${job.warnings.length}`;
    const row = rows.get(job.id);
    if (row?.dataset.state === state) return row;
    const fresh = jobRow(job, studio);
    fresh.dataset.job = job.id;
    fresh.dataset.state = state;
    row?.replaceWith(fresh);
    return fresh;
  });
  if (wanted.length !== list.children.length || wanted.some((row, index) => list.children[index] !== row)) {
    list.replaceChildren(...wanted);
  }
}

function jobRow(job: JobState, studio: Studio): HTMLLIElement {
  const active = job.status === 'waiting' || job.status === 'running';
  const detail = job.status === 'failed' ? (job.error ?? 'failed') : active ? job.stage : outcome(job);
  return h(
    'li',
    { class: `job ${job.status}` },
    h(
      'div',
      { class: 'job-text' },
      h('strong', {}, job.title),
      h('span', { class: 'job-detail', title: detail }, `${KIND_TITLES[job.kind]} · ${detail}`),
      active && h('progress', { max: 1, value: job.progress, 'aria-label': `${job.title}: ${job.stage}` }),
    ),
    h(
      'div',
      { class: 'job-actions' },
      job.clip && studio.clipJob !== job.id && iconButton('play', `Play ${job.title}`, () => void studio.perform(job)),
      job.file && h('a', { class: 'icon-button', href: `/api/jobs/${job.id}/file`, download: job.file, 'aria-label': `Save ${job.file}`, title: `Save ${job.file}` }, icon('download')),
      iconButton('close', active ? `Cancel ${job.title}` : `Forget ${job.title}`, () => studio.work.end(job.id)),
    ),
  );
}

function outcome(job: JobState): string {
  if (job.bytes) return formatBytes(job.bytes);
  return job.warnings[0] ?? 'done';
}
