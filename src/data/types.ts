/**
 * A labelled set of images of one size, read one image at a time so that no set has to fit in memory.
 * Pixels are raw bytes; how they become the network's input is the network's own `preprocessing`.
 */
export interface Dataset {
  /** What reports print and files record, such as `builtin-test`. */
  name: string;
  classes: readonly string[];
  /** How many images there are; indices run from 0 to count − 1. */
  count: number;
  imageShape: readonly [height: number, width: number, channels: number];
  /** One image, NHWC without the N: height × width × channels bytes, a fresh array each time. */
  pixels(index: number): Uint8Array;
  /** The index into `classes` of one image. */
  label(index: number): number;
}

/** Which of the disjoint parts of a dataset is wanted: to fit weights, to observe ranges, to judge. */
export type Split = 'train' | 'calibration' | 'test';
