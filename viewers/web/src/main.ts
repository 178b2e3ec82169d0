/** The page: puts the panels around the stage. */

import { capital, entries, h, icon, iconButton, saveAs, segmented } from './dom';
import { exportDialog, videoDialog } from './panels/dialogs';
import { expression } from './panels/expression';
import { gallery } from './panels/gallery';
import { lightPanel } from './panels/light';
import { overlay } from './panels/overlay';
import { pose } from './panels/pose';
import { timeline } from './panels/timeline';
import { Light } from './stage/light';
import { Stage } from './stage/stage';
import { FRAMINGS, LOOKS } from './stage/tables';
import { Studio } from './studio';
import { StageFilm } from './stage_film';
import { toast, toastList } from './toast';

type Tab = 'face' | 'pose' | 'light';

function start(): void {
  const canvasPlace = h('div', { class: 'canvas' });
  const stageBox = h('main', { class: 'stage', 'aria-label': 'Stage' }, canvasPlace);
  document.body.append(stageBox);
  let stage: Stage;
  try {
    stage = new Stage(canvasPlace);
  } catch {
    document.body.replaceChildren(
      h('div', { class: 'card fatal', role: 'alert' }, h('h1', {}, 'This browser shows no 3D'), h('p', {}, 'The studio needs WebGL 2. Switch on hardware acceleration, or use a current Firefox, Chrome, Edge or Safari.')),
    );
    return;
  }
  const studio = new Studio(stage, new Light(stage));
  const onVideo = (file: File): void => videoDialog(studio, file);
  const looks = segmented('Look', entries(LOOKS), 'shaded', (look) => studio.setLook(look));
  const filmed = h('button', { type: 'button', title: 'From where the person was filmed', onclick: () => stage.frame('filmed') }, 'Filmed');
  const tools = h(
    'div',
    { class: 'stage-tools' },
    looks,
    h('div', { class: 'framings', role: 'group', 'aria-label': 'Framing' }, filmed, ...entries(FRAMINGS).map(([name]) => h('button', { type: 'button', onclick: () => stage.frame(name) }, capital(name)))),
  );
  studio.listen(() => {
    tools.hidden = studio.shown === null;
    filmed.hidden = !studio.shown?.splats;
    looks.classList.toggle('no-splats', !studio.shown?.splats);
    looks.choose(studio.look);
  });
  const meter = h('div', { class: 'meter', title: 'Time from one frame to the next while the picture moves' });
  stage.onFrameTime = (milliseconds) => {
    if (milliseconds !== null) meter.textContent = `${milliseconds.toFixed(milliseconds < 20 ? 1 : 0)} ms a frame`;
  };
  stageBox.append(tools, meter, overlay(studio, onVideo), toastList());
  const side = sidePanel(studio);
  document.body.replaceChildren(
    topBar(studio),
    gallery(studio, onVideo),
    stageBox,
    side,
    timeline(studio, onVideo, stageBox),
  );
  takeDrops(studio, onVideo);
  takeKeys(studio);
  Object.assign(window, { studio });
}

function topBar(studio: Studio): HTMLElement {
  const undo = iconButton('undo', 'Undo (Ctrl+Z)', () => studio.face.undo());
  const redo = iconButton('redo', 'Redo (Ctrl+Shift+Z)', () => studio.face.redo());
  studio.face.onHistory = () => {
    undo.disabled = !studio.face.canUndo;
    redo.disabled = !studio.face.canRedo;
  };
  studio.face.onHistory();
  const name = h('span', { class: 'shown-name' });
  const picture = iconButton('camera', 'Save a picture', () => {
    void studio.stage.screenshot().then((blob) => saveAs(blob, `${studio.shown?.name ?? 'studio'}.png`));
  });
  const film = filmButton(studio);
  const out = h('button', { type: 'button', class: 'primary', onclick: () => exportDialog(studio) }, icon('download'), 'Export');
  studio.listen(() => {
    name.textContent = studio.shown?.name ?? '';
    document.title = studio.shown ? `${studio.shown.name} – Avatar studio` : 'Avatar studio';
    picture.disabled = film.disabled = out.disabled = studio.shown === null;
  });
  return h(
    'header',
    { class: 'top' },
    h('span', { class: 'brand' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Avatar studio'),
    name,
    h('div', { class: 'top-actions' }, undo, redo, h('button', { type: 'button', class: 'quiet', onclick: () => studio.face.reset() }, 'Reset'), h('span', { class: 'rule' }), picture, film, out),
  );
}

/** A button that films the stage until it is pressed again. */
function filmButton(studio: Studio): HTMLButtonElement {
  let film: StageFilm | null = null;
  const button = iconButton('film', 'Film the stage', () => {
    if (film) void film.stop().then((blob) => saveAs(blob, `${studio.shown?.name ?? 'studio'}.${blob.type.split('/')[1] ?? 'webm'}`));
    else toast('The stage is being filmed; press the button again to save it');
    film = film ? null : StageFilm.start(studio.stage.renderer.domElement, studio.player);
    button.setAttribute('aria-pressed', String(film !== null));
    studio.stage.invalidate();
  });
  button.setAttribute('aria-pressed', 'false');
  return button;
}

function sidePanel(studio: Studio): HTMLElement {
  const pages: Record<Tab, HTMLElement> = { face: expression(studio), pose: pose(studio), light: lightPanel(studio) };
  const tabs = new Map<Tab, HTMLButtonElement>();
  const choose = (chosen: Tab, focus = false): void => {
    for (const [tab, page] of Object.entries(pages) as [Tab, HTMLElement][]) {
      page.hidden = tab !== chosen;
      const button = tabs.get(tab);
      button?.setAttribute('aria-selected', String(tab === chosen));
      if (button) button.tabIndex = tab === chosen ? 0 : -1;
    }
    if (focus) tabs.get(chosen)?.focus();
  };
  const order: Tab[] = ['face', 'pose', 'light'];
  const bar = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Controls' });
  for (const tab of order) {
    const title = { face: 'Expression', pose: 'Pose', light: 'Light' }[tab];
    const button = h('button', { type: 'button', role: 'tab', id: `tab-${tab}`, 'aria-controls': `page-${tab}`, onclick: () => choose(tab) }, title);
    button.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = step === undefined ? undefined : order[(order.indexOf(tab) + step + order.length) % order.length];
      if (next) choose(next, true);
    });
    tabs.set(tab, button);
    bar.append(button);
    Object.assign(pages[tab], { id: `page-${tab}` });
    pages[tab].setAttribute('role', 'tabpanel');
    pages[tab].setAttribute('aria-labelledby', `tab-${tab}`);
  }
  choose('face');
  studio.onPose();
  studio.listen(() => {
    for (const page of [pages.face, pages.pose]) page.inert = studio.shown === null;
  });
  return h('aside', { class: 'panel side', 'aria-label': 'Controls' }, bar, h('div', { class: 'pages' }, ...Object.values(pages)));
}

function takeDrops(studio: Studio, onVideo: (file: File) => void): void {
  const veil = h('div', { class: 'veil', hidden: true }, h('div', {}, 'Drop photos, a voice, a video, an .avatar or an .hdr'));
  document.body.append(veil);
  let inside = 0;
  const over = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragenter', (event) => {
    if (!over(event)) return;
    inside += 1;
    veil.hidden = false;
  });
  addEventListener('dragleave', () => {
    inside = Math.max(0, inside - 1);
    veil.hidden = inside === 0;
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    inside = 0;
    veil.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) void studio.takeFiles(files, onVideo);
  });
}

function takeKeys(studio: Studio): void {
  addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    if (target.matches('input:not([type=range]):not([type=checkbox]), textarea, select') || document.querySelector('dialog[open]')) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === 'z') {
      event.preventDefault();
      if (event.shiftKey) studio.face.redo();
      else studio.face.undo();
    } else if ((event.ctrlKey || event.metaKey) && key === 'y') {
      event.preventDefault();
      studio.face.redo();
    } else if (event.key === ' ' && !target.matches('button, summary, input, a')) {
      event.preventDefault();
      studio.player.toggle();
    }
  });
}

start();
