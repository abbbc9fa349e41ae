import type { Dataset } from './types.ts';

export type ImageShape = Dataset['imageShape'];

/** An image as its file holds it, NHWC without the N. */
export interface Image {
  shape: ImageShape;
  pixels: Uint8Array;
}

/** Labelled images of one part of a set, before any choice among them and before they are brought to a size. */
export interface ImageSource {
  count: number;
  /** A fresh array each time. */
  image(index: number): Image;
  label(index: number): number;
  /** The file of one image, where each has its own. */
  file?(index: number): string;
}

/** A set as it lies in its files; what is not asked for is not read. */
export interface ImageSet {
  classes: readonly string[];
  /** `train` and `test` where the files tell them apart, `whole` where they do not. */
  parts: Partial<Record<'train' | 'test' | 'whole', () => ImageSource>>;
}

/** Class names for sets whose files name none. */
export function numberedClasses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/**
 * How many classes a set has whose labels are all that is known of them: at least as many as its reader expects.
 *
 * @example classCount([0, 3, 1], 2) // => 4
 */
export function classCount(labels: ArrayLike<number>, expected = 1): number {
  let count = expected;
  for (let i = 0; i < labels.length; i++) if (labels[i] >= count) count = labels[i] + 1;
  return count;
}

/**
 * Which part of a set a single file is, by its name.
 *
 * @example partOfFile('mnist/t10k-images-idx3-ubyte') // => 'test'
 */
export function partOfFile(path: string): 'train' | 'test' | 'whole' {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (/(^|[^a-z])(test|t10k|val|valid|validation)([^a-z]|$)/.test(name)) return 'test';
  return /(^|[^a-z])(train|training)([^a-z]|$)|^data_batch/.test(name) ? 'train' : 'whole';
}
