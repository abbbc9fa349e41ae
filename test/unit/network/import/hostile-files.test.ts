import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../../src/core/errors.ts';
import { Random } from '../../../../src/core/random.ts';
import { importOnnx } from '../../../../src/network/import/onnx/index.ts';
import { importTfjs } from '../../../../src/network/import/tfjs/index.ts';
import { importTflite } from '../../../../src/network/import/tflite/index.ts';
import type { Network } from '../../../../src/network/types.ts';
import { writeFlatBuffer } from './flatbuffer-writer.ts';
import { type TestGraph, writeOnnx } from './onnx-writer.ts';
import { refusalOf } from './run-imported.ts';
import { writeTflite } from './tflite-writer.ts';

/** Everything that follows comes from this seed. */
const SEED = 20_240_917;
const VARIANTS = 700;

const values = (count: number) => Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5);

/** A model of every shape of table that the reader knows. */
const TFLITE = writeTflite({
  tensors: {
    x: { shape: [1, 4, 4, 2], type: 'int8', scales: [0.5], zeroPoints: [3] },
    k: { shape: [4, 3, 3, 2], type: 'int8', values: values(72), scales: [0.1, 0.2, 0.3, 0.4] },
    b: { shape: [4], type: 'int32', values: values(4) },
    c: { shape: [1, 4, 4, 4], type: 'int8', scales: [0.25], zeroPoints: [-7] },
    p: { shape: [1, 2, 2, 4], type: 'int8', scales: [0.25], zeroPoints: [-7] },
    amounts: { shape: [4, 2], type: 'int32', values: [0, 0, 1, 1, 0, 2, 0, 0] },
    w: { shape: [1, 4, 4, 4], type: 'int8', scales: [0.25], zeroPoints: [-7] },
    axes: { shape: [2], type: 'int32', values: [1, 2] },
    m: { shape: [1, 4], type: 'int8', scales: [0.25], zeroPoints: [-7] },
    y: { shape: [1, 4] },
  },
  operators: [
    { code: 'CONV_2D', inputs: ['x', 'k', 'b'], output: 'c', options: { 1: { int32: 1 }, 2: { int32: 1 } } },
    {
      code: 'AVERAGE_POOL_2D',
      inputs: ['c'],
      output: 'p',
      options: { 1: { int32: 2 }, 2: { int32: 2 }, 3: { int32: 2 }, 4: { int32: 2 } },
    },
    { code: 'PAD', inputs: ['p', 'amounts'], output: 'w' },
    { code: 'MEAN', inputs: ['w', 'axes'], output: 'm' },
    { code: 'DEQUANTIZE', inputs: ['m'], output: 'y' },
  ],
  input: 'x',
  output: 'y',
});

const ONNX_GRAPH: TestGraph = {
  input: { name: 'x', dims: [1, 2, 4, 4] },
  output: 'y',
  nodes: [
    { op: 'QuantizeLinear', inputs: ['x', 's', 'z'], output: 'q' },
    { op: 'DequantizeLinear', inputs: ['q', 's', 'z'], output: 'd' },
    { op: 'DequantizeLinear', inputs: ['k', 'ks'], output: 'kd', attributes: { axis: 0 } },
    { op: 'Conv', inputs: ['d', 'kd'], output: 'c', attributes: { pads: [1, 1, 1, 1] } },
    { op: 'AveragePool', inputs: ['c'], output: 'p', attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { op: 'Clip', inputs: ['p', 'low'], output: 'r' },
    { op: 'Shape', inputs: ['r'], output: 'sizes', attributes: { end: 1 } },
    { op: 'Concat', inputs: ['sizes', 'rest'], output: 'target', attributes: { axis: 0 } },
    { op: 'Reshape', inputs: ['r', 'target'], output: 'f' },
    { op: 'Gemm', inputs: ['f', 'g'], output: 'y', attributes: { transB: 1, alpha: { float: 0.5 } } },
  ],
  constants: {
    s: { dims: [], values: [0.5] },
    z: { dims: [], type: 'uint8', values: [128] },
    k: { dims: [3, 2, 3, 3], type: 'int8', values: values(54) },
    ks: { dims: [3], values: [0.1, 0.2, 0.3] },
    low: { dims: [], values: [0] },
    rest: { dims: [1], type: 'int64', values: [-1] },
    g: { dims: [2, 12], values: values(24) },
  },
};
const ONNX = writeOnnx(ONNX_GRAPH);

const layer = (class_name: string, config: object) => ({ class_name, config });
const TFJS_JSON = JSON.stringify({
  modelTopology: {
    class_name: 'Sequential',
    config: [
      layer('Conv2D', {
        name: 'a',
        batch_input_shape: [null, 5, 5, 2],
        filters: 3,
        kernel_size: [3, 3],
        strides: [2, 2],
        padding: 'same',
        use_bias: false,
      }),
      layer('ZeroPadding2D', {
        name: 'z',
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
      layer('MaxPooling2D', { name: 'p', pool_size: [2, 2] }),
      layer('Flatten', { name: 'f' }),
      layer('Dense', { name: 'd', units: 2, activation: 'softmax', use_bias: false }),
    ],
  },
  weightsManifest: [
    {
      paths: ['w.bin'],
      weights: [
        {
          name: 'a/kernel',
          shape: [3, 3, 2, 3],
          dtype: 'float32',
          quantization: { dtype: 'uint8', min: -1, scale: 0.01 },
        },
        { name: 'd/kernel', shape: [12, 2], dtype: 'float32', quantization: { dtype: 'uint8', min: -1, scale: 0.01 } },
      ],
    },
  ],
});
const TFJS_SHARD = Uint8Array.from({ length: 54 + 24 }, (_, i) => i);

/** Some bytes altered, set to the extremes that lengths and offsets are made of, cut out, doubled, or cut off. */
function damage(original: Uint8Array, random: Random): Uint8Array {
  let bytes = [...original];
  for (let change = 1 + random.below(4); change > 0; change--) {
    const at = random.below(Math.max(bytes.length, 1));
    const length = 1 + random.below(16);
    switch (random.below(6)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2: {
        const extreme = [0, 0xff, 0x7f, 0x80][random.below(4)];
        for (let i = at; i < Math.min(at + 4, bytes.length); i++) bytes[i] = extreme;
        break;
      }
      case 3:
        bytes.splice(at, length);
        break;
      case 4:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      default:
        if (random.below(8) === 0) bytes = bytes.slice(0, at);
        else bytes[at] = (bytes[at] + 1) & 255;
    }
  }
  return Uint8Array.from(bytes, (byte) => byte & 255);
}

/** Imports many damaged copies: each gives a network or an error for users, and both kinds occur. */
function fuzz(original: Uint8Array, seed: number, load: (bytes: Uint8Array) => Network): void {
  expect(load(original).layers.length).toBeGreaterThan(1);
  const random = new Random(seed);
  const kinds = new Map<string, number>();
  for (let variant = 0; variant < VARIANTS; variant++) {
    const bytes = damage(original, random);
    let kind = 'imported';
    try {
      const { layers, weights } = load(bytes);
      expect(layers.length).toBeGreaterThan(0);
      for (const weight of weights.values()) expect(weight.every(Number.isFinite)).toBe(true);
    } catch (error) {
      if (!(error instanceof BitbudgetError)) {
        throw new Error(`variant ${variant} is no error for users`, { cause: error });
      }
      expect(error.message.length + error.remedy.length, 'what is said fits a terminal').toBeLessThan(2000);
      kind = error.kind;
    }
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  expect(kinds.get('damaged-file') ?? 0).toBeGreaterThan(VARIANTS / 20);
  expect(kinds.get('imported') ?? 0).toBeGreaterThan(VARIANTS / 200);
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('damaged files end in an error for users, never otherwise', () => {
  it.each<[string, Uint8Array, (bytes: Uint8Array) => Network]>([
    ['TFLite', TFLITE, (bytes) => importTflite(bytes, 'm.tflite')],
    ['ONNX', ONNX, (bytes) => importOnnx(bytes, 'm.onnx')],
    [
      'the topology of tfjs',
      new TextEncoder().encode(TFJS_JSON),
      (bytes) => importTfjs(decode(bytes), new Map([['w.bin', TFJS_SHARD]]), 'm.json'),
    ],
  ])('%s', (_, original, load) => fuzz(original, SEED, load));

  it.each<[string, Uint8Array, (bytes: Uint8Array) => Network]>([
    ['TFLite', TFLITE, (bytes) => importTflite(bytes, 'm.tflite')],
    ['ONNX', ONNX, (bytes) => importOnnx(bytes, 'm.onnx')],
    ['tfjs weights', TFJS_SHARD, (bytes) => importTfjs(TFJS_JSON, new Map([['w.bin', bytes]]), 'm.json')],
  ])('%s cut off anywhere', (_, original, load) => {
    for (let length = 0; length < original.length; length += 1 + (length >> 6)) {
      expect(refusalOf(() => load(original.slice(0, length))).kind).toMatch(/damaged-file|unsupported/);
    }
  });
});

describe('small files that ask for much', () => {
  const damaged = (run: () => unknown) => expect(refusalOf(run)).toMatchObject({ kind: 'damaged-file' });

  it('are refused where a constant is named over and over', () => {
    const k = { dims: [1, 1, 1, 2 ** 16], values: values(2 ** 16) };
    const nodes = Array.from({ length: 600 }, (_, i) => ({ op: 'Conv', inputs: ['x', 'k'], output: `y${i}` }));
    damaged(() =>
      importOnnx(
        writeOnnx({ input: { name: 'x', dims: [1, 1, 1, 2 ** 16] }, output: 'y0', nodes, constants: { k } }),
        'm.onnx',
      ),
    );
  });

  it('are refused where a constant is joined to itself until it fills the memory', () => {
    const nodes = Array.from({ length: 40 }, (_, i) => ({
      op: 'Concat',
      inputs: [`c${i}`, `c${i}`],
      output: `c${i + 1}`,
      attributes: { axis: 0 },
    }));
    const constants = { c0: { dims: [1], type: 'int64' as const, values: [1] } };
    expect(
      refusalOf(() =>
        importOnnx(writeOnnx({ input: { name: 'x', dims: [1, 4] }, output: 'x', nodes, constants }), 'm.onnx'),
      ).kind,
    ).toBe('unsupported');
  });

  it('are refused where tensors share one long list', () => {
    const shape = { int32s: new Array<number>(20_000).fill(1) };
    const file = writeFlatBuffer(
      { 0: { int32: 3 }, 2: { tables: [{ 0: { tables: [{ 0: shape }] } }] }, 4: { tables: [{}] } },
      'TFL3',
    );
    damaged(() => importTflite(file, 'm.tflite'));
  });

  it('are refused where padding makes a network of few weights huge', () => {
    const amounts = { dims: [8], type: 'int64' as const, values: [0, 0, 60_000, 60_000, 0, 0, 60_000, 60_000] };
    const nodes = [
      { op: 'Pad', inputs: ['x', 'amounts'], output: 'p' },
      { op: 'Relu', inputs: ['p'], output: 'y' },
    ];
    damaged(() =>
      importOnnx(
        writeOnnx({ input: { name: 'x', dims: [1, 1, 2, 2] }, output: 'y', nodes, constants: { amounts } }),
        'm.onnx',
      ),
    );
  });

  it('give twenty thousand layers of one name names of their own in no time', () => {
    const config = Array.from({ length: 19_000 }, (_, i) =>
      layer('ReLU', { name: 'same', ...(i === 0 && { batch_input_shape: [null, 2] }) }),
    );
    const json = JSON.stringify({ modelTopology: { class_name: 'Sequential', config }, weightsManifest: [] });
    const names = importTfjs(json, new Map(), 'm.json').layers.map(({ name }) => name);
    expect(new Set(names).size).toBe(19_000);
  });
});
