import type { DatasetFiles } from '../../core/ports.ts';
import { type Bytes, byteOfEachRecord, openBytes, readWhole } from '../bytes.ts';
import { assertCount, damaged, mislabelled } from '../faults.ts';
import { type Image, type ImageSet, type ImageSource, numberedClasses, partOfFile } from '../source.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const IMAGE_BYTES = 3 * PLANE;

/** What tells the two sets apart. */
interface CifarKind {
  classes: number;
  /** Bytes before the pixels; the last one is the label that counts (CIFAR-100 has the coarse one first). */
  labelBytes: number;
  trainFiles: RegExp;
  testFile: string;
  names: string;
}

const KINDS: Readonly<Record<'cifar10' | 'cifar100', CifarKind>> = {
  cifar10: {
    ...{ classes: 10, labelBytes: 1, trainFiles: /^data_batch_\d+\.bin(\.gz)?$/ },
    ...{ testFile: 'test_batch.bin', names: 'batches.meta.txt' },
  },
  cifar100: {
    ...{ classes: 100, labelBytes: 2, trainFiles: /^train\.bin(\.gz)?$/ },
    ...{ testFile: 'test.bin', names: 'fine_label_names.txt' },
  },
};

/** Whether a folder's names are those of a CIFAR set. */
export function cifarFolderKind(names: readonly string[]): 'cifar10' | 'cifar100' | undefined {
  const has = (kind: CifarKind) =>
    names.some((name) => kind.trainFiles.test(name)) ||
    names.some((name) => name.replace(/\.gz$/, '') === kind.testFile);
  if (has(KINDS.cifar10)) return 'cifar10';
  return has(KINDS.cifar100) ? 'cifar100' : undefined;
}

/** Whether a file's size is that of whole CIFAR records; where it fits both sets, the labels decide. */
export function cifarFileKind(files: DatasetFiles, path: string): 'cifar10' | 'cifar100' | undefined {
  const bytes = openBytes(files, path);
  const fits = (['cifar10', 'cifar100'] as const).filter((kind) => {
    const recordBytes = KINDS[kind].labelBytes + IMAGE_BYTES;
    if (bytes.length === 0 || bytes.length % recordBytes !== 0) return false;
    const labels = byteOfEachRecord(bytes, bytes.length / recordBytes, recordBytes, KINDS[kind].labelBytes - 1);
    return labels.every((label) => label < KINDS[kind].classes);
  });
  return fits[0];
}

/**
 * CIFAR-10 or CIFAR-100 in their binary form: records of a label byte (CIFAR-100: a coarse one, then the fine one that
 * counts) and three planes of 32 × 32 bytes, red, green and blue.
 *
 * @param path the folder of the published archive, or one of its files (`.bin`, also gzipped).
 * @throws {BitbudgetError} `damaged-file` for a file that is no whole number of records or has a label out of range.
 * @see https://www.cs.toronto.edu/~kriz/cifar.html
 */
export function openCifar(files: DatasetFiles, path: string, kindName: 'cifar10' | 'cifar100'): ImageSet {
  const kind = KINDS[kindName];
  if (files.kind(path) === 'file') {
    const part = partOfFile(path);
    return { classes: numberedClasses(kind.classes), parts: { [part]: () => records(files, [path], kind) } };
  }
  const names = files.list(path);
  const at = (name: string) => `${path}/${name}`;
  const train = names.filter((name) => kind.trainFiles.test(name)).map(at);
  const test = names.filter((name) => name.replace(/\.gz$/, '') === kind.testFile).map(at);
  return {
    classes: names.includes(kind.names) ? readNames(files, at(kind.names), kind) : numberedClasses(kind.classes),
    parts: {
      ...(train.length > 0 && { train: () => records(files, train, kind) }),
      ...(test.length > 0 && { test: () => records(files, test, kind) }),
    },
  };
}

function readNames(files: DatasetFiles, path: string, { classes }: CifarKind): string[] {
  const names = new TextDecoder()
    .decode(readWhole(files, path, 2 ** 20))
    .split(/\r?\n/)
    .filter((line) => line !== '');
  if (names.length === classes) return names;
  throw damaged(`${path} names ${names.length} classes where there are ${classes}.`);
}

function records(files: DatasetFiles, paths: readonly string[], kind: CifarKind): ImageSource {
  const recordBytes = kind.labelBytes + IMAGE_BYTES;
  const opened = paths.map((path) => openRecords(files, path, recordBytes, kind));
  const count = opened.reduce((sum, file) => sum + file.labels.length, 0);
  assertCount(paths[0], count);
  const find = (index: number) => {
    let at = index;
    for (const file of opened) {
      if (at < file.labels.length) return { file, at };
      at -= file.labels.length;
    }
    throw new RangeError(`image ${index} of ${count}`);
  };
  return {
    count,
    image(index) {
      const { file, at } = find(index);
      return interleave(file.bytes.slice(at * recordBytes + kind.labelBytes, IMAGE_BYTES));
    },
    label(index) {
      const { file, at } = find(index);
      return file.labels[at];
    },
  };
}

function openRecords(
  files: DatasetFiles,
  path: string,
  recordBytes: number,
  kind: CifarKind,
): { bytes: Bytes; labels: Uint8Array } {
  const bytes = openBytes(files, path);
  if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
    throw damaged(`${path} has ${bytes.length} bytes, which are no whole number of records of ${recordBytes}.`);
  }
  const labels = byteOfEachRecord(bytes, bytes.length / recordBytes, recordBytes, kind.labelBytes - 1);
  const wrong = labels.findIndex((label) => label >= kind.classes);
  if (wrong >= 0) throw mislabelled(path, wrong, labels[wrong], kind.classes);
  return { bytes, labels };
}

/** From planes to pixels. */
function interleave(planes: Uint8Array): Image {
  const pixels = new Uint8Array(IMAGE_BYTES);
  for (let pixel = 0, at = 0; pixel < PLANE; pixel++) {
    pixels[at++] = planes[pixel];
    pixels[at++] = planes[pixel + PLANE];
    pixels[at++] = planes[pixel + 2 * PLANE];
  }
  return { shape: [SIDE, SIDE, 3], pixels };
}
