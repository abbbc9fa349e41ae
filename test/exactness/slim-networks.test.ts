import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { fitImage } from '../../src/data/fit.ts';
import { builtinDataset } from '../../src/data/index.ts';
import { calibrate } from '../../src/engine/calibrate.ts';
import { Engine } from '../../src/engine/engine.ts';
import { type KernelModules, loadKernels } from '../../src/kernels/load.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import {
  cropKernels,
  dropBlocks,
  insertShortcuts,
  reduceNetwork,
  shortcutName,
} from '../../src/network/reduce/index.ts';
import { seededWeights } from '../../src/network/seeded-weights.ts';
import type { Network } from '../../src/network/types.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';
import { quantizationSource, quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../src/quant/tensor-plan.ts';
import { drawReduction, maskNetwork, onlyChannels } from '../unit/network/reduce-fixture.ts';
import { embedQuantized } from './embed-quantized.ts';

const dataset = builtinDataset({ split: 'calibration', samples: 3 });
const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a2', 'w2a8', 'w8a2', 'w3a5', 'w1a1', 'w1a4'];
const NETWORKS: [string, string[]][] = [
  ['resnet8', []],
  ['resnet20', ['stage1.block1.add']],
  ['resnet20-a', []],
  ['mobilenet-v2-0.35-32', []],
  ['mobilenet-v1-0.25', []],
  ['ds-cnn', []],
  ['autoencoder', []],
];
let modules: KernelModules;

beforeAll(async () => {
  modules = await loadKernelModules();
});

/** Biases and batch norms that are not neutral, so that an error in them shows. */
function livelyWeights(network: Network, seed: number): Network {
  const random = new Random(seed);
  const seeded = seededWeights(network, seed);
  const weights = new Map(seeded.weights);
  for (const [name, values] of weights) {
    if (name.endsWith('.kernel')) continue;
    const shift = name.endsWith('.variance') || name.endsWith('.gamma') ? 0.5 : -0.5;
    weights.set(
      name,
      values.map(() => shift + random.real()),
    );
  }
  return { ...seeded, weights };
}

function imagesFor({ inputShape }: Network): Uint8Array[] {
  return Array.from({ length: dataset.count }, (_, i) => fitImage(dataset.pixels(i), dataset.imageShape, inputShape));
}

describe.each(NETWORKS)('removed channels of %s', (name, additions) => {
  const network = livelyWeights(zooNetwork(name), 3);

  it('give the logits that channels of zeros give, in f32', () => {
    const engine = new Engine(loadKernels(modules));
    const random = new Random(11);
    const reduction = drawReduction(network, random, additions);
    const whole = insertShortcuts(network, additions);
    const masked = foldNetwork(maskNetwork(whole, reduction.keptChannels));
    const slim = foldNetwork(reduceNetwork(network, { ...onlyChannels(reduction), shortcuts: additions }));
    const logits = [masked, slim].map((folded) => {
      const calibration = { method: 'minmax' as const, dataset: 'none', samples: 1, seed: 1, statistics: new Map() };
      const session = engine.load(
        quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32')),
      );
      return imagesFor(network).map((image) => [...session.run(image)]);
    });
    expect(logits[1]).toEqual(logits[0]);
    expect(logits[0].flat().some((value) => value !== 0)).toBe(true);
  });

  const seeds = name.startsWith('mobilenet-v2') ? [1] : [1, 2]; // its classifier takes seconds to quantize
  it.each(seeds)('give the logits that channels at the zero point give, in mixed precision %d', (seed) => {
    const engine = new Engine(loadKernels(modules));
    const random = new Random(seed);
    const reduction = drawReduction(network, random, additions);
    const reduced = reduceNetwork(network, reduction);
    const slim = foldNetwork(reduced);
    const present = new Set(reduced.layers.map((layer) => layer.name));
    const shortcuts = additions.filter((addition) => present.has(shortcutName(addition)));
    const shallow = insertShortcuts(dropBlocks(network, reduction.droppedBlocks), shortcuts);
    const left = new Set(shallow.layers.map((layer) => layer.name));
    const kernels = new Map([...reduction.kernels].filter(([layer]) => left.has(layer)));
    const whole = foldNetwork(cropKernels(shallow, kernels));
    const images = imagesFor(network);
    const calibration = calibrate(engine, slim, images, { method: 'mse', dataset: 'builtin', seed: 1 });
    const pick = () => SCHEMES[random.below(SCHEMES.length)];
    const schemes = new Map(weightedLayers(slim).map((layer): [string, Scheme] => [layer, pick()]));
    const quantized = quantizeNetwork(quantizationSource(slim, calibration), schemes);
    const session = engine.load(quantized);
    const embedded = engine.load(embedQuantized(quantized, whole, reduction.keptChannels, random));
    for (const image of images) expect([...session.run(image)]).toEqual([...embedded.run(image)]);
  });
});
