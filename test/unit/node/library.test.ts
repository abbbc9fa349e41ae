import { describe, expect, it } from 'vitest';
import type { ImageOptions } from '../../../src/data/image/transform.ts';
import { NO_REDUCTION } from '../../../src/network/reduce/index.ts';
import { makeCandidate } from '../../../src/node/candidates.ts';
import { DesignBuilder } from '../../../src/node/designs.ts';
import { evaluateNetworks } from '../../../src/node/evaluate.ts';
import { builtinDataset, createEngine, loadNetwork, type Scheme, summarize } from '../../../src/node/index.ts';
import { openWorkbench } from '../../../src/node/workbench.ts';
import { parseCandidate } from '../../../src/quant/candidate.ts';
import { POST_TRAINING_METHODS } from '../../../src/quant/post-training/methods.ts';
import { quantizeNetwork } from '../../../src/quant/quantize.ts';
import { uniformSchemes } from '../../../src/quant/tensor-plan.ts';

const calm = { cancellation: { aborted: false }, onProgress: () => {} };
const cost = {
  latencyMs: { value: 1, low: 1, high: 1 },
  energyMj: { value: 1, low: 1, high: 1, source: 'model' as const },
  sizeBytes: 1,
  ramBytes: 1,
  macs: 1,
  bitOps: 1,
  parameters: 1,
};

describe('the library', () => {
  it('loads a network of the zoo and runs it at one scheme', async () => {
    const network = await loadNetwork('resnet8');
    expect(summarize(network).macs).toBe(12_501_632);
    const engine = await createEngine();
    const image = builtinDataset({ split: 'test', samples: 1 }).pixels(0);
    for (const scheme of ['f32', 'w4a4'] as const) {
      const logits = engine.load(network, { scheme }).run(image);
      expect(logits).toHaveLength(10);
      expect(logits.every(Number.isFinite)).toBe(true);
    }
  });

  it('runs a candidate to the same logits after a round through its file, and refuses other weights', async () => {
    const workbench = await openWorkbench('resnet8');
    const schemes = uniformSchemes(workbench.folded, 'w4a8' as Scheme);
    const accuracy = { value: 0, kind: 'proxy:none' };
    const design = { reduction: NO_REDUCTION, schemes };
    const facts = { space: 's', genome: [1], design, cost, accuracy };
    const written = JSON.stringify(makeCandidate(workbench, new DesignBuilder(workbench), facts));
    const candidate = parseCandidate(written, 'candidate.json');
    const direct = workbench.engine.load(quantizeNetwork(workbench.source, schemes)).run(workbench.images[0]);
    const engine = await createEngine();
    const network = await loadNetwork('resnet8');
    expect(engine.load(network, candidate).run(workbench.images[0])).toEqual(direct);
    const weights = new Map([...network.weights].map(([name, values]) => [name, values.map((value) => value * 1.5)]));
    expect(() => engine.load({ ...network, weights }, candidate)).toThrowError('does not give the numbers');
  });

  it('runs a candidate again with its own images, normalisation and post-training methods', async () => {
    const methods = [...POST_TRAINING_METHODS];
    const images: ImageOptions = { resize: 36, crop: [32, 32] };
    const calibration = { method: 'mse' as const, dataset: 'builtin', samples: 2, seed: 1, methods, images };
    const preprocessing = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
    const workbench = await openWorkbench('resnet8', { calibration, preprocessing });
    const schemes = uniformSchemes(workbench.folded, 'w3a4');
    const facts = { space: 's', genome: [1], design: { reduction: NO_REDUCTION, schemes }, cost };
    const made = makeCandidate(workbench, new DesignBuilder(workbench), {
      ...facts,
      accuracy: { value: 0, kind: 'proxy:none' },
    });
    expect(made).toMatchObject({ preprocessing, quantization: { methods, images } });
    const candidate = parseCandidate(JSON.stringify(made), 'candidate.json');
    const direct = workbench.engine.load(quantizeNetwork(workbench.source, schemes)).run(workbench.images[0]);
    const engine = await createEngine();
    const network = await loadNetwork('resnet8');
    expect(engine.load(network, candidate).run(workbench.images[0])).toEqual(direct);
  });

  it('evaluates to the same accuracy with one thread and with three', async () => {
    const { source, folded } = await openWorkbench('resnet8');
    const networks = (['w8a8', 'w2a2'] as const).map((scheme) =>
      quantizeNetwork(source, uniformSchemes(folded, scheme)),
    );
    const dataset = { name: 'builtin', split: 'test' as const, samples: 130 };
    const one = await evaluateNetworks(networks, { ...calm, dataset, workers: 1 });
    const three = await evaluateNetworks(networks, { ...calm, dataset, workers: 3 });
    expect(three).toEqual(one);
    expect(one[0].samples).toBe(130);
    const few = await evaluateNetworks(networks, { ...calm, dataset: { ...dataset, samples: 3 }, workers: 64 });
    expect(few.map(({ samples }) => samples)).toEqual([3, 3]);
  });

  it('says how far an evaluation is, and stops soon after it is cancelled', async () => {
    const { source, folded } = await openWorkbench('resnet8');
    const networks = [quantizeNetwork(source, uniformSchemes(folded, 'w8a8'))];
    const dataset = { name: 'builtin', split: 'test' as const, samples: 100_000 };
    const cancellation = { aborted: false };
    const fractions: number[] = [];
    const onProgress = (_: string, fraction: number) => {
      fractions.push(fraction);
      cancellation.aborted = fractions.length === 3;
    };
    const evaluation = evaluateNetworks(networks, { dataset, workers: 2, onProgress, cancellation });
    await expect(evaluation).rejects.toMatchObject({ kind: 'interrupted' });
    expect(fractions).toHaveLength(3);
    expect(fractions[2]).toBeGreaterThan(fractions[0]);
    expect(fractions[2]).toBeLessThan(0.5);
  });
});
