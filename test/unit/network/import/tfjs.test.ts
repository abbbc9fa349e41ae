import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { importTfjs, tfjsShards } from '../../../../src/network/import/tfjs/index.ts';
import { refusalOf, runImported } from './run-imported.ts';

interface Saved {
  json: string;
  shards: Map<string, Uint8Array>;
}

/** A model as its own library saves it. */
async function save(model: tf.LayersModel): Promise<Saved> {
  let saved: Saved | undefined;
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
      const json = JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest });
      saved = { json, shards: new Map([['group1-shard1of1.bin', new Uint8Array(weightData as ArrayBuffer)]]) };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return saved!;
}

/** Gives batch norm statistics and biases that are far from neutral. */
function disturb(model: tf.LayersModel, seed: number): void {
  const random = new Random(seed);
  for (const layer of model.layers) {
    layer.setWeights(
      layer.getWeights().map((weight) => {
        const values = Float32Array.from({ length: weight.size }, () => random.real() + 0.1);
        const signed = weight.rank > 1 ? values.map((v) => v - 0.6) : values;
        return tf.tensor(signed, weight.shape);
      }),
    );
  }
}

function sequential(...layers: tf.layers.Layer[]): tf.LayersModel {
  return tf.sequential({ layers });
}

const inputShape = [7, 6, 4];

function functional(): tf.LayersModel {
  const input = tf.input({ shape: inputShape });
  const padded = tf.layers
    .zeroPadding2d({
      padding: [
        [1, 0],
        [2, 1],
      ] as unknown as [number, number],
    })
    .apply(input);
  const stem = tf.layers.conv2d({ filters: 6, kernelSize: 3, strides: 2, activation: 'relu6' as 'relu' }).apply(padded);
  const branch = tf.layers.conv2d({ filters: 6, kernelSize: 1, useBias: false }).apply(stem) as tf.SymbolicTensor;
  const normal = tf.layers.batchNormalization().apply(branch) as tf.SymbolicTensor;
  const sum = tf.layers.reLU().apply(tf.layers.add().apply([stem as tf.SymbolicTensor, normal]));
  const joined = tf.layers.concatenate().apply([sum as tf.SymbolicTensor, normal]);
  const pooled = tf.layers.globalAveragePooling2d({}).apply(joined);
  const output = tf.layers.dense({ units: 3, activation: 'softmax' }).apply(pooled);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
}

const CASES: [string, () => tf.LayersModel][] = [
  [
    'strided, dilated and biased convolutions',
    () =>
      sequential(
        tf.layers.conv2d({ inputShape, filters: 5, kernelSize: [3, 2], strides: [2, 1], padding: 'same' }),
        tf.layers.conv2d({ filters: 4, kernelSize: 2, dilationRate: 2, activation: 'sigmoid' }),
      ),
  ],
  [
    'depthwise and separable convolutions',
    () =>
      sequential(
        tf.layers.depthwiseConv2d({ inputShape, kernelSize: 3, depthMultiplier: 2, padding: 'same', strides: 2 }),
        tf.layers.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2, activation: 'relu' }),
      ),
  ],
  [
    'pools of both kinds, flattened',
    () =>
      sequential(
        tf.layers.averagePooling2d({ inputShape, poolSize: 3, strides: 2, padding: 'same' }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ),
  ],
  ['a graph with additions, joined channels and batch norm', functional],
  [
    'reshaping, dropout and dense layers along channels',
    () =>
      sequential(
        tf.layers.reshape({ inputShape, targetShape: [3, 14, 4] }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 5, activation: 'relu' }),
        tf.layers.batchNormalization({ scale: false }),
        tf.layers.softmax({ axis: -1 }),
      ),
  ],
];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('a LayersModel', () => {
  it.each(CASES)('computes what its own library does: %s', async (_, build) => {
    const model = build();
    disturb(model, 5);
    const { json, shards } = await save(model);
    expect(tfjsShards(json, 'model.json')).toEqual([...shards.keys()]);
    const network = importTfjs(json, shards, 'model.json');
    const random = new Random(6);
    const input = Float32Array.from({ length: 7 * 6 * 4 }, () => 2 * random.real() - 1);
    const expected = [...(model.predict(tf.tensor(input, [1, ...inputShape])) as tf.Tensor).dataSync()];
    const actual = await runImported(network, input);
    const largest = Math.max(...expected.map(Math.abs));
    expect(actual).toHaveLength(expected.length);
    for (const [i, value] of actual.entries()) {
      expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1e-4 * largest);
    }
  });

  it('reads weights that were quantized for the download', async () => {
    const { json } = await save(sequential(tf.layers.dense({ inputShape: [2], units: 1, useBias: false })));
    const model = JSON.parse(json);
    Object.assign(model.weightsManifest[0].weights[0], { quantization: { dtype: 'uint8', min: -1, scale: 0.5 } });
    const shards = new Map([['group1-shard1of1.bin', Uint8Array.of(4, 1)]]);
    expect(await runImported(importTfjs(JSON.stringify(model), shards, 'model.json'), [10, 100])).toEqual([10 - 50]);
  });
});

describe('what cannot be taken over', () => {
  const build = async (...layers: tf.layers.Layer[]) => {
    const { json, shards } = await save(sequential(...layers));
    return refusalOf(() => importTfjs(json, shards, 'model.json'));
  };

  it('names an unknown layer and what could be done', async () => {
    const { message, remedy } = await build(tf.layers.upSampling2d({ inputShape, name: 'up' }));
    expect(message).toBe('model.json: layer "up" (UpSampling2D) is of a kind that is not supported.');
    expect(remedy).toMatch(/^Replace the layer before saving; these are read: Conv2D, /);
  });

  it('names activations, channels first and axes that are others', async () => {
    expect((await build(tf.layers.dense({ inputShape: [2], units: 1, activation: 'tanh' }))).message).toMatch(
      /activation tanh/,
    );
    const first = tf.layers.globalAveragePooling2d({ inputShape, dataFormat: 'channelsFirst' });
    expect((await build(first)).message).toMatch(/channels first/);
    expect((await build(tf.layers.batchNormalization({ inputShape, axis: 1 }))).message).toMatch(/along axis 1/);
  });

  it('tells a GraphModel from a LayersModel', () => {
    const { kind, message, remedy } = refusalOf(() => importTfjs('{"format":"graph-model"}', new Map(), 'model.json'));
    expect([kind, message]).toEqual([
      'unsupported',
      'model.json: layer "model" (graph-model) is a GraphModel, not a LayersModel.',
    ]);
    expect(remedy).toMatch(/LayersModel/);
  });

  it.each([
    ['../secret', /outside its folder/],
    ['/etc/passwd', /outside its folder/],
  ])('does not follow a shard to %s', (path, says) => {
    const manifest = [{ paths: [path], weights: [] }];
    const json = JSON.stringify({ modelTopology: { class_name: 'Sequential', config: [] }, weightsManifest: manifest });
    expect(refusalOf(() => tfjsShards(json, 'model.json')).message).toMatch(says);
  });
});
