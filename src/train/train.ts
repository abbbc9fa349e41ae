import { assertDatasetFits } from '../accuracy/dataset-fit.ts';
import type { Autodiff } from '../autodiff/index.ts';
import { TrainableModel } from '../autodiff/model.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import { Random } from '../core/random.ts';
import { cachedDataset } from '../data/cache.ts';
import type { Dataset } from '../data/types.ts';
import { seededWeights } from '../network/seeded-weights.ts';
import type { Network, Weights } from '../network/types.ts';
import { attachWeights } from '../network/weights-file.ts';
import { type Augmentation, inputBatch, inputTable, smoothedTargets } from './batches.ts';
import { floatAccuracy, interrupted } from './evaluate.ts';
import { cosineSchedule, createOptimizer, type Optimizer } from './optimizer.ts';

export interface TrainOptions {
  autodiff: Autodiff;
  /** Starts from the network's own weights, or from seeded ones where it has none. Batch norm must not be folded. */
  network: Network;
  train: Dataset;
  test: Dataset;
  epochs: number;
  seed: number;
  settings?: Partial<TrainSettings>;
  progress?: Progress;
  cancellation?: Cancellation;
}

/** How to train; the defaults suit the small residual networks of the zoo. */
export interface TrainSettings {
  optimizer: 'sgd' | 'adam';
  batchSize: number;
  /** The peak of the schedule. */
  learningRate: number;
  momentum: number;
  weightDecay: number;
  labelSmoothing: number;
  augmentation: Augmentation;
}

export const DEFAULT_SETTINGS: TrainSettings = {
  optimizer: 'sgd',
  batchSize: 32,
  learningRate: 0.05,
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0.05,
  augmentation: 'flip-shift',
};

export interface TrainResult {
  /** Kernels hold numbers of half precision, in which a file keeps them: see `encodeWeights`. */
  weights: Weights;
  /** Top-1 of these weights in f32 on the whole test set. */
  accuracy: number;
  /** Mean loss and top-1 on the augmented training images, as they went by. */
  history: { epoch: number; loss: number; trainAccuracy: number }[];
}

/**
 * Trains a network to classify: cross-entropy with label smoothing, shuffled batches, a cosine schedule. The result is
 * a function of the options alone on one engine; sums in f32 may differ between engines.
 *
 * @throws {BitbudgetError} `input` for images or classes that do not fit the network, or when the loss diverges,
 *   `interrupted` when cancelled, `unsupported` for layers without a gradient.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const { autodiff, test, epochs, seed, progress, cancellation } = options;
  assertDatasetFits(options.network, options.train);
  assertDatasetFits(options.network, test);
  assertCount('--epochs', epochs);
  const start = options.network.weights.size > 0 ? options.network : seededWeights(options.network, seed);
  const model = new TrainableModel(autodiff, attachWeights(start, start.weights, start.name));
  try {
    const dataset = cachedDataset(options.train);
    const history = [];
    const random = new Random(seed);
    const optimizer = createOptimizer({ ...settings, kind: settings.optimizer });
    for (let epoch = 0; epoch < epochs; epoch++) {
      const run = { model, dataset, settings, optimizer, random, epoch, epochs, progress, cancellation };
      history.push({ epoch: epoch + 1, ...(await trainEpoch(run)) });
    }
    model.roundKernels();
    const weights = model.weights();
    for (const [name, values] of weights) assertFinite(name, values);
    const accuracy = await floatAccuracy(model, test, undefined, cancellation);
    return { weights, accuracy, history };
  } finally {
    model.dispose();
  }
}

interface EpochRun {
  model: TrainableModel;
  dataset: Dataset;
  settings: TrainSettings;
  optimizer: Optimizer;
  random: Random;
  epoch: number;
  epochs: number;
  progress: Progress | undefined;
  cancellation: Cancellation | undefined;
}

async function trainEpoch(run: EpochRun): Promise<{ loss: number; trainAccuracy: number }> {
  const { model, dataset, settings, random, epoch, epochs } = run;
  const table = inputTable(model.network.preprocessing);
  const order = random.shuffle(Array.from({ length: dataset.count }, (_, index) => index));
  const batchSize = Math.min(settings.batchSize, dataset.count);
  const batches = Math.floor(dataset.count / batchSize);
  let lossSum = 0;
  let right = 0;
  for (let batch = 0; batch < batches; batch++) {
    if (run.cancellation?.aborted) throw interrupted('training');
    const indices = order.slice(batch * batchSize, (batch + 1) * batchSize);
    const { values, labels } = inputBatch(dataset, indices, table, settings.augmentation, random);
    const rate = cosineSchedule(epoch * batches + batch, epochs * batches, settings.learningRate);
    const step = trainStep(model, values, labels, dataset.imageShape, settings.labelSmoothing, run.optimizer, rate);
    if (!Number.isFinite(step.loss))
      throw diverged(`the loss became ${step.loss} in epoch ${epoch + 1}, batch ${batch + 1}`);
    lossSum += step.loss;
    right += step.right;
    const fraction = (epoch * batches + batch + 1) / (epochs * batches);
    run.progress?.(`epoch ${epoch + 1} of ${epochs}, loss ${(lossSum / (batch + 1)).toFixed(3)}`, fraction);
    await model.autodiff.tf.nextFrame();
  }
  return { loss: lossSum / batches, trainAccuracy: right / (batches * batchSize) };
}

/** One forward and backward pass and one update; returns the loss before it and how many images were classified rightly. */
export function trainStep(
  model: TrainableModel,
  values: Float32Array,
  labels: Uint8Array,
  imageShape: Dataset['imageShape'],
  labelSmoothing: number,
  optimizer: Optimizer,
  learningRate: number,
): { loss: number; right: number } {
  const { autodiff, variables } = model;
  const { tf } = autodiff;
  return tf.tidy(() => {
    const batch = tf.tensor(values, [labels.length, ...imageShape]);
    let right = 0;
    const { value, grads } = tf.variableGrads(() => {
      const logits = model.forward(batch, true);
      const classes = logits.shape[1]!;
      right = countRight(autodiff.view(logits), labels);
      const targets = tf.tensor(smoothedTargets(labels, classes, labelSmoothing), [labels.length, classes]);
      return autodiff.crossEntropy(logits, targets).asScalar();
    }, [...variables.values()]);
    const loss = value.dataSync()[0];
    for (const [name, variable] of variables) {
      optimizer(name, autodiff.view(variable), autodiff.view(grads[variable.name]), learningRate);
    }
    return { loss, right };
  });
}

function countRight(logits: Float32Array, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  let right = 0;
  labels.forEach((label, row) => {
    const own = logits[row * classes + label];
    let best = true;
    for (let c = 0; c < classes; c++) if (c !== label && logits[row * classes + c] >= own) best = false;
    if (best) right++;
  });
  return right;
}

function assertCount(flag: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new BitbudgetError('usage', `${flag} cannot be ${value}.`, `Use ${flag} with a whole number from 1.`);
}

function assertFinite(name: string, values: Float32Array): void {
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw diverged(`tensor ${name} holds ${bad}`);
}

function diverged(how: string): BitbudgetError {
  return new BitbudgetError('input', `Training diverged: ${how}.`, 'Use a smaller learning rate.');
}
