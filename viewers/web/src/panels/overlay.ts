/** What stands on the stage when no head does: the way in, progress, or a lost connection. */

import { h, icon } from '../dom';
import { ACCEPT, chooseFiles } from '../files';
import type { Studio } from '../studio';

export function overlay(studio: Studio, onVideo: (file: File) => void): HTMLElement {
  const welcome = welcomeCard(studio, onVideo);
  const making = h('div', { class: 'card making', role: 'status' });
  const lost = h('div', { class: 'lost', role: 'alert' }, h('span', { class: 'dot' }), 'The studio does not answer. Trying again…');
  const box = h('div', { class: 'overlay' }, welcome, making, lost);
  let was = '';
  studio.listen(() => {
    const job = studio.work.active.find((entry) => ['reconstruct', 'track', 'train', 'add', 'prepare'].includes(entry.kind) && studio.work.isMine(entry.id));
    const empty = studio.shown === null;
    lost.hidden = studio.connected || studio.version === '';
    welcome.hidden = !empty || Boolean(job) || studio.loading !== null || studio.version === '';
    making.hidden = !(job || studio.loading !== null || (empty && studio.version === '')) || (!empty && !job && studio.loading === null);
    making.classList.toggle('corner', !empty);
    const mark = `${job?.id} ${job?.stage} ${job?.progress} ${studio.loading} ${studio.version}`;
    if (mark === was || making.hidden) return;
    was = mark;
    const preparing = job?.kind === 'prepare' || !job;
    const title = job && !preparing ? `Making “${job.title}”` : studio.loading ? `Opening “${studio.loading}”` : 'Opening the studio';
    making.replaceChildren(
      h('div', { class: 'ring' }),
      h('strong', {}, title),
      h('span', { class: 'stage-name' }, job ? job.stage : 'loading'),
      h('progress', { max: 1, ...(job ? { value: job.progress } : {}), 'aria-label': title }),
      ...(job && !preparing ? [h('button', { type: 'button', class: 'quiet', onclick: () => studio.work.end(job.id) }, 'Cancel')] : []),
    );
  });
  return box;
}

function welcomeCard(studio: Studio, onVideo: (file: File) => void): HTMLElement {
  const choose = async (): Promise<void> => {
    const files = await chooseFiles(`${ACCEPT.photo},${ACCEPT.video},${ACCEPT.avatar}`, true);
    if (files.length) await studio.takeFiles(files, onVideo);
  };
  return h(
    'div',
    { class: 'card welcome' },
    h('div', { class: 'welcome-mark' }, icon('photo')),
    h('h1', {}, 'Drop a photo of a face'),
    h('p', {}, 'One photo is enough; several of the same person are better. A video works too. Nothing leaves this machine.'),
    h(
      'div',
      { class: 'welcome-actions' },
      h('button', { type: 'button', class: 'primary', onclick: () => void choose() }, 'Choose photos'),
      h('button', { type: 'button', onclick: () => void studio.reconstruct([]) }, 'Use the sample portrait'),
    ),
  );
}
