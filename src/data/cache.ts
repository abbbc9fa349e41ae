import type { Dataset } from './types.ts';

/**
 * The same dataset, with every image kept in memory once it has been read: for training, which comes back to each image.
 *
 * @example cachedDataset({ name: 'one', classes: ['a'], count: 1, imageShape: [1, 1, 1], pixels: () => Uint8Array.of(7), label: () => 0 }).pixels(0) // => Uint8Array.of(7)
 */
export function cachedDataset(dataset: Dataset): Dataset {
  const images: (Uint8Array | undefined)[] = [];
  return { ...dataset, pixels: (index) => (images[index] ??= dataset.pixels(index)) };
}
