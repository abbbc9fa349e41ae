import { beforeAll, describe, expect, it } from 'vitest';
import type { Autodiff } from '../../../src/autodiff/index.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { halfBits } from '../../../src/network/half.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { inputBatch, inputTable, smoothedTargets } from '../../../src/train/batches.ts';
import { largest } from '../../../src/train/evaluate.ts';
import { compareForward, floatAccuracy, logitsOf, TrainableModel, train } from '../../../src/train/index.ts';
import { createOptimizer } from '../../../src/train/optimizer.ts';
import { trainStep } from '../../../src/train/train.ts';
import { autodiffForTests } from '../autodiff/autodiff-fixture.ts';
import { halves, tinyNetwork } from './train-fixture.ts';

let autodiff: Autodiff;
beforeAll(async () => {
  autodiff = await autodiffForTests();
});

const options = (epochs: number) => ({
  autodiff,
  network: tinyNetwork(),
  train: halves('train', 96, 1),
  test: halves('test', 40, 2),
  epochs,
  seed: 3,
  settings: { batchSize: 8, augmentation: 'none' as const, learningRate: 0.1 },
});

describe('training', () => {
  it('lowers the loss and learns what can be learned', async () => {
    const { history, accuracy, weights } = await train(options(6));
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(history[5].loss).toBeLessThan(0.7 * history[0].loss);
    expect(accuracy).toBeGreaterThan(0.9);
    const model = new TrainableModel(autodiff, { ...tinyNetwork(), weights });
    expect(await floatAccuracy(model, halves('test', 40, 2))).toBe(accuracy);
    // as a file keeps them, in half the bytes
    for (const [name, values] of weights) {
      if (name.endsWith('.kernel')) expect([...values].map(halfBits)).not.toContain(undefined);
    }
    model.dispose();
  });

  it('gives the same weights for the same options, and others for another seed', async () => {
    const [first, again] = [await train(options(1)), await train(options(1))];
    expect([...again.weights]).toEqual([...first.weights]);
    const other = await train({ ...options(1), seed: 4 });
    expect(other.weights.get('stem.kernel')).not.toEqual(first.weights.get('stem.kernel'));
  });

  it('goes on from the weights that a network has', async () => {
    const { weights, history } = await train(options(4));
    const further = await train({ ...options(1), network: { ...tinyNetwork(), weights } });
    expect(further.history[0].loss).toBeLessThan(history[0].loss);
  });

  it('reports its progress and stops when it is cancelled', async () => {
    const cancellation = { aborted: false };
    const fractions: number[] = [];
    const progress = (message: string, fraction: number) => {
      expect(message).toContain('epoch 1 of 9');
      fractions.push(fraction);
      cancellation.aborted = fractions.length === 3;
    };
    const tensors = autodiff.tf.memory().numTensors;
    await expect(train({ ...options(9), progress, cancellation })).rejects.toMatchObject({ kind: 'interrupted' });
    expect(fractions).toEqual([1 / 108, 2 / 108, 3 / 108]);
    expect(autodiff.tf.memory().numTensors).toBe(tensors);
  });

  it('names a diverged loss instead of going on with it', async () => {
    const settings = { ...options(1).settings, learningRate: 1e30 };
    await expect(train({ ...options(3), settings })).rejects.toThrow(/diverged: the loss became/);
  });

  it('refuses images, classes and layers that do not fit', async () => {
    const small = { ...halves('small', 8, 1), imageShape: [4, 8, 3] as const };
    await expect(train({ ...options(1), train: small })).rejects.toThrow('images of 4×8×3');
    const three = { ...halves('three', 8, 1), classes: ['a', 'b', 'c'] };
    await expect(train({ ...options(1), test: three })).rejects.toThrow('3 classes');
    await expect(train({ ...options(0) })).rejects.toThrow('--epochs cannot be 0');
    const dilated = tinyNetwork();
    dilated.layers = dilated.layers.map((layer) =>
      layer.name === 'stem' ? { ...layer, dilation: [2, 2], padding: [2, 2, 2, 2] } : layer,
    ) as typeof dilated.layers;
    await expect(train({ ...options(1), network: dilated })).rejects.toThrow('is dilated');
  });
});

describe('a trainable model', () => {
  const seeded = () => seededWeights(tinyNetwork(), 9);

  it('gives back the weights it was made from', () => {
    const network = seeded();
    const model = new TrainableModel(autodiff, network);
    expect([...model.weights()]).toEqual([...network.weights]);
    model.dispose();
  });

  it('takes the bias before a batch norm into the running mean', () => {
    const network = seeded();
    network.weights.get('stem.bias')!.fill(2);
    network.weights.get('stem.norm.mean')!.fill(0.5);
    const model = new TrainableModel(autodiff, network);
    const dataset = halves('x', 4, 1);
    const logits = logitsOf(model, dataset, 0, 4);
    const moved = new TrainableModel(autodiff, { ...network, weights: model.weights() });
    expect(model.weights().get('stem.norm.mean')![0]).toBe(-1.5);
    expect([...logitsOf(moved, dataset, 0, 4)]).toEqual([...logits]);
    const folded = new TrainableModel(autodiff, foldNetwork(network));
    const comparison = compareForward(model, dataset, (pixels) => {
      const one = { ...dataset, count: 1, pixels: () => pixels };
      return logitsOf(folded, one, 0, 1);
    });
    expect(comparison.images).toBe(4);
    expect(comparison.agreement).toBe(1);
    expect(comparison.largestError).toBeLessThan(1e-5 * Math.max(1, comparison.largestLogit));
    for (const each of [model, moved, folded]) each.dispose();
  });

  it('has gradients that agree with differences of the loss along each of them', () => {
    const { tf } = autodiff;
    const model = new TrainableModel(autodiff, seeded());
    const dataset = halves('x', 16, 1);
    const indices = Array.from({ length: 16 }, (_, k) => k);
    const { values, labels } = inputBatch(dataset, indices, inputTable(model.network.preprocessing));
    const batch = tf.tensor(values, [16, ...dataset.imageShape]);
    const loss = () => {
      const targets = tf.tensor(smoothedTargets(labels, 2, 0.1), [16, 2]);
      return autodiff.crossEntropy(model.forward(batch, true), targets).asScalar();
    };
    const { grads, value } = tf.variableGrads(loss, [...model.variables.values()]);
    for (const [name, variable] of model.variables) {
      const gradient = grads[variable.name].dataSync() as Float32Array;
      const squared = gradient.reduce((sum, slope) => sum + slope * slope, 0);
      const moved = (distance: number) => {
        const weights = autodiff.view(variable);
        gradient.forEach((slope, k) => {
          weights[k] += (distance * slope) / Math.sqrt(squared);
        });
        return tf.tidy(() => loss().dataSync()[0]);
      };
      const [above, below] = [moved(2e-3), moved(-4e-3)];
      moved(2e-3);
      expect((above - below) / 4e-3 / Math.sqrt(squared), name).toBeCloseTo(1, 1);
    }
    tf.dispose([batch, value, grads]);
    model.dispose();
  });

  it('keeps no tensor and no memory over a thousand steps', () => {
    const network = seeded();
    const model = new TrainableModel(autodiff, network);
    const dataset = halves('x', 4, 1);
    const { values, labels } = inputBatch(dataset, [0, 1, 2, 3], inputTable(network.preprocessing));
    const optimizer = createOptimizer({ kind: 'adam', weightDecay: 0, momentum: 0 });
    const step = () => trainStep(model, values, labels, dataset.imageShape, 0, optimizer, 0.01);
    const first = step();
    for (let k = 0; k < 20; k++) step();
    const before = autodiff.tf.memory();
    const wasmBytes = autodiff.memoryBytes();
    for (let k = 0; k < 1000; k++) step();
    expect(autodiff.tf.memory()).toEqual(before);
    expect(autodiff.memoryBytes()).toBe(wasmBytes);
    expect(step().loss).toBeLessThan(first.loss);
    model.dispose();
  });

  it('counts a right answer only where no other class is as large', () => {
    expect([largest([2, 1]), largest([1, 1]), largest([Number.NEGATIVE_INFINITY, -5])]).toEqual([0, 0, 1]);
  });
});
