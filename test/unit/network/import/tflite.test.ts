import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../../src/network/import/tflite/index.ts';
import { expectClose, refusalOf, runImported } from './run-imported.ts';
import { type TestModel, type TestOperator, type TestTensor, writeTflite } from './tflite-writer.ts';

/** A model of one operator that reads `x` and writes `y`. */
function single(
  operator: Omit<TestOperator, 'output'>,
  x: TestTensor,
  y: TestTensor,
  constants: Record<string, TestTensor> = {},
): TestModel {
  return { tensors: { x, y, ...constants }, operators: [{ ...operator, output: 'y' }], input: 'x', output: 'y' };
}

const load = (model: TestModel) => importTflite(writeTflite(model), 'model.tflite');
const run = (model: TestModel, input: readonly number[]) => runImported(load(model), input);

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const VALID = { 0: { int8: 1 } } as const;

describe('a float model', () => {
  it('convolves in groups, with strides, holes and padding that is larger behind than before', async () => {
    // 4 columns, kernel 2, stride 3, SAME: two windows, one column of padding, behind
    const options = { 0: { int8: 0 }, 1: { int32: 3 }, 2: { int32: 1 }, 3: { int8: 0 } };
    const kernel = { shape: [2, 1, 2, 1], values: [1, 10, 100, 1000] };
    const constants = { kernel, bias: { shape: [2], values: [0.5, -0.5] } };
    const model = single(
      { code: 'CONV_2D', inputs: ['x', 'kernel', 'bias'], options },
      { shape: [1, 1, 4, 2] },
      { shape: [1, 1, 2, 2] },
      constants,
    );
    expectClose(await run(model, [1, 2, 3, 4, 5, 6, 7, 8]), [31.5, 4199.5, 7.5, 799.5]);
    const holes = { ...options, 0: { int8: 1 }, 1: { int32: 1 }, 4: { int32: 2 } };
    const dilated = single(
      { code: 'CONV_2D', inputs: ['x', 'kernel', 'bias'], options: holes },
      { shape: [1, 1, 4, 2] },
      { shape: [1, 1, 2, 2] },
      constants,
    );
    expectClose(await run(dilated, [1, 2, 3, 4, 5, 6, 7, 8]), [51.5, 6199.5, 73.5, 8399.5]);
  });

  it('convolves depthwise with two outputs a channel, and ends in ReLU6', async () => {
    const options = { ...VALID, 1: { int32: 1 }, 2: { int32: 1 }, 3: { int32: 2 }, 4: { int8: 3 } };
    const model = single(
      { code: 'DEPTHWISE_CONV_2D', inputs: ['x', 'kernel', 'bias'], options },
      { shape: [1, 2, 1, 2] },
      { shape: [1, 1, 1, 4] },
      {
        kernel: { shape: [1, 2, 1, 4], values: [1, -1, 0.5, 2, 1, -1, 0.5, 0] },
        bias: { shape: [4], values: [0, 0, 0, 3] },
      },
    );
    expectClose(await run(model, [1, 2, 3, 4]), [4, 0, 3, 6]);
  });

  it('flattens images before a dense layer, and ends in softmax', async () => {
    const model: TestModel = {
      tensors: {
        x: { shape: [1, 2, 1, 2] },
        flat: { shape: [1, 4] },
        dense: { shape: [1, 2] },
        y: { shape: [1, 2] },
        size: { shape: [2], type: 'int32', values: [1, 4] },
        kernel: { shape: [2, 4], values: [1, 2, 3, 4, 0, 0, 0, 29] },
        bias: { shape: [2], values: [0, 1] },
      },
      operators: [
        { code: 'RESHAPE', inputs: ['x', 'size'], output: 'flat' },
        { code: 'FULLY_CONNECTED', inputs: ['flat', 'kernel', 'bias'], output: 'dense' },
        { code: 'SOFTMAX', inputs: ['dense'], output: 'y', options: { 0: { float32: 1 } } },
      ],
      input: 'x',
      output: 'y',
    };
    expectClose(await run(model, [1, 1, 1, 1 / 3]), [
      1 / (1 + Math.exp(32 / 3 - 22 / 3)),
      1 - 1 / (1 + Math.exp(10 / 3)),
    ]);
  });

  it('takes weights in half precision, and integer ones between float tensors as the reals that they stand for', async () => {
    const half: TestModel = {
      tensors: {
        x: { shape: [1, 2] },
        half: { shape: [1, 2], type: 'float16', values: [0x3c00, 0xc100] },
        kernel: { shape: [1, 2] },
        y: { shape: [1, 1] },
      },
      operators: [
        { code: 'DEQUANTIZE', inputs: ['half'], output: 'kernel' },
        { code: 'FULLY_CONNECTED', inputs: ['x', 'kernel'], output: 'y' },
      ],
      input: 'x',
      output: 'y',
    };
    expectClose(await run(half, [7, 2]), [7 - 5]);
    const kernel: TestTensor = { shape: [2, 2], type: 'int8', values: [1, 2, 3, 4], scales: [0.5, 10] };
    const hybrid = single(
      { code: 'FULLY_CONNECTED', inputs: ['x', 'kernel'] },
      { shape: [1, 2] },
      { shape: [1, 2] },
      { kernel },
    );
    expectClose(await run(hybrid, [1, 1]), [1.5, 70]);
  });

  it.each<[string, TestModel, number[], number[]]>([
    [
      'adds two tensors',
      {
        tensors: { x: { shape: [1, 1, 1, 3] }, r: { shape: [1, 1, 1, 3] }, y: { shape: [1, 1, 1, 3] } },
        operators: [
          { code: 'RELU', inputs: ['x'], output: 'r' },
          { code: 'ADD', inputs: ['x', 'r'], output: 'y' },
        ],
        input: 'x',
        output: 'y',
      },
      [1, -2, 3],
      [2, -2, 6],
    ],
    [
      'joins channels',
      {
        tensors: { x: { shape: [1, 1, 2, 2] }, r: { shape: [1, 1, 2, 2] }, y: { shape: [1, 1, 2, 4] } },
        operators: [
          { code: 'RELU', inputs: ['x'], output: 'r' },
          { code: 'CONCATENATION', inputs: ['x', 'r'], output: 'y', options: { 0: { int32: -1 } } },
        ],
        input: 'x',
        output: 'y',
      },
      [1, -2, -3, 4],
      [1, -2, 1, 0, -3, 4, 0, 4],
    ],
    [
      'multiplies by a constant for each channel',
      single(
        { code: 'MUL', inputs: ['x', 'c'] },
        { shape: [1, 2, 1, 2] },
        { shape: [1, 2, 1, 2] },
        { c: { shape: [2], values: [2, -1] } },
      ),
      [1, 2, 3, 4],
      [2, -2, 6, -4],
    ],
    [
      'pads rows and columns apart',
      single(
        { code: 'PAD', inputs: ['x', 'amounts'] },
        { shape: [1, 1, 2, 1] },
        { shape: [1, 2, 4, 1] },
        { amounts: { shape: [4, 2], type: 'int32', values: [0, 0, 1, 0, 0, 2, 0, 0] } },
      ),
      [5, 6],
      [0, 0, 0, 0, 5, 6, 0, 0],
    ],
    [
      'averages without its padding',
      single(
        {
          code: 'AVERAGE_POOL_2D',
          inputs: ['x'],
          options: { 0: { int8: 0 }, 1: { int32: 2 }, 2: { int32: 1 }, 3: { int32: 2 }, 4: { int32: 1 } },
        },
        { shape: [1, 1, 3, 1] },
        { shape: [1, 1, 2, 1] },
      ),
      [1, 3, 7],
      [2, 7],
    ],
    [
      'takes the maximum, also of negative numbers beside padding',
      single(
        {
          code: 'MAX_POOL_2D',
          inputs: ['x'],
          options: { 0: { int8: 0 }, 1: { int32: 2 }, 2: { int32: 1 }, 3: { int32: 2 }, 4: { int32: 1 } },
        },
        { shape: [1, 1, 3, 1] },
        { shape: [1, 1, 2, 1] },
      ),
      [-4, -3, -7],
      [-3, -7],
    ],
    [
      'takes the mean of all pixels',
      single(
        { code: 'MEAN', inputs: ['x', 'axes'] },
        { shape: [1, 2, 1, 2] },
        { shape: [1, 2] },
        { axes: { shape: [2], type: 'int32', values: [1, 2] } },
      ),
      [1, 2, 3, 6],
      [2, 4],
    ],
    [
      'is hard-swish',
      single({ code: 'HARD_SWISH', inputs: ['x'] }, { shape: [1, 3] }, { shape: [1, 3] }),
      [-4, 1, 5],
      [0, 4 / 6, 5],
    ],
    [
      'is sigmoid',
      single({ code: 'LOGISTIC', inputs: ['x'] }, { shape: [1, 2] }, { shape: [1, 2] }),
      [0, 3],
      [0.5, 1 / (1 + Math.exp(-3))],
    ],
    ['is ReLU6', single({ code: 'RELU6', inputs: ['x'] }, { shape: [1, 3] }, { shape: [1, 3] }), [-1, 2, 9], [0, 2, 6]],
  ])('%s', async (_, model, input, expected) => {
    expectClose(await run(model, input), expected);
  });
});

describe('an int8 model', () => {
  const X: TestTensor = { shape: [1, 1, 2, 2], type: 'int8', scales: [0.5], zeroPoints: [-3] };
  const Y: TestTensor = { shape: [1, 1, 2, 2], type: 'int8', scales: [0.25], zeroPoints: [5] };
  const KERNEL = [100, -128, 3, 77];

  it.each<[string, number[], number]>([
    ['one scale for all weights', [0.01], 0],
    ['a scale for each output channel', [0.01, 0.002], 0],
    ['a zero point of the weights that can be taken off', [0.01], -1],
  ])('keeps its own integers: %s', async (_, scales, zeroPoint) => {
    const kernel = KERNEL.map((w) => w - (zeroPoint < 0 ? 1 : 0)).map((w) => Math.max(w, -128));
    const model = single(
      { code: 'CONV_2D', inputs: ['x', 'kernel', 'bias'], options: { ...VALID, 1: { int32: 1 }, 2: { int32: 1 } } },
      X,
      Y,
      {
        kernel: { shape: [2, 1, 1, 2], type: 'int8', values: kernel, scales, zeroPoints: scales.map(() => zeroPoint) },
        bias: { shape: [2], type: 'int32', values: [1000, -2000] },
      },
    );
    const network = load(model);
    expect(network.quantization!.input).toEqual({ scale: 0.5, zeroPoint: 125 });
    const given = [7, -128, 127, 0];
    const expected = [0, 1].flatMap((pixel) =>
      [0, 1].map((c) => {
        const sum = [0, 1].reduce(
          (total, i) => total + (given[2 * pixel + i] + 3) * (kernel[2 * c + i] - zeroPoint),
          0,
        );
        const real = (sum + [1000, -2000][c]) * 0.5 * Math.fround(scales[c] ?? scales[0]);
        return 0.25 * (Math.min(Math.max(Math.round(real / 0.25) + 5, -128), 127) - 5);
      }),
    );
    expectClose(
      await runImported(
        network,
        given.map((q) => 0.5 * (q + 3)),
      ),
      expected,
    );
  });

  it('refuses a zero point of the weights that cannot be taken off, naming the layer', () => {
    const model = single(
      { code: 'FULLY_CONNECTED', inputs: ['x', 'kernel'] },
      { ...X, shape: [1, 2] },
      { ...Y, shape: [1, 2] },
      { kernel: { shape: [2, 2], type: 'int8', values: [100, -100, 0, 1], scales: [1], zeroPoints: [50] } },
    );
    const { kind, message, remedy } = refusalOf(() => load(model));
    expect(kind).toBe('unsupported');
    expect(message).toBe(
      'model.tflite: layer "y" (FULLY_CONNECTED) has weights with a zero point of 50, and without it one is -150.',
    );
    expect(remedy).toMatch(/symmetrically/);
  });

  it('quantizes a float input and gives floats back', async () => {
    const model: TestModel = {
      tensors: {
        x: { shape: [1, 2] },
        q: { shape: [1, 2], type: 'int8', scales: [0.5], zeroPoints: [0] },
        s: { shape: [1, 2], type: 'int8', scales: [2], zeroPoints: [0] },
        y: { shape: [1, 2] },
        kernel: { shape: [2, 2], type: 'int8', values: [100, 0, 0, 100], scales: [0.01] },
      },
      operators: [
        { code: 'QUANTIZE', inputs: ['x'], output: 'q' },
        { code: 'FULLY_CONNECTED', inputs: ['q', 'kernel'], output: 's' },
        { code: 'DEQUANTIZE', inputs: ['s'], output: 'y' },
      ],
      input: 'x',
      output: 'y',
    };
    expectClose(await run(model, [5.6, -3.6]), [6, -4]);
  });
});

describe('what cannot be taken over', () => {
  const FLOAT = { shape: [1, 2] };

  it('names an unknown operator with its layer and what could be done', () => {
    const { message, remedy } = refusalOf(() => load(single({ code: 'TANH', inputs: ['x'] }, FLOAT, FLOAT)));
    expect(message).toBe('model.tflite: layer "y" (TANH) is of a kind that is not supported.');
    expect(remedy).toMatch(/^Replace the layer before exporting; these operators are read: CONV_2D, /);
  });

  it.each<[RegExp, TestModel]>([
    [/ends in TANH/, single({ code: 'ADD', inputs: ['x', 'x'], options: { 0: { int8: 4 } } }, FLOAT, FLOAT)],
    [/beta of 0\.5/, single({ code: 'SOFTMAX', inputs: ['x'], options: { 0: { float32: 0.5 } } }, FLOAT, FLOAT)],
    [
      /computes its biases/,
      single({ code: 'FULLY_CONNECTED', inputs: ['x', 'k', 'x'] }, FLOAT, FLOAT, {
        k: { shape: [2, 2], values: upTo(4) },
      }),
    ],
    [/batch of 3/, single({ code: 'RELU', inputs: ['x'] }, { shape: [3, 2] }, { shape: [3, 2] })],
    [/states a shape of 1×1×5/, single({ code: 'RELU', inputs: ['x'] }, FLOAT, { shape: [1, 5] })],
    [/type int32/, single({ code: 'RELU', inputs: ['x'] }, { ...FLOAT, type: 'int32' }, { ...FLOAT, type: 'int32' })],
    [
      /no finite number/,
      single({ code: 'FULLY_CONNECTED', inputs: ['x', 'k'] }, FLOAT, FLOAT, {
        k: { shape: [2, 2], values: [1, 2, Number.NaN, 4] },
      }),
    ],
    [
      /zero point/,
      single({ code: 'RELU', inputs: ['x'] }, { ...FLOAT, type: 'int8', scales: [1], zeroPoints: [300] }, FLOAT),
    ],
    [
      /scales, the first being 0/,
      single({ code: 'RELU', inputs: ['x'] }, { ...FLOAT, type: 'int8', scales: [0] }, FLOAT),
    ],
  ])('says %s', (says, model) => {
    expect(refusalOf(() => load(model)).message).toMatch(says);
  });
});
