import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { fitImage } from '../../../src/data/fit.ts';
import { builtinDataset } from '../../../src/data/index.ts';
import { calibrate } from '../../../src/engine/calibrate.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { type KernelModules, loadKernels } from '../../../src/kernels/load.ts';
import { entryKey } from '../../../src/lut/entry-key.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { INPUT } from '../../../src/network/types.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import { type QuantizationSource, quantizationSource, quantizeNetwork } from '../../../src/quant/quantize.ts';
import { runReference } from '../../../src/quant/reference/run.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../../src/quant/tensor-plan.ts';

const dataset = builtinDataset({ split: 'calibration', samples: 4 });
const builtinImages = Array.from({ length: 4 }, (_, i) => dataset.pixels(i));
let modules: KernelModules;

beforeAll(async () => {
  modules = await loadKernelModules();
});

function prepare(name: string): { engine: Engine; source: QuantizationSource; images: Uint8Array[] } {
  const engine = new Engine(loadKernels(modules));
  const folded = foldNetwork(seededWeights(zooNetwork(name), 1));
  const images = builtinImages.map((image) => fitImage(image, [32, 32, 3], folded.inputShape));
  const calibration = calibrate(engine, folded, images, { method: 'mse', dataset: 'builtin', seed: 1 });
  return { engine, source: quantizationSource(folded, calibration), images };
}

describe('a session', () => {
  it.each([
    ['resnet8', 3],
    ['resnet20-a', 1],
    ['mobilenet-v2-0.35-32', 1],
    ['mobilenet-v1-0.25', 1],
    ['ds-cnn', 2],
    ['autoencoder', 2],
  ])('computes every tensor of random mixed candidates of %s bit for bit as the reference does', (name, candidates) => {
    const { engine, source, images } = prepare(name);
    const schemes: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a2', 'w2a8', 'w8a2', 'w4a8', 'w3a5', 'w1a1'];
    const random = new Random(7);
    for (let trial = 0; trial < candidates; trial++) {
      const pick = () => schemes[random.below(schemes.length)];
      const assignment = new Map(weightedLayers(source.folded).map((layer): [string, Scheme] => [layer, pick()]));
      const network = quantizeNetwork(source, assignment);
      const session = engine.load(network);
      const tensors = new Map<string, Uint8Array | Float32Array>();
      session.observe(images[trial], (tensor, values) => tensors.set(tensor, values.slice()));
      for (const [i, layer] of network.layers.entries()) {
        const [input, residual] = network.folded.layers[i].inputs.map((tensor) => tensors.get(tensor)!);
        const expected = runReference(layer, input, residual);
        expect(
          Buffer.compare(bytesOf(tensors.get(layer.name)!), bytesOf(expected)),
          `${layer.name} ${layer.scheme}`,
        ).toBe(0);
      }
      session.dispose();
    }
  });

  it('gives the same logits when run again, and when other sessions ran in between', () => {
    const { engine, source, images } = prepare('resnet8');
    const a = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'w4a4')));
    const b = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'f32')));
    const first = a.run(images[0]);
    b.run(images[1]);
    expect(a.run(images[0])).toEqual(first);
  });

  it('runs no variant that cannot compute a layer, whatever a ranking names for it', () => {
    const { engine, source } = prepare('resnet8');
    for (const scheme of ['f32', 'w4a4'] as const) {
      const network = quantizeNetwork(source, uniformSchemes(source.folded, scheme));
      const everywhere = ['f32_activation_1x4__simd', 'w2a2_conv_4x16__simd_packeddot'];
      const ranking = new Map(
        network.layers.map(({ workload, scheme: own }) => [entryKey(workload, own), everywhere] as const),
      );
      const named = network.layers.map((layer) => engine.variantOf(layer, { ranking }));
      expect(named).toEqual(network.layers.map((layer) => engine.variantOf(layer)));
    }
  });

  it('takes preprocessed reals and raw pixels alike', () => {
    const { engine, source, images } = prepare('resnet8');
    const session = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'f32')));
    const { mean, std } = source.folded.preprocessing;
    const reals = Float32Array.from(images[0], (pixel, i) => (pixel / 255 - mean[i % 3]) / std[i % 3]);
    expect(session.run(reals)).toEqual(session.run(images[0]));
  });

  it('reads pixels as they stand where preprocessing allows it', () => {
    const { engine, source, images } = prepare('resnet8');
    const session = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'w8a8')));
    session.observe(images[0], (tensor, values) => {
      if (tensor === INPUT) expect(values).toEqual(images[0]);
    });
  });

  it('refuses an image of another size', () => {
    const { engine, source } = prepare('resnet8');
    const session = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'w8a8')));
    expect(() => session.run(new Uint8Array(7))).toThrowError('The input has 7 values where the network takes 3072.');
  });

  it('gives its memory back: loading a thousand times does not grow it', () => {
    const { engine, source } = prepare('resnet8');
    const network = quantizeNetwork(source, uniformSchemes(source.folded, 'w2a2'));
    engine.load(network).dispose();
    const { byteLength } = engine.kernels.memory.buffer;
    for (let i = 0; i < 1000; i++) engine.load(network).dispose();
    expect(engine.kernels.memory.buffer.byteLength).toBe(byteLength);
  });

  it('needs less RAM in integers than in f32', () => {
    const { engine, source } = prepare('resnet8');
    const ram = (scheme: Scheme) =>
      engine.load(quantizeNetwork(source, uniformSchemes(source.folded, scheme))).ramBytes;
    expect(ram('w8a8')).toBeLessThan(ram('f32'));
  });
});

function bytesOf(values: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
