import { beforeAll, describe, expect, it } from 'vitest';
import { countCorrect } from '../../src/accuracy/top1.ts';
import { Random } from '../../src/core/random.ts';
import { withPixels } from '../../src/network/import/pixels.ts';
import { importTflite } from '../../src/network/import/tflite/index.ts';
import { inferShapes } from '../../src/network/shapes.ts';
import { INPUT, type Network } from '../../src/network/types.ts';
import { createEngine, type NetworkEngine } from '../../src/node/network-engine.ts';
import { runReal } from '../unit/quant-reference/real-graph.ts';
import { cifarImages } from './cifar-images.ts';
import { Histogram, loadImported } from './imported-layers.ts';
import { explainSkip, hasTestData, readTestData } from './test-data.ts';
import { TfliteReference } from './tflite-reference.ts';

const read = (name: string) => importTflite(readTestData(`mlperf-tiny/${name}.tflite`), name);

/** Bytes for a network that has no images here. */
function noise({ inputShape }: Network, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: inputShape.reduce((product, size) => product * size, 1) }, () => random.below(256));
}

explainSkip('the networks of MLPerf Tiny as others run them');

describe.skipIf(!hasTestData)('the networks of MLPerf Tiny', () => {
  let engine: NetworkEngine;
  beforeAll(async () => {
    engine = await createEngine();
  });

  it('label the 500 test images as rightly as elsewhere: ResNet-8 in f32 and with its own integers', () => {
    const test = cifarImages('test_first500');
    const float = loadImported(engine, withPixels(read('pretrainedResnet'), '0..255'), 'f32');
    const quantized = read('pretrainedResnet_quant');
    const [once, twice] = (['once', 'tflite'] as const).map((rounding) =>
      loadImported(engine, quantized, 'w8a8', rounding),
    );
    // 89.0%, 88.4% and 89.0%: rounding once moves twelve images that the fixed point left near a tie
    expect(countCorrect([float, once, twice], test, 0, test.count)).toEqual([445, 442, 445]);
  }, 300_000);

  it.each(['pretrainedResnet', 'kws_ref_model_float32'])('agree in f32 with sums in doubles: %s', (name) => {
    const network = withPixels(read(name), name === 'pretrainedResnet' ? '0..255' : '-1..1');
    const pixels = noise(network, 3);
    const { mean, std } = network.preprocessing;
    const reals = Float32Array.from(pixels, (pixel, i) => (pixel / 255 - mean[i % mean.length]) / std[i % std.length]);
    const session = loadImported(engine, network, 'f32');
    const tensors = runReal(network, reals);
    session.observe(reals, (tensor, values) => {
      const expected = tensors.get(tensor)!;
      const fused = session.steps.find(({ layer }) => layer.name === tensor)?.layer.workload.residual;
      if (fused) return; // its name stands for the sum
      const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      for (const [i, v] of expected.entries()) expect(Math.abs(values[i] - v)).toBeLessThanOrEqual(1e-4 * largest);
    });
    const logits = session.run(reals);
    const expected = tensors.get(network.layers[network.layers.length - 1].name)!;
    for (const [i, v] of expected.entries()) expect(Math.abs(logits[i] - v)).toBeLessThanOrEqual(1e-4);
  });

  it.each([
    ['pretrainedResnet_quant', 2],
    ['kws_ref_model', 2],
  ])(
    'run %s as the fixed-point reference does: within one step a layer, and equal when rounded like it',
    (name, images) => {
      const network = read(name);
      const reference = new TfliteReference(network);
      const session = loadImported(engine, network, 'w8a8');
      const inFixedPoint = loadImported(engine, network, 'w8a8', 'tflite');
      const layerwise = new Histogram();
      const logits = new Histogram();
      const shapes = inferShapes(network);
      for (let image = 0; image < images; image++) {
        const pixels = name.startsWith('kws') ? noise(network, image) : cifarImages('test_first500').pixels(image);
        const ours = new Map<string, Uint8Array>();
        session.observe(pixels, (tensor, values) => ours.set(tensor, Uint8Array.from(values)));
        expect(ours.get(INPUT)).toEqual(pixels);
        const theirs = new Map<string, Uint8Array>([[INPUT, pixels]]);
        for (const layer of network.layers) {
          if (layer.op === 'softmax') continue; // ours is f32
          expect(ours.get(layer.name)).toHaveLength(
            shapes.get(layer.name)!.reduce((product, size) => product * size, 1),
          );
          const given = layer.inputs.map((input) => ours.get(input)!);
          layerwise.addAll(ours.get(layer.name)!, reference.run(layer, given));
          theirs.set(
            layer.name,
            reference.run(
              layer,
              layer.inputs.map((input) => theirs.get(input)!),
            ),
          );
        }
        inFixedPoint.observe(pixels, (tensor, values) => {
          const expected = theirs.get(tensor);
          if (expected) expect(Buffer.compare(values as Uint8Array, expected), tensor).toBe(0);
        });
        const dense = network.layers[network.layers.length - 2].name;
        logits.addAll(ours.get(dense)!, theirs.get(dense)!);
      }
      console.info(`${name}: differences of single layers ${layerwise}; of the logits after all layers ${logits}`);
      expect(layerwise.largest).toBe(1);
      expect((layerwise.counts.get(0) ?? 0) / layerwise.total).toBeGreaterThan(0.995);
      expect(logits.largest).toBeLessThanOrEqual(6); // of 256, after up to eleven layers
    },
  );
});
