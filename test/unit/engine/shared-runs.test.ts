import { beforeAll, describe, expect, it } from 'vitest';
import { countCorrect, countCorrectShared } from '../../../src/accuracy/top1.ts';
import { Random } from '../../../src/core/random.ts';
import { builtinDataset } from '../../../src/data/index.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadForEvaluation } from '../../../src/engine/evaluation-variants.ts';
import { SharedRuns } from '../../../src/engine/shared-runs.ts';
import { openWorkbench, type Workbench } from '../../../src/node/workbench.ts';
import { type QuantizedNetwork, quantizeNetwork } from '../../../src/quant/quantize.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../../src/quant/tensor-plan.ts';

const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a4', 'w4a8'];

describe('sessions that share what they have in common', () => {
  let workbench: Workbench;
  let engine: Engine;
  beforeAll(async () => {
    workbench = await openWorkbench('resnet8', {
      calibration: { method: 'mse', dataset: 'builtin', samples: 4, seed: 1 },
    });
    engine = workbench.engine;
  });

  const quantize = (schemes: ReadonlyMap<string, Scheme>) => quantizeNetwork(workbench.source, schemes);

  /** Candidates that differ from w8a8 in a few random layers, some of them equal to one another. */
  function randomCandidates(count: number): QuantizedNetwork[] {
    const random = new Random(3);
    const layers = weightedLayers(workbench.folded);
    return Array.from({ length: count }, () => {
      const schemes = uniformSchemes(workbench.folded, 'w8a8');
      for (let changes = random.below(3); changes > 0; changes--) {
        schemes.set(layers[random.below(layers.length)], SCHEMES[random.below(SCHEMES.length)]);
      }
      return quantize(schemes);
    });
  }

  it('give the outputs of each alone, bit for bit, and run fewer layers', () => {
    const candidates = randomCandidates(24);
    const alone = candidates.map((candidate) => engine.load(candidate));
    const shared = new SharedRuns(candidates.map((candidate) => engine.load(candidate)));
    const dataset = builtinDataset({ split: 'test', samples: 5 });
    for (let i = 0; i < dataset.count; i++) {
      const outputs = shared.run(dataset.pixels(i));
      for (const [k, session] of alone.entries()) expect(outputs[k]).toEqual(session.run(dataset.pixels(i)));
    }
    const layers = alone.reduce((sum, session) => sum + session.steps.length, 0);
    expect(shared.layers).toBeLessThan(0.6 * layers);
    expect(countCorrectShared(shared, dataset, 0, 5)).toEqual(countCorrect(alone, dataset, 0, 5));
  });

  it('run equal candidates once, and candidates that share nothing in full', () => {
    const load = (...schemes: Scheme[]) =>
      new SharedRuns(schemes.map((scheme) => engine.load(quantize(uniformSchemes(workbench.folded, scheme, scheme)))));
    const one = load('w4a4').layers;
    expect(load('w4a4', 'w4a4', 'w4a4').layers).toBe(one);
    expect(load('w4a4', 'f32').layers).toBe(2 * one);
  });

  it('tell apart what differs in a single weight or in how pixels are read', () => {
    const a = quantize(uniformSchemes(workbench.folded, 'w8a8'));
    const last = a.layers.length - 1;
    const weights = Int8Array.from(a.layers[last].weights!);
    weights[7] = weights[7] === 0 ? 1 : 0;
    const b = { ...a, layers: a.layers.map((layer, i) => (i === last ? { ...layer, weights } : layer)) };
    const c = { ...a, folded: { ...a.folded, preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } };
    const sessions = [a, b, c].map((network) => engine.load(network));
    const input = builtinDataset({ split: 'test', samples: 1 }).pixels(0);
    const outputs = new SharedRuns(sessions).run(input);
    for (const [k, session] of sessions.entries()) expect(outputs[k]).toEqual(session.run(input));
    expect(new SharedRuns(sessions.slice(0, 2)).layers).toBe(a.layers.length + 1);
    expect(new SharedRuns([sessions[0], sessions[2]]).layers).toBe(2 * a.layers.length);
  });

  it('may run by faster variants with the same outputs', () => {
    const candidates = (['w8a8', 'w4a4', 'w2a2'] as const).map((scheme) =>
      quantize(uniformSchemes(workbench.folded, scheme)),
    );
    const fast = loadForEvaluation(engine, candidates);
    expect(fast.some(({ steps }) => steps.some(({ variant }) => variant.id.includes('winograd')))).toBe(true);
    const input = builtinDataset({ split: 'test', samples: 2 }).pixels(1);
    for (const [k, session] of fast.entries())
      expect(session.run(input)).toEqual(engine.load(candidates[k]).run(input));
  });
});
