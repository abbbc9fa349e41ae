import { BitbudgetError } from '../../core/errors.ts';
import type { DatasetFiles } from '../../core/ports.ts';
import { readWhole } from '../bytes.ts';
import { assertCount, damaged } from '../faults.ts';
import { decodeImage, IMAGE_NAME, OTHER_IMAGE_NAME } from '../image/decode.ts';
import type { ImageSet, ImageSource } from '../source.ts';

/** Bytes that one image's file may have. */
const MOST_FILE_BYTES = 2 ** 28;

/** Folders that parts of a set lie in. */
const PART_FOLDERS: Readonly<Record<string, 'train' | 'test'>> = {
  ...{ train: 'train', training: 'train' },
  ...{ test: 'test', testing: 'test', val: 'test', valid: 'test', validation: 'test' },
};

/**
 * A folder of PNG and JPEG files, one folder a class, with or without folders `train` and `test` (or `val`) above them.
 * Classes are in the order of their names; images take turns between them, so that every prefix is balanced.
 *
 * @throws {BitbudgetError} `damaged-file` where a class has no image or an image cannot be read, or where `test` has a
 * class that `train` has not.
 */
export function openImageFolder(files: DatasetFiles, folder: string): ImageSet {
  const parts: ImageSet['parts'] = {};
  const folders = subfolders(files, folder);
  const named = folders.filter((name) => Object.hasOwn(PART_FOLDERS, name.toLowerCase()));
  if (named.length === 0) {
    parts.whole = () => classImages(files, folder, folders);
    if (folders.length === 0) {
      throw new BitbudgetError(
        'input',
        `${folder} holds no dataset that is known.`,
        'Give CIFAR, IDX, .npz or .npy files, raw tensors, or a folder of images for each class.',
      );
    }
    return { classes: folders, parts };
  }
  const byPart = new Map<'train' | 'test', string>();
  for (const name of named) {
    const part = PART_FOLDERS[name.toLowerCase()];
    if (!byPart.has(part) || name.toLowerCase() === part) byPart.set(part, name);
  }
  const classesOf = (name: string) => subfolders(files, `${folder}/${name}`);
  const classes = classesOf(byPart.get('train') ?? byPart.get('test')!);
  for (const [part, name] of byPart) {
    const stray = classesOf(name).find((own) => !classes.includes(own));
    if (stray !== undefined) {
      throw damaged(
        `${folder}/${name} has a class "${stray}" that ${folder}/${byPart.get('train')} has not.`,
        'Use the same class folders in both.',
      );
    }
    parts[part] = () => classImages(files, `${folder}/${name}`, classes);
  }
  return { classes, parts };
}

function subfolders(files: DatasetFiles, folder: string): string[] {
  return files.list(folder).filter((name) => !name.startsWith('.') && files.kind(`${folder}/${name}`) === 'folder');
}

function classImages(files: DatasetFiles, folder: string, classes: readonly string[]): ImageSource {
  const byClass = classes.map((name) => {
    const path = `${folder}/${name}`;
    if (files.kind(path) !== 'folder') return [];
    const names = files.list(path);
    const other = names.find((file) => OTHER_IMAGE_NAME.test(file));
    if (other)
      throw damaged(`${path}/${other} is neither a PNG nor a JPEG.`, 'Convert it, or take it out of the folder.');
    const images = names.filter((file) => IMAGE_NAME.test(file) && !file.startsWith('.'));
    if (images.length === 0) {
      throw damaged(`${path} holds no PNG or JPEG.`, 'Take the folder away, or put the images of its class there.');
    }
    return images.map((file) => `${path}/${file}`);
  });
  const order: { file: string; label: number }[] = [];
  for (let turn = 0; byClass.some((images) => turn < images.length); turn++) {
    for (const [label, images] of byClass.entries())
      if (turn < images.length) order.push({ file: images[turn], label });
  }
  assertCount(folder, order.length);
  return {
    count: order.length,
    image: (index) => decodeImage(readWhole(files, order[index].file, MOST_FILE_BYTES), order[index].file),
    label: (index) => order[index].label,
    file: (index) => order[index].file,
  };
}
