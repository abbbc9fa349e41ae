import { BitbudgetError } from '../core/errors.ts';
import type { DatasetFiles } from '../core/ports.ts';
import { openNpy, openNpz } from './formats/arrays.ts';
import { cifarFileKind, cifarFolderKind, openCifar } from './formats/cifar.ts';
import { isIdxImages, openIdx } from './formats/idx.ts';
import { openImageFolder } from './formats/image-folder.ts';
import { LABEL_LIST, openRawFile, openRawFolder } from './formats/raw.ts';
import type { ImageSet, ImageShape } from './source.ts';

/** Formats that may be named before a path, as in `cifar100:data/train.bin`; otherwise names and contents tell. */
export const DATASET_FORMATS = ['cifar10', 'cifar100', 'idx', 'images', 'npy', 'npz', 'raw', 'raw-signed'] as const;

export type DatasetFormat = (typeof DATASET_FORMATS)[number];

/** What the reader of a set knows of it. */
export interface Expected {
  /** Of one image: the network's input. */
  shape?: ImageShape;
  /** Classes that the network tells apart. */
  classes?: number;
}

/**
 * Opens the set at a path by what lies there: CIFAR-10 and CIFAR-100 in binary form, IDX files, `.npz`, `.npy`, raw tensors
 * with labels, or a folder of images for each class.
 *
 * @throws {BitbudgetError} `input` where there is nothing, or nothing that is known; `damaged-file` as the formats say.
 */
export function openImageSet(files: DatasetFiles, name: string, expected: Expected): ImageSet {
  const { format, path } = splitName(name);
  const kind = files.kind(path);
  if (kind === undefined) {
    throw new BitbudgetError('input', `There is no file or folder ${path}.`, 'Check the path of --dataset.');
  }
  const raw = { shape: expected.shape, expectedClasses: expected.classes };
  switch (format ?? detect(files, path, kind)) {
    case 'cifar10':
      return openCifar(files, path, 'cifar10');
    case 'cifar100':
      return openCifar(files, path, 'cifar100');
    case 'idx':
      return openIdx(files, path, expected.classes);
    case 'npy':
      return openNpy(files, path, expected.classes);
    case 'npz':
      return openNpz(files, path, expected.classes);
    case 'raw':
    case 'raw-signed': {
      const options = { ...raw, signed: format === 'raw-signed' || path.endsWith('.i8') };
      return kind === 'folder' ? openRawFolder(files, path, options) : openRawFile(files, path, options);
    }
    case 'images':
      return openImageFolder(files, path);
  }
}

/**
 * A dataset's name as a format, where one is named, and a path.
 *
 * @example splitName('idx:mnist/') // => { format: 'idx', path: 'mnist' }
 */
export function splitName(name: string): { format: DatasetFormat | undefined; path: string } {
  const colon = name.indexOf(':');
  const format = DATASET_FORMATS.find((known) => known === name.slice(0, Math.max(colon, 0)));
  const path = (format ? name.slice(colon + 1) : name).replaceAll('\\', '/').replace(/(.)\/+$/, '$1');
  return { format, path };
}

function detect(files: DatasetFiles, path: string, kind: 'file' | 'folder'): DatasetFormat {
  if (kind === 'folder') {
    const names = files.list(path);
    if (names.includes(LABEL_LIST)) return 'raw';
    if (names.some(isIdxImages)) return 'idx';
    return cifarFolderKind(names) ?? 'images';
  }
  if (isIdxImages(path)) return 'idx';
  const ending = /\.(npz|npy|u8|i8|bin|bin\.gz)$/.exec(path)?.[1];
  if (ending === 'npz' || ending === 'npy') return ending;
  if (ending === 'u8' || ending === 'i8') return 'raw';
  const cifar = ending === undefined ? undefined : cifarFileKind(files, path);
  if (cifar) return cifar;
  throw new BitbudgetError(
    'input',
    `${path} is no dataset that is known.`,
    `Give CIFAR, IDX, .npz, .npy or .u8 files, a folder of images, or name the format, such as raw:${path}.`,
  );
}
