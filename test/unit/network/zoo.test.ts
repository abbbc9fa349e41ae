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

  // the authors' checkpoints: millions of multiply-accumulates
  it.each([
    ['mobilenet-v2-1.4-224', 582],
    ['mobilenet-v2-1.3-224', 509],
    ['mobilenet-v2-1.0-192', 221],
    ['mobilenet-v2-1.0-160', 154],
    ['mobilenet-v2-1.0-128', 99],
    ['mobilenet-v2-1.0-96', 56],
    ['mobilenet-v2-0.75-224', 209],
    ['mobilenet-v2-0.75-160', 107],
    ['mobilenet-v2-0.5-224', 97],
    ['mobilenet-v2-0.5-128', 32],
    ['mobilenet-v2-0.35-224', 59],
    ['mobilenet-v2-0.35-96', 11],
  ])('%s has the published %i million multiply-accumulates', (name, millions) => {
    expect(Math.abs(summarize(zooNetwork(name)).macs / 1e6 - millions)).toBeLessThan(1);
  });

  it('ends every network in a number for each class', () => {
    const classes: Record<string, number> = {
      'mobilenet-v2': 1000,
      'mobilenet-v1-0.25': 2,
      'ds-cnn': 12,
      apq: 1000,
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

  it('folds the additions of linear bottlenecks into the projections, which keep no activation', () => {
    const { layers } = foldNetwork(zooNetwork('mobilenet-v2'));
    const added = layers.filter((layer) => layer.inputs.length > 1);
    expect(added).toHaveLength(10);
    for (const layer of added) {
      const [, block, number] = /^(stage\d\.block)(\d)\.project$/.exec(layer.name)!;
      const inputs = [`${block}${number}.depthwise`, `${block}${Number(number) - 1}.project`];
      expect(layer).toMatchObject({ activation: 'none', inputs });
    }
    const rectified = layers.filter((layer) => 'activation' in layer && layer.activation === 'relu6');
    expect(rectified).toHaveLength(35); // stem, 16 expansions, 17 depthwise, head
  });

  it('pads windows of even size and strides of 2 as the published models do', () => {
    const layer = (network: string, name: string) => zooNetwork(network).layers.find((l) => l.name === name);
    expect(layer('ds-cnn', 'stem')).toMatchObject({ kernel: [10, 4], stride: [2, 2], padding: [4, 1, 5, 1] });
    expect(inferShapes(zooNetwork('ds-cnn')).get('stem')).toEqual([25, 5, 64]);
    expect(layer('mobilenet-v1-0.25', 'block2.depthwise')).toMatchObject({ groups: 16, padding: [0, 1, 1, 0] });
    expect(layer('mobilenet-v2', 'stage2.block1.depthwise')).toMatchObject({ groups: 96, padding: [0, 1, 1, 0] });
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
