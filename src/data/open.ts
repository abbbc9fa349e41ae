import { BitbudgetError } from '../core/errors.ts';
import type { DatasetFiles } from '../core/ports.ts';
import { builtinDataset } from './builtin/index.ts';
import { type Expected, openImageSet } from './detect.ts';
import { type ImageOptions, transformedShape, transformImage } from './image/transform.ts';
import type { ImageShape } from './source.ts';
import { selectSplit } from './splits.ts';
import type { Dataset, Split } from './types.ts';

/** A dataset by name or path, as a command's flags describe it; plain data, so that worker threads open the same one. */
export interface DatasetSpec {
  name: string;
  split: Split;
  samples?: number;
  /** Of the built-in images; a set of files is always in the same order. */
  seed?: number;
  /** How images are brought to the network's size and colours. */
  images?: ImageOptions;
  /** What the network reads, for sets whose files do not say. */
  expected?: Expected;
}

/** Names that `--dataset` takes; all else is a path. */
export const DATASET_NAMES: readonly string[] = ['builtin'];

/**
 * Opens a dataset: the built-in one, or the one at a path (see `openImageSet`), in its splits (see `selectSplit`).
 *
 * @param files where paths are looked up; without it only names are known.
 * @throws {BitbudgetError} `usage` for an unknown name or an impossible number of samples; `input` and `damaged-file` for
 * files that are not there, not known or damaged.
 * @example openDataset({ name: 'builtin', split: 'test', samples: 10 }).count // => 10
 */
export function openDataset(spec: DatasetSpec, files?: DatasetFiles): Dataset {
  const { name, split, samples, seed, images = {} } = spec;
  if (name === 'builtin') return transformed(builtinDataset({ split, samples, seed }), images);
  const looksLikePath = /[/\\.:]/.test(name);
  if (!files || (!looksLikePath && files.kind(name) === undefined)) {
    const remedy = `Use ${DATASET_NAMES.join(', ')}, or the path of a file or folder.`;
    throw new BitbudgetError('usage', `Unknown dataset "${name}".`, remedy);
  }
  const set = openImageSet(files, name, spec.expected ?? {});
  const { source, indices, from } = selectSplit(set, split, name);
  const count = chosenCount(indices.length, spec);
  const fileOf = (index: number) => source.file?.(indices[index]) ?? `Image ${indices[index]} of ${name}`;
  const read = (index: number) => transformImage(source.image(indices[index]), images, fileOf(index));
  const first = read(0);
  return {
    name: `${name}-${from}`,
    classes: set.classes,
    count,
    imageShape: first.shape,
    pixels(index) {
      const image = read(index);
      if (!sameShape(image.shape, first.shape)) throw sizesDiffer(fileOf(index), image.shape, first.shape);
      return image.pixels;
    },
    label: (index) => source.label(indices[index]),
  };
}

/** Calibration takes as many images as there are, for its default suits sets of any size. */
function chosenCount(available: number, { name, split, samples }: DatasetSpec): number {
  if (available === 0) {
    throw new BitbudgetError('input', `"${name}" has no images left for ${split}.`, 'Give a larger set.');
  }
  if (samples === undefined || (split === 'calibration' && samples > available)) return available;
  if (samples <= available) return samples;
  throw new BitbudgetError(
    'usage',
    `${samples} images were asked for, and "${name}" has ${available} for ${split}.`,
    `Use --samples from 1 to ${available}.`,
  );
}

function transformed(dataset: Dataset, images: ImageOptions): Dataset {
  if (images.resize === undefined && images.crop === undefined && images.colour === undefined) return dataset;
  const { name, imageShape: shape } = dataset;
  return {
    ...dataset,
    imageShape: transformedShape(shape, images, name),
    pixels: (index) => transformImage({ shape, pixels: dataset.pixels(index) }, images, name).pixels,
  };
}

function sameShape(a: ImageShape, b: ImageShape): boolean {
  return a.every((size, axis) => size === b[axis]);
}

function sizesDiffer(file: string, shape: ImageShape, first: ImageShape): BitbudgetError {
  return new BitbudgetError(
    'input',
    `${file} is ${shape.join('×')}, and the first image is ${first.join('×')}.`,
    'Bring all to one shape with --resize HEIGHTxWIDTH, or --resize and --crop, and --colour.',
  );
}
