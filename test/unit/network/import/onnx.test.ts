import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../../../src/network/import/onnx/index.ts';
import { type TestConstant, type TestGraph, type TestNode, writeOnnx } from './onnx-writer.ts';
import { expectClose, refusalOf, runImported } from './run-imported.ts';

const load = (graph: TestGraph) => importOnnx(writeOnnx(graph), 'model.onnx');
const run = (graph: TestGraph, input: readonly number[]) => runImported(load(graph), input);

/** A model of one operator that reads `x` and writes `y`. */
function single(
  node: Omit<TestNode, 'output'>,
  dims: number[],
  constants: Record<string, TestConstant> = {},
  opset?: number,
): TestGraph {
  return {
    input: { name: 'x', dims },
    output: 'y',
    nodes: [{ ...node, output: 'y' }],
    constants,
    ...(opset && { opset }),
  };
}

const scalar = (value: number, type: TestConstant['type'] = 'float'): TestConstant => ({
  dims: [],
  type,
  values: [value],
});
const list = (values: number[], type: TestConstant['type'] = 'float'): TestConstant => ({
  dims: [values.length],
  type,
  values,
});

describe('a float model', () => {
  it('convolves with the channels first, padded on one side alone', async () => {
    const attributes = { pads: [0, 1, 0, 0], strides: [1, 2] };
    const kernel = { dims: [1, 2, 1, 2], values: [1, 10, 100, 1000] }; // of channel 0, then 1
    const graph = single({ op: 'Conv', inputs: ['x', 'k', 'b'], attributes }, [1, 2, 1, 3], {
      k: kernel,
      b: list([0.5]),
    });
    expectClose(await run(graph, [1, 2, 3, 4, 5, 6]), [2010.5, 6453.5]); // images come channels last
  });

  it('reads a flattened image in the order of its own channels', async () => {
    const nodes: TestNode[] = [
      { op: 'Flatten', inputs: ['x'], output: 'f' },
      { op: 'Gemm', inputs: ['f', 'k'], output: 'y', attributes: { transB: 1 } },
    ];
    const k = { dims: [1, 4], values: [1, 10, 100, 1000] }; // channel 0 of both pixels, then channel 1
    expectClose(
      await run({ input: { name: 'x', dims: [1, 2, 1, 2] }, output: 'y', nodes, constants: { k } }, [1, 2, 3, 4]),
      [1 + 30 + 200 + 4000],
    );
  });

  it('follows sizes that are computed from a shape', async () => {
    const nodes: TestNode[] = [
      { op: 'Shape', inputs: ['x'], output: 's', attributes: { start: 0, end: 1 } },
      { op: 'Concat', inputs: ['s', 'rest'], output: 'size', attributes: { axis: 0 } },
      { op: 'Reshape', inputs: ['x', 'size'], output: 'y' },
    ];
    const graph = {
      input: { name: 'x', dims: [1, 2, 2, 1] },
      output: 'y',
      nodes,
      constants: { rest: list([-1], 'int64') },
    };
    expect((await run(graph, [1, 2, 3, 4])).length).toBe(4);
  });

  it.each<[string, TestGraph, number[], number[]]>([
    [
      'adds two computed values',
      {
        input: { name: 'x', dims: [1, 3] },
        output: 'y',
        nodes: [
          { op: 'Relu', inputs: ['x'], output: 'r' },
          { op: 'Add', inputs: ['x', 'r'], output: 'y' },
        ],
      },
      [1, -2, 3],
      [2, -2, 6],
    ],
    [
      'adds a constant for each channel',
      single({ op: 'Add', inputs: ['x', 'c'] }, [1, 2, 1, 2], { c: { dims: [2, 1, 1], values: [1, -1] } }),
      [1, 2, 3, 4],
      [2, 1, 4, 3],
    ],
    ['divides by a constant', single({ op: 'Div', inputs: ['x', 'c'] }, [1, 2], { c: scalar(4) }), [1, 2], [0.25, 0.5]],
    [
      'takes the mean over height and width',
      single({ op: 'ReduceMean', inputs: ['x', 'axes'], attributes: { keepdims: 0 } }, [1, 2, 2, 1], {
        axes: list([2, 3], 'int64'),
      }),
      [1, 2, 3, 6],
      [2, 4],
    ],
    [
      'normalises by channel',
      single(
        { op: 'BatchNormalization', inputs: ['x', 'g', 'b', 'm', 'v'], attributes: { epsilon: { float: 0 } } },
        [1, 2, 1, 1],
        { g: list([2, 1]), b: list([1, 0]), m: list([3, 0]), v: list([4, 1]) },
      ),
      [5, 7],
      [3, 7],
    ],
    [
      'pads the image',
      single({ op: 'Pad', inputs: ['x', 'p'] }, [1, 1, 1, 2], { p: list([0, 0, 0, 1, 0, 0, 1, 0], 'int64') }),
      [5, 6],
      [0, 5, 6, 0, 0, 0],
    ],
    [
      'clips like a ReLU6',
      single({ op: 'Clip', inputs: ['x', 'low', 'high'] }, [1, 3], { low: scalar(0), high: scalar(6) }),
      [-1, 3, 8],
      [0, 3, 6],
    ],
    ['drops nothing out', single({ op: 'Dropout', inputs: ['x'] }, [1, 2]), [1, 2], [1, 2]],
    ['is hard-swish', single({ op: 'HardSwish', inputs: ['x'] }, [1, 2]), [1, 5], [4 / 6, 5]],
  ])('%s', async (_, graph, input, expected) => {
    expectClose(await run(graph, input), expected);
  });
});

/** x in halves around 10, two 1 × 1 outputs with scales of their own, y in quarters around 100. */
const QUANTIZED: Record<string, TestConstant> = {
  xs: scalar(0.5),
  xz: scalar(10, 'uint8'),
  k: { dims: [2, 2, 1, 1], type: 'int8', values: [100, -128, 3, 77] },
  ks: list([0.01, 0.002]),
  kz: list([0, 0], 'int8'),
  b: list([1000, -2000], 'int32'),
  bs: list([0.5 * 0.01, 0.5 * 0.002]),
  ys: scalar(0.25),
  yz: scalar(100, 'uint8'),
};

/** The exact real result of these, rounded to y's steps. */
function quantizedResult(bytes: readonly number[]): number[] {
  return [0, 1].map((c) => {
    const { k, b, ks } = QUANTIZED;
    const sum = [0, 1].reduce((total, i) => total + (bytes[i] - 10) * k.values[2 * c + i], b.values[c]);
    const q = Math.round((sum * 0.5 * Math.fround(ks.values[c])) / 0.25) + 100;
    return 0.25 * (Math.min(Math.max(q, 0), 255) - 100);
  });
}

describe('a quantized model', () => {
  const bytes = [33, 7];
  const reals = bytes.map((q) => 0.5 * (q - 10));

  it('keeps its integers where QuantizeLinear and DequantizeLinear surround a layer', async () => {
    const nodes: TestNode[] = [
      { op: 'QuantizeLinear', inputs: ['x', 'xs', 'xz'], output: 'xq' },
      { op: 'DequantizeLinear', inputs: ['xq', 'xs', 'xz'], output: 'xd' },
      { op: 'DequantizeLinear', inputs: ['k', 'ks', 'kz'], output: 'kd', attributes: { axis: 0 } },
      { op: 'DequantizeLinear', inputs: ['b', 'bs'], output: 'bd', attributes: { axis: 0 } },
      { op: 'Conv', inputs: ['xd', 'kd', 'bd'], output: 'c' },
      { op: 'QuantizeLinear', inputs: ['c', 'ys', 'yz'], output: 'yq' },
      { op: 'DequantizeLinear', inputs: ['yq', 'ys', 'yz'], output: 'y' },
    ];
    const network = load({ input: { name: 'x', dims: [1, 2, 1, 1] }, output: 'y', nodes, constants: QUANTIZED });
    expect(network.quantization!.input).toEqual({ scale: 0.5, zeroPoint: 10 });
    expect([...network.quantization!.weights.values()][0].values).toEqual(Int8Array.from(QUANTIZED.k.values));
    expectClose(await runImported(network, reals), quantizedResult(bytes));
  });

  it('keeps them in QLinearConv, which reads and writes bytes', async () => {
    const inputs = ['x', 'xs', 'xz', 'k', 'ks', 'kz', 'ys', 'yz', 'b'];
    const graph = {
      input: { name: 'x', dims: [1, 2, 1, 1], type: 2 },
      output: 'y',
      nodes: [{ op: 'QLinearConv', inputs, output: 'y' }],
      constants: QUANTIZED,
    };
    expectClose(await run(graph, reals), quantizedResult(bytes));
  });

  it('keeps them in QLinearMatMul and QGemm', async () => {
    const transposed = { ...QUANTIZED.k, dims: [2, 2], values: [100, 3, -128, 77] };
    const single = { ...QUANTIZED, k: transposed, ks: list([0.01]), kz: list([0], 'int8'), b: list([0, 0], 'int32') };
    const results = await Promise.all(
      [
        { op: 'QLinearMatMul', inputs: ['x', 'xs', 'xz', 'k', 'ks', 'kz', 'ys', 'yz'], output: 'y' },
        {
          op: 'QGemm',
          domain: 'com.microsoft',
          inputs: ['x', 'xs', 'xz', 'k', 'ks', 'kz', 'b', 'ys', 'yz'],
          output: 'y',
        },
      ].map((node) =>
        run({ input: { name: 'x', dims: [1, 2], type: 2 }, output: 'y', nodes: [node], constants: single }, reals),
      ),
    );
    const sums = [23 * 100 + 3 * 128, 23 * 3 - 3 * 77];
    for (const result of results)
      expectClose(
        result,
        sums.map((sum) => 0.25 * Math.min(Math.round((sum * 0.005) / 0.25), 155)),
      );
  });

  it('adds, joins and averages bytes as the quantizer of its runtime writes it', async () => {
    const formats = ['xs', 'xz'];
    const nodes: TestNode[] = [
      {
        op: 'QLinearAdd',
        domain: 'com.microsoft',
        inputs: ['x', ...formats, 'x', ...formats, 'ys', 'yz'],
        output: 'a',
      },
      {
        op: 'QLinearConcat',
        domain: 'com.microsoft',
        inputs: ['ys', 'yz', 'x', ...formats, 'a', 'ys', 'yz'],
        output: 'j',
        attributes: { axis: 1 },
      },
      { op: 'QLinearGlobalAveragePool', domain: 'com.microsoft', inputs: ['j', 'ys', 'yz', 'ys', 'yz'], output: 'y' },
    ];
    const graph = { input: { name: 'x', dims: [1, 1, 1, 2], type: 2 }, output: 'y', nodes, constants: QUANTIZED };
    const mean = (reals[0] + reals[1]) / 2;
    expectClose(await run(graph, reals), [mean, 2 * mean]);
  });

  it('refuses weights whose zero point cannot be taken off', () => {
    const inputs = ['x', 'xs', 'xz', 'k', 'ks', 'kz', 'ys', 'yz'];
    const k: TestConstant = { dims: [2, 2, 1, 1], type: 'uint8', values: [0, 1, 2, 3] };
    const constants = { ...QUANTIZED, k, kz: list([255, 255], 'uint8') };
    const graph = {
      input: { name: 'x', dims: [1, 2, 1, 1], type: 2 },
      output: 'y',
      nodes: [{ op: 'QLinearConv', inputs, output: 'y' }],
      constants,
    };
    expect(refusalOf(() => load(graph)).message).toBe(
      'model.onnx: layer "y.node" (QLinearConv) has weights with a zero point of 255, and without it one is -255.',
    );
  });
});

describe('what cannot be taken over', () => {
  it('names an unknown operator with its layer and what could be done', () => {
    const { kind, message, remedy } = refusalOf(() => load(single({ op: 'Tanh', inputs: ['x'] }, [1, 2])));
    expect(kind).toBe('unsupported');
    expect(message).toBe('model.onnx: layer "y.node" (Tanh) is of a kind that is not supported.');
    expect(remedy).toMatch(/^Replace the layer before exporting; these operators are read: Conv, /);
  });

  const ones: TestConstant = { dims: [2, 1, 1, 1], values: [1, 1] };
  it.each<[RegExp, TestGraph]>([
    [/operator set 99/, single({ op: 'Relu', inputs: ['x'] }, [1, 2], {}, 99)],
    [/reads "gone"/, single({ op: 'Relu', inputs: ['gone'] }, [1, 2])],
    [/pads by reflect/, single({ op: 'Pad', inputs: ['x'], attributes: { mode: 'reflect' } }, [1, 1, 2, 2])],
    [/in training mode/, single({ op: 'Dropout', inputs: ['x', '', 't'] }, [1, 2], { t: scalar(1) })],
    [
      /channels in 2 groups/,
      single({ op: 'Conv', inputs: ['x', 'k'], attributes: { group: 2 } }, [1, 3, 1, 1], { k: ones }),
    ],
    [
      /of 3×3 with weights of 1×1/,
      single({ op: 'Conv', inputs: ['x', 'k'], attributes: { kernel_shape: [3, 3] } }, [1, 1, 4, 4], { k: ones }),
    ],
    [/combines two computed values/, single({ op: 'Mul', inputs: ['x', 'x'] }, [1, 2])],
    [/clips to -1/, single({ op: 'Clip', inputs: ['x', 'low'] }, [1, 2], { low: scalar(-1) })],
    [/fixed sizes|sizes 1×\?/, single({ op: 'Relu', inputs: ['x'] }, [1, -1])],
    [
      /scales and zero points along axis/,
      single({ op: 'DequantizeLinear', inputs: ['k', 's'] }, [1, 2], { k: ones, s: list([1, 2, 3]) }),
    ],
  ])('says %s', (says, graph) => {
    const { message, remedy } = refusalOf(() => load(graph));
    expect(`${message} ${remedy}`).toMatch(says);
  });
});
