import { BitbudgetError } from '../../core/errors.ts';
import type { DatasetFiles } from '../../core/ports.ts';
import { openBytes, readWhole } from '../bytes.ts';
import { assertCount, countsDiffer, damaged, mislabelled } from '../faults.ts';
import { classCount, type ImageSet, type ImageShape, numberedClasses, partOfFile } from '../source.ts';

/** The list of labels in a folder of MLPerf Tiny's accuracy set. */
export const LABEL_LIST = 'y_labels.csv';

/** What nothing in a raw file says. */
export interface RawOptions {
  /** Of one tensor: the network's input. */
  shape?: ImageShape;
  expectedClasses?: number;
  /** The bytes are signed; they are moved up by 128, as int8 networks take them. */
  signed: boolean;
}

/**
 * A folder as MLPerf Tiny's runner takes it: one file of raw bytes an input, and `y_labels.csv` with a line
 * `file, classes, class` for each.
 *
 * @throws {BitbudgetError} `damaged-file` for a list that cannot be read, a file that is missing or of another size.
 * @see https://github.com/mlcommons/tiny/tree/master/benchmark/evaluation/datasets
 */
export function openRawFolder(files: DatasetFiles, folder: string, options: RawOptions): ImageSet {
  const list = `${folder}/${LABEL_LIST}`;
  const shape = tensorShape(options, folder);
  const text = new TextDecoder().decode(readWhole(files, list, 2 ** 26));
  const entries: { file: string; label: number }[] = [];
  let classes = options.expectedClasses ?? 1;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const match = /^\s*([\w.-]+)\s*,\s*(\d{1,5})\s*,\s*(\d{1,5})\s*(,.*)?$/.exec(line);
    if (!match) throw damaged(`${list}, line ${i + 1}, is no "file, classes, class".`);
    const label = Number(match[3]);
    if (label >= Number(match[2])) throw mislabelled(list, entries.length, label, Number(match[2]));
    classes = Math.max(classes, Number(match[2]));
    entries.push({ file: `${folder}/${match[1]}`, label });
  }
  assertCount(list, entries.length);
  const missing = entries.find(({ file }) => files.kind(file) !== 'file');
  if (missing) throw damaged(`${list} names ${missing.file}, which is not there.`);
  const tensorBytes = shape[0] * shape[1] * shape[2];
  return {
    classes: numberedClasses(classes),
    parts: {
      test: () => ({
        count: entries.length,
        image(index) {
          const { file } = entries[index];
          assertTensor(file, files.sizeBytes(file), tensorBytes, shape);
          return { shape, pixels: unsigned(openBytes(files, file).slice(0, tensorBytes), options) };
        },
        label: (index) => entries[index].label,
      }),
    },
  };
}

/**
 * One file of raw tensors, one behind another, with a byte an image in `NAME_labels` beside it (`cifar_NHWC.u8` and
 * `cifar_labels.u8`).
 *
 * @throws {BitbudgetError} `damaged-file` for sizes that do not fit, `input` where the tensors' shape is not known.
 */
export function openRawFile(files: DatasetFiles, path: string, options: RawOptions): ImageSet {
  const shape = tensorShape(options, path);
  const dot = path.lastIndexOf('.');
  const stem = path.slice(0, dot);
  const guesses = [stem, stem.replace(/[_-](NHWC|images|x)$/i, '')].map((name) => `${name}_labels${path.slice(dot)}`);
  const labelsFile = guesses.find((name) => files.kind(name) === 'file');
  if (labelsFile === undefined) {
    throw damaged(`${path} has no labels beside it.`, `Keep a byte an image in ${guesses[1]}.`);
  }
  const labels = openBytes(files, labelsFile).slice(0, files.sizeBytes(labelsFile));
  const tensorBytes = shape[0] * shape[1] * shape[2];
  const open = () => {
    const bytes = openBytes(files, path);
    if (bytes.length % tensorBytes !== 0) {
      throw damaged(`${path} has ${bytes.length} bytes, which are no whole number of tensors of ${shape.join('×')}.`);
    }
    const count = bytes.length / tensorBytes;
    assertCount(path, count);
    if (count !== labels.length) throw countsDiffer(path, count, labelsFile, labels.length);
    return {
      count,
      image: (index: number) => ({ shape, pixels: unsigned(bytes.slice(index * tensorBytes, tensorBytes), options) }),
      label: (index: number) => labels[index],
    };
  };
  return {
    classes: numberedClasses(classCount(labels, options.expectedClasses)),
    parts: { [partOfFile(path)]: open },
  };
}

function tensorShape({ shape }: RawOptions, path: string): ImageShape {
  if (shape) return shape;
  throw new BitbudgetError(
    'input',
    `Nothing says the shape of the tensors in ${path}.`,
    'Open it together with a network.',
  );
}

function assertTensor(file: string, sizeBytes: number, tensorBytes: number, shape: ImageShape): void {
  if (sizeBytes === tensorBytes) return;
  throw damaged(
    `${file} has ${sizeBytes} bytes where a tensor of ${shape.join('×')} has ${tensorBytes}.`,
    "Give tensors of one byte an element, of the network's input shape.",
  );
}

function unsigned(bytes: Uint8Array, { signed }: RawOptions): Uint8Array {
  if (signed) for (let i = 0; i < bytes.length; i++) bytes[i] ^= 0x80;
  return bytes;
}
