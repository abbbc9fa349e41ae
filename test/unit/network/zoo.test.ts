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
    // Sandler et al. 2018; MLPerf Tiny counts batch norm's running statistics too: 221,794, 24,908 and 269,992
    ['mobilenet-v2', 300_774_272, 3_504_872],
    ['mobilenet-v2-0.35-96', 11_934_128, 1_677_128],
    ['mobilenet-v1-0.25', 7_489_664, 221_794 - 2 * 2736],
    ['ds-cnn', 2_656_768, 24_908 - 2 * 576],
    ['autoencoder', 264_192, 269_992 - 2 * 1032],
  ])('%s has the published multiply-accumulates and parameters', (name, macs, parameters) => {
    expect(summarize(zooNetwork(name))).toMatchObject({ network: name, macs, parameters });
  });

  it('ends every network in a number for each class', () => {
    const classes: Record<string, number> = {
      'mobilenet-v2': 1000,
      'mobilenet-v1-0.25': 2,
      'ds-cnn': 12,
      autoencoder: 640,
    };
    for (const name of ZOO_NAMES) {
      const network = zooNetwork(name);
      const last = network.layers[network.layers.length - 1].name;
      expect(inferShapes(network).get(last)).toEqual([1, 1, classes[name] ?? 10]);
    }
  });

  it.each(['mobilenet-v2-0.3x-96', 'mobilenet-v2-0.35', 'mobilenet-v2-0.35-100', 'mobilenet-v2-9-224'])(
    'says how to scale mobilenet-v2 where %s is asked for',
    (name) => {
      expect(() => zooNetwork(name)).toThrowError(
        expect.objectContaining({ kind: 'usage', remedy: expect.stringContaining('mobilenet-v2-0.35-96') }),
      );
    },
  );

  it('calls mobilenet-v2 at its own width and resolution by the short name', () => {
    expect(zooNetwork('mobilenet-v2-1.0-224').name).toBe('mobilenet-v2');
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
        name === 'autoencoder'
          ? ['dense']
          : name.endsWith('-a')
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
