import { BitbudgetError } from '../../core/errors.ts';
import type { Dataset, Split } from '../types.ts';
import { SIDE } from './canvas.ts';
import { CLASSES, drawImage } from './scene.ts';

/** How many images a split has unless the caller says otherwise. */
export const DEFAULT_SAMPLES: Readonly<Record<Split, number>> = { train: 20_000, calibration: 512, test: 2000 };

/** The two highest bits of an image's seed, which keep the splits apart whatever their sizes. */
const SPLIT_BITS: Readonly<Record<Split, number>> = { train: 1, calibration: 2, test: 3 };

const MOST_SAMPLES = 2 ** 28;

export interface BuiltinOptions {
  split: Split;
  /** Number of images, 1 to 2²⁸; see {@link DEFAULT_SAMPLES}. A smaller set is a prefix of a larger one. */
  samples?: number;
  /** Another seed gives other images of the same kind; 1 unless given. */
  seed?: number;
}

/**
 * The built-in set: 32 × 32 × 3 images of ten classes of figures and textures, drawn when asked for from integers alone,
 * so the same bytes on every engine and nothing to download. Classes follow one another, so every prefix is balanced.
 *
 * @throws {BitbudgetError} `usage` for a number of samples or a seed that is no integer in range.
 * @example builtinDataset({ split: 'test', samples: 20 }).label(13) // => 3
 */
export function builtinDataset(options: BuiltinOptions): Dataset {
  const { split } = options;
  const samples = options.samples ?? DEFAULT_SAMPLES[split];
  const seed = options.seed ?? 1;
  if (!Number.isInteger(samples) || samples < 1 || samples > MOST_SAMPLES) {
    throw new BitbudgetError(
      'usage',
      `The built-in dataset cannot have ${samples} images.`,
      `Use --samples from 1 to ${MOST_SAMPLES}.`,
    );
  }
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new BitbudgetError('usage', `${seed} is no seed.`, 'Use --seed with an integer from 0 to 4294967295.');
  }
  return {
    name: `builtin-${split}`,
    classes: CLASSES,
    count: samples,
    imageShape: [SIDE, SIDE, 3],
    pixels: (index) => drawImage(imageSeed(split, seed, index), index % CLASSES.length),
    label: (index) => index % CLASSES.length,
  };
}

/**
 * The seed of one image. Multiplying by an odd number permutes the 30 low bits, so no two images of a split share one.
 *
 * @example imageSeed('test', 1, 0) >>> 30 // => 3
 */
export function imageSeed(split: Split, seed: number, index: number): number {
  const mixed = (Math.imul(index, 0x2545f491) + Math.imul(seed, 0x9e3779b1)) & 0x3fffffff;
  return ((SPLIT_BITS[split] << 30) | mixed) >>> 0;
}
