import { Random } from '../core/random.ts';
import type { Dataset } from '../data/types.ts';
import type { Preprocessing } from '../network/types.ts';

/** `flip-shift` mirrors half of the images and moves each by up to two pixels; uncovered pixels become zero. */
export type Augmentation = 'none' | 'flip-shift';

/** n images as a network's input, [n][height][width][channels], and their classes. */
export interface InputBatch {
  values: Float32Array;
  labels: Uint8Array;
}

/**
 * A network's input value for each byte and channel: [channel · 256 + byte].
 *
 * @example inputTable({ mean: [0.5], std: [0.5] })[255] // => 1
 */
export function inputTable({ mean, std }: Preprocessing): Float32Array {
  const table = new Float32Array(256 * mean.length);
  for (let at = 0; at < table.length; at++) {
    const channel = at >> 8;
    table[at] = ((at & 255) / 255 - mean[channel]) / std[channel];
  }
  return table;
}

/**
 * Reads images into one input batch, augmented by draws from `random`.
 *
 * @param table from {@link inputTable}.
 */
export function inputBatch(
  dataset: Dataset,
  indices: readonly number[],
  table: Float32Array,
  augmentation: Augmentation = 'none',
  random = new Random(0),
): InputBatch {
  const [height, width, channels] = dataset.imageShape;
  const size = height * width * channels;
  const values = new Float32Array(indices.length * size);
  const labels = new Uint8Array(indices.length);
  indices.forEach((index, position) => {
    const pixels = dataset.pixels(index);
    const out = values.subarray(position * size, (position + 1) * size);
    labels[position] = dataset.label(index);
    if (augmentation === 'none') {
      for (let at = 0, c = 0; at < size; at++) {
        out[at] = table[c * 256 + pixels[at]];
        if (++c === channels) c = 0;
      }
    } else {
      const flip = random.below(2) === 1;
      const [down, right] = [random.below(5) - 2, random.below(5) - 2];
      copyMoved(pixels, out, dataset.imageShape, table, { flip, down, right });
    }
  });
  return { values, labels };
}

function copyMoved(
  pixels: Uint8Array,
  out: Float32Array,
  [height, width, channels]: Dataset['imageShape'],
  table: Float32Array,
  { flip, down, right }: { flip: boolean; down: number; right: number },
): void {
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    for (let x = Math.max(0, right); x < Math.min(width, width + right); x++) {
      const fromX = flip ? width - 1 - (x - right) : x - right;
      const from = ((y - down) * width + fromX) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = table[c * 256 + pixels[from + c]];
    }
  }
}

/**
 * The targets of a batch, [n][classes]: 1 − smoothing on the class plus smoothing spread over all classes.
 *
 * @see Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, section 7.
 * @example smoothedTargets(Uint8Array.of(1), 2, 0.5) // => Float32Array.of(0.25, 0.75)
 */
export function smoothedTargets(labels: Uint8Array, classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, row) => {
    targets[row * classes + label] += 1 - smoothing;
  });
  return targets;
}
