import { unzipSync } from 'fflate';
import type { DatasetFiles } from '../../core/ports.ts';
import { openBytes, readWhole } from '../bytes.ts';
import { damaged, MOST_BYTES } from '../faults.ts';
import { classCount, type ImageSet, numberedClasses, partOfFile } from '../source.ts';
import { npyImages, readNpyBytes, readNpyHeader, readNpyLabels } from './npy.ts';

/** Names of images and of their labels, in an archive or as files beside one another; `*` stands for the part. */
const PAIRS: readonly (readonly [images: string, labels: string])[] = [
  ['x_*', 'y_*'],
  ['X_*', 'y_*'],
  ['*_images', '*_labels'],
  ['*_x', '*_y'],
  ['images_*', 'labels_*'],
];
const UNPARTED: readonly (readonly [images: string, labels: string])[] = [
  ['x', 'y'],
  ['X', 'y'],
  ['images', 'labels'],
  ['data', 'labels'],
];

/**
 * A `.npz` archive of images and labels: `x_train`, `y_train`, `x_test`, `y_test` (as Keras writes them), `train_images`,
 * `train_labels`, …, or one pair `x` and `y`, `images` and `labels`, `data` and `labels`.
 *
 * @throws {BitbudgetError} `damaged-file` for no archive, a damaged one, or one without such arrays.
 */
export function openNpz(files: DatasetFiles, path: string, expectedClasses?: number): ImageSet {
  const arrays = unzip(readWhole(files, path), path);
  const inside = (name: string) => `${path}:${name}.npy`;
  const parts: ImageSet['parts'] = {};
  let classes = expectedClasses ?? 1;
  const add = (part: 'train' | 'test' | 'whole', images: string, labels: string) => {
    if (parts[part] || !arrays.has(images) || !arrays.has(labels)) return;
    const values = readNpyLabels(readNpyBytes(arrays.get(labels)!, inside(labels)));
    classes = classCount(values, classes);
    parts[part] = () => npyImages(readNpyBytes(arrays.get(images)!, inside(images)), values, inside(labels));
  };
  for (const [images, labels] of PAIRS) {
    for (const part of ['train', 'test'] as const) add(part, images.replace('*', part), labels.replace('*', part));
  }
  if (Object.keys(parts).length === 0) for (const [images, labels] of UNPARTED) add('whole', images, labels);
  if (Object.keys(parts).length === 0) {
    const names = [...arrays.keys()].slice(0, 8).join(', ') || 'none';
    throw damaged(
      `${path} has no arrays of images with labels, but ${names}.`,
      'Name them x_train, y_train, x_test and y_test, or images and labels.',
    );
  }
  return { classes: numberedClasses(classes), parts };
}

/** The arrays of an archive; what they swell to is bounded before anything is inflated. */
function unzip(bytes: Uint8Array, path: string): Map<string, Uint8Array> {
  let total = 0;
  try {
    const entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!name.endsWith('.npy')) return false;
        total += originalSize;
        if (!(total <= MOST_BYTES)) throw new Error(`it swells to more than ${MOST_BYTES} bytes`);
        return true;
      },
    });
    return new Map(Object.entries(entries).map(([name, content]) => [name.slice(0, -'.npy'.length), content]));
  } catch (error) {
    throw damaged(`${path} cannot be unpacked: ${(error as Error).message}.`);
  }
}

/**
 * A `.npy` file of images, with its labels in another one beside it: `x_test.npy` with `y_test.npy`, `test_images.npy` with
 * `test_labels.npy`, `images.npy` with `labels.npy`, or `NAME.npy` with `NAME_labels.npy`.
 *
 * @throws {BitbudgetError} `damaged-file` for a damaged file or one without labels.
 */
export function openNpy(files: DatasetFiles, path: string, expectedClasses?: number): ImageSet {
  const slash = path.lastIndexOf('/') + 1;
  const stem = path.slice(slash, -'.npy'.length);
  const guesses = [`${stem}_labels`, `${stem}-labels`];
  for (const [images, labels] of [...PAIRS, ...UNPARTED]) {
    const match = new RegExp(`^${images.replace('*', '(.+)')}$`).exec(stem);
    if (match) guesses.push(labels.replace('*', match[1] ?? ''));
  }
  const labelsFile = guesses
    .map((name) => `${path.slice(0, slash)}${name}.npy`)
    .find((name) => files.kind(name) === 'file');
  if (labelsFile === undefined) {
    throw damaged(`${path} has no labels beside it.`, `Save them as ${guesses[0]}.npy, one class index an image.`);
  }
  const labels = readNpyLabels(readNpyHeader(openBytes(files, labelsFile), labelsFile));
  return {
    classes: numberedClasses(classCount(labels, expectedClasses)),
    parts: { [partOfFile(path)]: () => npyImages(readNpyHeader(openBytes(files, path), path), labels, labelsFile) },
  };
}
