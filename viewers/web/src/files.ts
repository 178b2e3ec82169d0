/** What a dropped or chosen file is for, told by its name: the server looks at its bytes. */

import type { UploadKind } from './messages';

export type FileKind = UploadKind | 'hdr';

const KINDS: readonly (readonly [FileKind, RegExp])[] = [
  ['hdr', /\.hdr$/i],
  ['avatar', /\.avatar$/i],
  ['clip', /\.(csv|npz)$/i],
  ['photo', /\.(jpe?g|png|webp|hei[cf]|avif|tiff?)$/i],
  ['sound', /\.(wav|flac|mp3|ogg|opus|m4a|aac)$/i],
  ['video', /\.(mp4|mov|webm|mkv|avi|m4v)$/i],
];

export function kindOf(file: File): FileKind | null {
  const byName = KINDS.find(([, pattern]) => pattern.test(file.name))?.[0];
  if (byName) return byName;
  const type = file.type.split('/')[0];
  return type === 'image' ? 'photo' : type === 'audio' ? 'sound' : type === 'video' ? 'video' : null;
}

export const ACCEPT: Readonly<Record<FileKind, string>> = {
  hdr: '.hdr',
  avatar: '.avatar',
  clip: '.csv,.npz',
  photo: 'image/*,.heic,.heif,.avif',
  sound: 'audio/*,.flac,.opus',
  video: 'video/*,.mkv',
};

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
