/** What a dropped or chosen file is for, told by its name: the server looks at its bytes. */

import type { UploadKind } from './messages';
import { SUFFIXES } from './stage/tables';

export type FileKind = UploadKind | 'hdr';

/** In the order in which they are tried: a .webm may be either, and is taken for a video. */
const KINDS: readonly UploadKind[] = ['avatar', 'clip', 'photo', 'video', 'sound'];

export function kindOf(file: File): FileKind | null {
  const suffix = /\.[^.]*$/.exec(file.name.toLowerCase())?.[0] ?? '';
  if (suffix === '.hdr') return 'hdr';
  const byName = KINDS.find((kind) => SUFFIXES[kind].includes(suffix));
  if (byName) return byName;
  const type = file.type.split('/')[0];
  return type === 'image' ? 'photo' : type === 'audio' ? 'sound' : type === 'video' ? 'video' : null;
}

export const ACCEPT: Readonly<Record<FileKind, string>> = {
  hdr: '.hdr',
  avatar: accept('avatar'),
  clip: accept('clip'),
  photo: `image/*,${accept('photo')}`,
  sound: `audio/*,${accept('sound')}`,
  video: `video/*,${accept('video')}`,
};

function accept(kind: UploadKind): string {
  return SUFFIXES[kind].join(',');
}

/** Let the visitor choose files; an empty list when they think better of it. */
export function chooseFiles(accept: string, multiple = false): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accept;
    input.multiple = multiple;
    input.addEventListener('change', () => resolve([...(input.files ?? [])]));
    input.addEventListener('cancel', () => resolve([]));
    input.click();
  });
}

export function stem(name: string): string {
  return name.replace(/\.[^.]*$/, '');
}
