import type { TrainableModel } from '../autodiff/model.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { Dataset } from '../data/types.ts';
import { inputBatch, inputTable } from './batches.ts';

const BATCH = 50;

/** Logits of images `first` to `first + count − 1`, [count][classes], from the model in its trained state. */
export function logitsOf(model: TrainableModel, dataset: Dataset, first: number, count: number): Float32Array {
  const { tf } = model.autodiff;
  const indices = Array.from({ length: count }, (_, k) => first + k);
  const { values } = inputBatch(dataset, indices, inputTable(model.network.preprocessing));
  return tf.tidy(() => {
    const batch = tf.tensor(values, [count, ...dataset.imageShape]);
    return model.forward(batch, false).dataSync() as Float32Array;
  });
}

/**
 * The share of a dataset's images whose largest logit is that of their class, with running statistics, in f32.
 *
 * @throws {BitbudgetError} `interrupted` when cancelled.
 */
export async function floatAccuracy(
  model: TrainableModel,
  dataset: Dataset,
  progress?: Progress,
  cancellation?: Cancellation,
): Promise<number> {
  const { tf } = model.autodiff;
  let right = 0;
  for (let first = 0; first < dataset.count; first += BATCH) {
    if (cancellation?.aborted) throw interrupted('evaluation');
    const count = Math.min(BATCH, dataset.count - first);
    const logits = logitsOf(model, dataset, first, count);
    const classes = logits.length / count;
    for (let k = 0; k < count; k++) {
      const row = logits.subarray(k * classes, (k + 1) * classes);
      if (largest(row) === dataset.label(first + k)) right++;
    }
    progress?.(`evaluated ${first + count} of ${dataset.count} images`, (first + count) / dataset.count);
    await tf.nextFrame();
  }
  return right / dataset.count;
}

/**
 * The index of the largest value, the first of equals.
 *
 * @example largest([1, 3, 3]) // => 1
 */
export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}

export function interrupted(what: string): BitbudgetError {
  return new BitbudgetError('interrupted', `The ${what} was interrupted.`, 'Start it again; nothing was written.');
}

/** How two forward passes of one network differ over some images. */
export interface ForwardComparison {
  images: number;
  /** Largest |ours − other| of all logits, and largest |ours|, to set it against. */
  largestError: number;
  largestLogit: number;
  /** Share of images on which both choose the same class. */
  agreement: number;
}

/**
 * Compares this model's logits in f32 with another implementation's, image by image.
 *
 * @param other logits of one image from its raw pixels.
 */
export function compareForward(
  model: TrainableModel,
  dataset: Dataset,
  other: (pixels: Uint8Array) => ArrayLike<number>,
  images = Math.min(32, dataset.count),
): ForwardComparison {
  const logits = logitsOf(model, dataset, 0, images);
  const classes = logits.length / images;
  let largestError = 0;
  let largestLogit = 0;
  let same = 0;
  for (let k = 0; k < images; k++) {
    const ours = logits.subarray(k * classes, (k + 1) * classes);
    const theirs = other(dataset.pixels(k));
    if (largest(ours) === largest(theirs)) same++;
    for (let c = 0; c < classes; c++) {
      largestError = Math.max(largestError, Math.abs(ours[c] - theirs[c]));
      largestLogit = Math.max(largestLogit, Math.abs(ours[c]));
    }
  }
  return { images, largestError, largestLogit, agreement: same / images };
}
