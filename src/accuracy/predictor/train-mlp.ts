import type { Random } from '../../core/random.ts';
import type { Mlp, MlpParameters } from './mlp.ts';

/** What a network learns from. */
export interface TrainingPairs {
  /** [pair][input] */
  inputs: Float32Array;
  /** Standardised. */
  targets: Float64Array;
}

/** How it learns. */
export interface TrainingSettings {
  /** Passes over the pairs at most. */
  epochs: number;
  /** Training ends when the held-out error has not fallen for so many passes. */
  patience: number;
  /** Of the first steps; it falls to 0 along a straight line. */
  rate: number;
  /** Weight decay, apart from the gradient. */
  decay: number;
}

/**
 * Trains a network by Adam on shuffled batches and leaves it at the parameters with the least error on held-out pairs.
 *
 * @param mlp initialised, or restored to parameters that training is to go on from.
 * @returns the mean squared error on the held-out pairs at that point.
 */
export function trainMlp(
  mlp: Mlp,
  { inputs, targets }: TrainingPairs,
  { learned, heldOut }: { learned: readonly number[]; heldOut: readonly number[] },
  { epochs, patience, rate, decay }: TrainingSettings,
  random: Random,
): number {
  const order = [...learned];
  const errorOf = () => {
    const predicted = mlp.predict(inputs, heldOut);
    return heldOut.reduce((sum, row, i) => sum + (predicted[i] - targets[row]) ** 2, 0) / heldOut.length;
  };
  let best: { error: number; epoch: number; parameters: MlpParameters } = {
    error: errorOf(),
    epoch: 0,
    parameters: mlp.parameters(),
  };
  for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
    random.shuffle(order);
    for (let start = 0; start < order.length; start += mlp.batch) {
      mlp.differentiate(inputs, targets, order.slice(start, start + mlp.batch));
      mlp.step({ rate: rate * (1 - (epoch - 1) / epochs), decay });
    }
    const error = errorOf();
    if (error < best.error) best = { error, epoch, parameters: mlp.parameters() };
  }
  mlp.restore(best.parameters);
  return best.error;
}
