import { describe, expect, it } from 'vitest';
import { countCorrect, countCorrectShared } from '../../src/accuracy/top1.ts';
import { calibrate } from '../../src/engine/calibrate.ts';
import { loadForEvaluation } from '../../src/engine/evaluation-variants.ts';
import { SharedRuns } from '../../src/engine/shared-runs.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import type { Network } from '../../src/network/types.ts';
import { calibratedSource } from '../../src/node/calibrated-source.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import { quantizationSource, quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../src/quant/tensor-plan.ts';
import { cifarImages, publishedNetwork } from './published-resnet20.ts';
import { explainSkip, hasTestData, readTestData, testDataPath } from './test-data.ts';
import { weightOnly } from './weight-only.ts';

explainSkip('the accuracy of a published ResNet-20');

describe.skipIf(!hasTestData)('a published ResNet-20 on CIFAR-10 images', () => {
  it('is as accurate in our f32 as its authors measured, and nearly so in w8a8', async () => {
    const { engine } = await createEngine();
    const folded = foldNetwork(publishedNetwork());
    const calibration = cifarImages('calibration', 64);
    const seen = Array.from({ length: 64 }, (_, i) => calibration.pixels(i));
    const source = quantizationSource(
      folded,
      calibrate(engine, folded, seen, { method: 'mse', dataset: 'cifar10', seed: 1 }),
    );
    const test = cifarImages('test');
    const correct = (scheme: Scheme) => {
      const session = engine.load(quantizeNetwork(source, uniformSchemes(folded, scheme)));
      return countCorrect([session], test, 0, test.count)[0];
    };
    expect(correct('f32')).toBe(455); // 91.0%
    expect(correct('w8a8')).toBeGreaterThanOrEqual(450); // at most one point lost
    expect(correct('w4a8')).toBeGreaterThan(correct('w2a8'));
  }, 300_000);

  it('follows the published accuracies of versions with quantized weights, in height and in order', async () => {
    const folded = foldNetwork(publishedNetwork());
    const published = new TextDecoder().decode(readTestData('resnet20-cifar10/random_configs.csv')).trim().split('\n');
    const rows = [1, 2, 3, 6, 7].map((line) => published[line].split(','));
    const shares = await sharesOf(rows.map(([bits]) => weightOnly(folded, bits.split('-').map(Number))));
    // theirs are of the first 1,000 images, ours of the first half of these
    for (const [i, [, accuracy]] of rows.entries()) expect(Math.abs(shares[i] - Number(accuracy))).toBeLessThan(0.02);
    const order = (values: number[]) => values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
    expect(order(shares)).toEqual(order(rows.map(([, accuracy]) => Number(accuracy))));
  }, 300_000);

  it('loses in each layer what was published for two bits in it alone', async () => {
    const folded = foldNetwork(publishedNetwork());
    const published = new TextDecoder().decode(readTestData('resnet20-cifar10/per_layer.csv')).trim().split('\n');
    const rows = published.map((line) => line.split(',')).filter(([, , bits]) => bits === '2');
    const layers = weightedLayers(folded);
    expect(rows).toHaveLength(layers.length);
    const alone = (layer: number) =>
      weightOnly(
        folded,
        layers.map((_, other) => (other === layer ? 2 : 32)),
      );
    const shares = await sharesOf(layers.map((_, layer) => alone(layer)));
    const theirs = rows.map(([, , , accuracy]) => Number(accuracy));
    const differences = shares.map((share, layer) => Math.abs(share - theirs[layer]));
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
    const correlation = spearman(shares, theirs);
    console.info(
      `two bits in one layer: mean difference ${mean.toFixed(4)}, largest ${Math.max(...differences).toFixed(4)}, Spearman ${correlation.toFixed(3)}`,
    );
    // theirs are of the first 1,000 images, ours of the first half of these
    expect(mean).toBeLessThan(0.01);
    expect(Math.max(...differences)).toBeLessThan(0.02);
    expect(correlation).toBeGreaterThan(0.97);
  }, 300_000);

  it('stays within three points of f32 in w4a4 after post-training methods, and gains ten at w3a4', async () => {
    const { engine } = await createEngine();
    const folded = foldNetwork(publishedNetwork());
    const dataset = testDataPath('cifar10/cifar10_train_first4000_NHWC.u8');
    const settings = { method: 'mse' as const, dataset, samples: 64, seed: 1 };
    const plain = calibratedSource(engine, folded, settings);
    const treated = calibratedSource(engine, folded, { ...settings, methods: ['equalise', 'adaround', 'batch-norm'] });
    const networks = [
      quantizeNetwork(treated, uniformSchemes(treated.folded, 'w4a4')),
      quantizeNetwork(treated, uniformSchemes(treated.folded, 'w3a4')),
      quantizeNetwork(plain, uniformSchemes(folded, 'w3a4')),
    ];
    const test = cifarImages('test');
    const runs = new SharedRuns(loadForEvaluation(engine, networks));
    const [w4a4, w3a4, w3a4Plain] = countCorrectShared(runs, test, 0, test.count);
    expect(w4a4).toBeGreaterThanOrEqual(455 - 15);
    expect(w3a4 - w3a4Plain).toBeGreaterThanOrEqual(50);
  }, 300_000);
});

/** The share of the test images that each network labels rightly in f32, layers that they have in common run once. */
async function sharesOf(networks: readonly Network[]): Promise<number[]> {
  const { engine } = await createEngine();
  const calibration = { method: 'minmax' as const, dataset: '', samples: 0, seed: 0, statistics: new Map() };
  const sessions = networks.map((network) =>
    engine.load(quantizeNetwork(quantizationSource(network, calibration), uniformSchemes(network, 'f32'))),
  );
  const test = cifarImages('test');
  return countCorrectShared(new SharedRuns(sessions), test, 0, test.count).map((n) => n / test.count);
}

/** Spearman's rank correlation, equal values at their mean rank. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) =>
    values.map((v) => values.filter((w) => w < v).length + (values.filter((w) => w === v).length - 1) / 2);
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const product = (p: number[], q: number[]) => p.reduce((sum, r, i) => sum + (r - mean) * (q[i] - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}
