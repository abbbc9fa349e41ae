import { beforeAll, describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../src/core/errors.ts';
import { importOnnx } from '../../src/network/import/onnx/index.ts';
import { readOnnxModel } from '../../src/network/import/onnx/model.ts';
import { ONNX_OPERATORS } from '../../src/network/import/onnx/operators.ts';
import { type OnnxTensor, readTensor } from '../../src/network/import/onnx/tensors.ts';
import { WireMessage } from '../../src/network/import/onnx/wire.ts';
import { createEngine, type NetworkEngine } from '../../src/node/network-engine.ts';
import { loadImported } from './imported-layers.ts';
import { explainSkip, hasTestData, listTestData, readTestData } from './test-data.ts';

/** Largest error that agrees, as a share of the largest output. */
const TOLERANCE = 1e-4;
/** Here the expected outputs themselves have four decimals only. */
const ROUNDED = 'test_averagepool_2d_ceil_last_window_starts_on_pad';

/** What is not run and what the refusal has to say; a case that is neither refused like this nor agrees fails. */
const REFUSED: [reason: RegExp, cases: RegExp][] = [
  [/kind that is not supported/, /convinteger|matmulinteger|hardsigmoid(_default)?$|leakyrelu(_default)?$|lppool/],
  [/1 inputs and [23] outputs/, /training_mode|dynamicquantizelinear|with_argmax/], // training, and outputs that are indices
  [/weights with a zero point of/, /qlinearconv|qlinearmatmul_2D/], // beyond 8 bits once it is taken off
  [
    /an input of sizes \d+\./,
    /(clip|leakyrelu|hardsigmoid)_example$|clip_(default_(int8_)?inbounds|inbounds|outbounds|splitbounds|min_greater)|(de)?quantizelinear$/,
  ], // no batch
  [/clips to/, /clip(_default_(int8_)?max)?$/], // neither a ReLU nor a ReLU6
  [/bytes that have no scale/, /add_u?int8/], // arithmetic that wraps around
  [/computes with a constant of/, /test_add(_bcast)?$/], // two inputs, of which one has to be constant here
  [/transposes its input/, /gemm_(all_attributes|transposeA)/],
  [/adds a constant of 3×4 to 4 channels/, /gemm_default_matrix_bias/], // another bias for each item of the batch
  [/multiplies .* by/, /matmul_(3d|4d|4d_1d|bcast)|qlinearmatmul_3D/], // another matrix for each item of the batch
  [/window with holes/, /maxpool_2d_dilations/],
  [/quantizes with 3 scales/, /quantizelinear_axis/], // activations quantized by channel
  [/element type that is not read/, /int[24]$/],
  [/softmax over axis/, /softmax_(axis_[02]|default_axis|negative_axis)/], // not the channels
  [/mean over axes 1 of/, /reduce_mean_keepdims_example/], // not the pixels
];

interface Case {
  bytes: Uint8Array;
  inputs: OnnxTensor[];
  expected: OnnxTensor;
}

function readCase(name: string): Case {
  const folder = `onnx-node/${name}`;
  const files = listTestData(`${folder}/test_data_set_0`);
  const read = (file: string) => readTensor(new WireMessage(readTestData(`${folder}/test_data_set_0/${file}`)), file);
  const inputs = files.filter((file) => file.startsWith('input_')).map(read);
  return { bytes: readTestData(`${folder}/model.onnx`), inputs, expected: read('output_0.pb') };
}

/** One item of a batch in the network's order: rows, columns, channels. */
function channelsLast({ dims, values }: OnnxTensor, item: number): Float32Array {
  const size = values.length / dims[0];
  const own = values.slice(item * size, (item + 1) * size);
  if (dims.length < 3) return Float32Array.from(own);
  const pixels = size / dims[1];
  return Float32Array.from(own, (_, i) => own[(i % dims[1]) * pixels + Math.floor(i / dims[1])]);
}

/** The largest error as a share of the largest expected value; of whole steps where the output is quantized. */
function run(engine: NetworkEngine, name: string): number {
  const { bytes, inputs, expected } = readCase(name);
  const model = readOnnxModel(bytes, name);
  const constants = new Map(
    model.inputs.slice(1).flatMap((input, i): [string, OnnxTensor][] => [[input.name, inputs[i + 1]]]),
  );
  const network = importOnnx(bytes, name, { constants });
  const session = loadImported(engine, network, network.quantization ? 'w8a8' : 'f32');
  const last = network.layers[network.layers.length - 1];
  const quantized = expected.type === 'uint8' || expected.type === 'int8' ? last.stored : undefined;
  const offset = expected.type === 'int8' ? 128 : 0;
  const { input } = network.quantization ?? {};
  const shift = inputs[0].type === 'int8' ? 128 : 0;
  let worst = 0;
  let largest = 0;
  for (let item = 0; item < expected.dims[0]; item++) {
    let given = channelsLast(inputs[0], item);
    if (inputs[0].type.includes('int8') && input) given = given.map((q) => input.scale * (q + shift - input.zeroPoint));
    const output = session.run(given);
    const wanted = channelsLast(expected, item);
    expect(output.length).toBe(wanted.length);
    for (const [i, value] of output.entries()) {
      const real = quantized ? quantized.scale * (wanted[i] + offset - quantized.zeroPoint) : wanted[i];
      worst = Math.max(worst, Math.abs(value - real) / (quantized?.scale ?? 1));
      largest = quantized ? 1 : Math.max(largest, Math.abs(real));
    }
  }
  session.dispose();
  return worst / (largest || 1);
}

explainSkip('operators of ONNX as its own tests have them');

describe.skipIf(!hasTestData)('operators of ONNX', () => {
  let engine: NetworkEngine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  const names = hasTestData ? listTestData('onnx-node') : [];
  const refusalOf = (name: string) => REFUSED.filter(([, cases]) => cases.test(name)).map(([reason]) => reason);

  it.each(names.filter((name) => refusalOf(name).length === 0))('agrees with %s', (name) => {
    expect(run(engine, name)).toBeLessThanOrEqual(name === ROUNDED ? 3e-4 : TOLERANCE);
  });

  it.each(names.filter((name) => refusalOf(name).length > 0))('refuses %s, naming what is not supported', (name) => {
    let says = 'it runs';
    try {
      run(engine, name);
    } catch (error) {
      expect(error).toBeInstanceOf(BitbudgetError);
      says = (error as BitbudgetError).message;
    }
    expect(
      refusalOf(name).some((reason) => reason.test(says)),
      says,
    ).toBe(true);
  });

  it('runs at least one case of every operator of which it could be run here', () => {
    const run = new Set<string>();
    const met = new Set<string>();
    for (const name of names) {
      for (const { op } of readOnnxModel(readTestData(`onnx-node/${name}/model.onnx`), name).nodes) {
        met.add(op);
        if (refusalOf(name).length === 0) run.add(op);
      }
    }
    // of these every case has two inputs, no batch, or weights with a zero point: test/unit/network/import has theirs
    const elsewhere = ['Add', 'QuantizeLinear', 'DequantizeLinear', 'QLinearConv', 'QLinearMatMul', 'ReduceMean'];
    expect(ONNX_OPERATORS.filter((op) => met.has(op) && !run.has(op)).sort()).toEqual(elsewhere.sort());
  });
});
