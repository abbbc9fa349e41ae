import { describe, expect, it } from 'vitest';
import { foldNetwork } from '../../../src/network/fold.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { inferShapes } from '../../../src/network/shapes.ts';
import { summarize } from '../../../src/network/summary.ts';
import { attachWeights } from '../../../src/network/weights-file.ts';
import { ZOO_NAMES, zooNetwork } from '../../../src/network/zoo/index.ts';
import { planTensors, uniformSchemes } from '../../../src/quant/tensor-plan.ts';

describe('the zoo', () => {
  // He et al. 2015 and the published code of the searches that use these networks; resnet8: MLPerf Tiny
  it.each([
    ['resnet8', 12_501_632, 78_186],
    ['resnet20', 40_813_184, 272_474],
    ['resnet32', 69_124_736, 466_906],
    ['resnet56', 125_747_840, 855_770],
    ['resnet20-a', 40_551_040, 269_722],
  ])('%s has the published multiply-accumulates and parameters', (name, macs, parameters) => {
    expect(summarize(zooNetwork(name))).toMatchObject({ network: name, macs, parameters });
  });

  it('ends every network in ten logits', () => {
    for (const name of ZOO_NAMES) {
      const network = zooNetwork(name);
      expect(inferShapes(network).get(network.layers[network.layers.length - 1].name)).toEqual([1, 1, 10]);
    }
  });

  it('names the nearest network for a mistyped one', () => {
    expect(() => zooNetwork('resnet21')).toThrowError(/Unknown network "resnet21"/);
    try {
      zooNetwork('resnet21');
    } catch (error) {
      expect((error as { remedy: string }).remedy).toContain('Did you mean resnet20?');
    }
  });

  it('does not find what JavaScript objects inherit', () => {
    expect(() => zooNetwork('constructor')).toThrowError(/Unknown network/);
  });

  it('folds down to layers that run, with each addition inside a convolution', () => {
    for (const name of ZOO_NAMES) {
      const ops = new Set(foldNetwork(zooNetwork(name)).layers.map((layer) => layer.op));
      expect([...ops].sort()).toEqual(
        name.endsWith('-a')
          ? ['conv2d', 'dense', 'globalAveragePool', 'subsample']
          : ['conv2d', 'dense', 'globalAveragePool'],
      );
    }
  });

  it('counts the same multiply-accumulates after folding', () => {
    for (const name of ZOO_NAMES) {
      const folded = foldNetwork(zooNetwork(name));
      expect(summarize(folded).macs).toBe(summarize(zooNetwork(name)).macs);
      expect(planTensors(folded, uniformSchemes(folded, 'w4a4')).workloads.size).toBe(folded.layers.length);
    }
  });
});

describe('seeded weights', () => {
  it('are the same for the same seed and fit their graph', () => {
    const graph = zooNetwork('resnet8');
    const a = seededWeights(graph, 5);
    expect(seededWeights(graph, 5).weights).toEqual(a.weights);
    expect(seededWeights(graph, 6).weights).not.toEqual(a.weights);
    expect(() => attachWeights(graph, a.weights, 'a.weights')).not.toThrow();
  });
});
