import { BitbudgetError } from '../core/errors.ts';
import type { Dataset } from './types.ts';

/** Some images of a dataset side by side: [n][height][width][channels] bytes, and n class indices. */
export interface Batch {
  pixels: Uint8Array;
  labels: Uint8Array;
}

/**
 * Copies the images with the given indices into one array, in that order.
 *
 * @throws {BitbudgetError} `usage` for an index the dataset does not have.
 * @example readBatch({ name: 'two', classes: ['a', 'b'], count: 2, imageShape: [1, 1, 1], pixels: (i) => Uint8Array.of(i + 7), label: (i) => i }, [1, 0]) // => { pixels: Uint8Array.of(8, 7), labels: Uint8Array.of(1, 0) }
 */
export function readBatch(dataset: Dataset, indices: readonly number[]): Batch {
  const [height, width, channels] = dataset.imageShape;
  const size = height * width * channels;
  const pixels = new Uint8Array(indices.length * size);
  const labels = new Uint8Array(indices.length);
  indices.forEach((index, position) => {
    if (!Number.isInteger(index) || index < 0 || index >= dataset.count) {
      throw new BitbudgetError(
        'usage',
        `Image ${index} of dataset "${dataset.name}" was asked for, which has ${dataset.count} images.`,
        `Use indices from 0 to ${dataset.count - 1}.`,
      );
    }
    pixels.set(dataset.pixels(index), position * size);
    labels[position] = dataset.label(index);
  });
  return { pixels, labels };
}

/**
 * The first `count` images of a dataset, as a dataset.
 *
 * @throws {BitbudgetError} `usage` if there are fewer, or if `count` is not a positive integer.
 * @example firstImages({ name: 'two', classes: ['a', 'b'], count: 2, imageShape: [1, 1, 1], pixels: (i) => Uint8Array.of(i), label: (i) => i }, 1).count // => 1
 */
export function firstImages(dataset: Dataset, count: number): Dataset {
  if (!Number.isInteger(count) || count < 1 || count > dataset.count) {
    throw new BitbudgetError(
      'usage',
      `${count} images of dataset "${dataset.name}" were asked for, which has ${dataset.count}.`,
      `Use --samples from 1 to ${dataset.count}.`,
    );
  }
  return { ...dataset, count };
}
