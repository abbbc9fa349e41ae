import { exponential } from '../../core/elementary.ts';
import { indexOfLargest } from '../top1.ts';

/** Of the root mean square of a network's logits: margins of this size count as nearly certain. */
const MARGIN_UNIT = 0.5;

/**
 * One minus the share of images on which a network is thought to answer as another does, without a look at any label. On each
 * image the margin of the other's class over the next best one, in units of the network's own root mean square logit, goes
 * through a logistic function: a narrow win counts for little more than a narrow loss, for on other images it may turn.
 * Images weigh so that the other's classes count alike, those with few images a little less: a network that has collapsed to
 * one class is not judged by how often that class happens to be there.
 *
 * @param reference logits of the other network, an array an image.
 * @param logits of the network on the same images.
 * @returns from 0, where it is sure of all answers, to 1.
 * @example disagreement([Float32Array.of(3, 1)], [Float32Array.of(1, 1)]) // => 0.5
 */
export function disagreement(reference: readonly Float32Array[], logits: readonly Float32Array[]): number {
  const answers = reference.map(indexOfLargest);
  const counts = new Map<number, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const unit = MARGIN_UNIT * rootMeanSquare(logits);
  let [sum, weights] = [0, 0];
  for (const [i, answer] of answers.entries()) {
    const weight = 1 / (counts.get(answer)! + 1);
    const margin = marginOf(logits[i], answer);
    sum += weight * (unit > 0 ? 1 / (1 + exponential(margin / unit)) : 0.5);
    weights += weight;
  }
  return sum / weights;
}

/** By how much one logit is above the greatest of the others. */
function marginOf(values: Float32Array, answer: number): number {
  let next = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (i !== answer && values[i] > next) next = values[i];
  return values[answer] - next;
}

/** Of all logits, the mean of each image taken off. */
function rootMeanSquare(logits: readonly Float32Array[]): number {
  let [squares, count] = [0, 0];
  for (const values of logits) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const value of values) squares += (value - mean) * (value - mean);
    count += values.length;
  }
  return Math.sqrt(squares / count);
}
