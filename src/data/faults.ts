import { BitbudgetError } from '../core/errors.ts';

/** Bytes that a compressed file, or a file that is read whole, may have at most. */
export const MOST_BYTES = 2 ** 30;

/** Images that a set may have at most. */
export const MOST_IMAGES = 2 ** 24;

/** Pixels that one image may have at most. */
export const MOST_PIXELS = 2 ** 26;

/**
 * The error for a file of images or labels that is cut off, damaged, or not what its place says it is.
 *
 * @param what a sentence that begins with the file.
 */
export function damaged(what: string, remedy = 'Fetch or write the file anew.'): BitbudgetError {
  return new BitbudgetError('damaged-file', what, remedy);
}

/** The error for labels that name no class. */
export function mislabelled(file: string, index: number, label: number, classes: number): BitbudgetError {
  return damaged(
    `${file} labels image ${index} with class ${label}, and there are ${classes} classes.`,
    'Check that the labels belong to these images.',
  );
}

/** The error for two files that should speak of the same images and do not. */
export function countsDiffer(images: string, imageCount: number, labels: string, labelCount: number): BitbudgetError {
  return damaged(
    `${images} holds ${imageCount} images and ${labels} ${labelCount} labels.`,
    'Put the labels of these very images beside them.',
  );
}

/** @throws {BitbudgetError} `damaged-file` for a set of no image or of too many. */
export function assertCount(file: string, count: number): void {
  if (count >= 1 && count <= MOST_IMAGES) return;
  throw damaged(`${file} holds ${count} images.`, `A set has 1 to ${MOST_IMAGES} images.`);
}
