import * as ort from 'onnxruntime-web';
import { tensorSizes } from '../../src/kernels/exactness/shapes.ts';
import { INPUT, type Layer } from '../../src/network/types.ts';
import { outputSize, type Workload } from '../../src/network/workload.ts';
import type { LayerArithmetic, TensorFormat } from '../../src/quant/arithmetic.ts';
import type { QuantizedNetwork } from '../../src/quant/quantize.ts';
import type { BenchmarkLayer } from '../harness.ts';
import type { LayerRunner, Runner } from './contestants.ts';
import { OnnxModel, toChw, toHwc, toOihw } from './onnx-model.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

type Convolution = Pick<Workload, 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups'>;

function attributesOf({ kernel, stride, padding: [top, right, bottom, left], dilation, groups }: Convolution) {
  return {
    kernel_shape: [...kernel],
    strides: [...stride],
    pads: [top, left, bottom, right],
    dilations: [...dilation],
    group: groups,
  };
}

/** Loads and compiles the runtime. */
export async function startOrt(): Promise<void> {
  const model = new OnnxModel();
  const encoded = model.encode({ name: 'x', type: 'f32', dims: [1] }, { name: model.node('Relu', ['x']), type: 'f32' });
  (await runnerOf('onnxruntime-web', encoded, new Float32Array(1), [1])).dispose?.();
}

/** @param toNhwc for models whose output is NCHW. */
async function runnerOf(
  name: string,
  model: Uint8Array,
  data: Float32Array | Uint8Array,
  dims: number[],
  toNhwc = (output: Float32Array | Uint8Array) => output,
): Promise<LayerRunner> {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const type = data instanceof Float32Array ? 'float32' : 'uint8';
  const feeds = { x: new ort.Tensor(type, data, dims) };
  return {
    name,
    isAsync: true,
    run: () => session.run(feeds),
    output: async () => toNhwc((await session.run(feeds))[session.outputNames[0]].data as Float32Array | Uint8Array),
    dispose: () => void session.release(),
  };
}

/** [out][h][w][in] as a constant of ONNX's order. */
function filterOf(model: OnnxModel, { workload, weights }: LayerArithmetic): string {
  const { outChannels, inChannels, kernel, groups } = workload;
  const shape = [outChannels, kernel[0], kernel[1], inChannels / groups];
  return model.constant(toOihw(weights as Float32Array | Int8Array, shape), [shape[0], shape[3], shape[1], shape[2]]);
}

/** A dense layer's weights as [in][out]: from [out][in] the runtime's integer kernel takes six times as long. */
function matrixOf(model: OnnxModel, { workload, weights }: LayerArithmetic): string {
  const { inChannels, outChannels } = workload;
  const shape = [1, 1, outChannels, inChannels];
  return model.constant(toOihw(weights as Float32Array | Int8Array, shape), [inChannels, outChannels]);
}

/** One layer in f32: a Conv of NCHW with its Relu, or a Gemm. */
export function ortLayer({ layer, input }: BenchmarkLayer): Promise<LayerRunner> {
  const { workload } = layer;
  const { height, width, inChannels, outChannels, op } = workload;
  const real = input as Float32Array;
  const name = 'onnxruntime-web f32';
  const model = new OnnxModel();
  const bias = model.constant(layer.bias as Float32Array);
  if (op === 'dense') {
    const output = model.node('Relu', [model.node('Gemm', ['x', matrixOf(model, layer), bias])]);
    const dims = [1, inChannels];
    return runnerOf(name, model.encode({ name: 'x', type: 'f32', dims }, { name: output, type: 'f32' }), real, dims);
  }
  const dims = [1, inChannels, height, width];
  const output = model.node('Relu', [model.node('Conv', ['x', filterOf(model, layer), bias], attributesOf(workload))]);
  const encoded = model.encode({ name: 'x', type: 'f32', dims }, { name: output, type: 'f32' });
  return runnerOf(name, encoded, toChw(real, [height, width, inChannels]), dims, (values) =>
    toHwc(values, [...outputSize(workload), outChannels]),
  );
}

/**
 * One layer in int8 with the numbers of our own w8a8 layer; the output's zero point of 0 is the Relu. A convolution is the
 * QLinearConv of NHWC that the runtime uses within networks too, a dense layer a QGemm.
 */
export function ortInt8Layer({ layer, input }: BenchmarkLayer): Promise<LayerRunner> {
  const { workload } = layer;
  const { height, width, inChannels, op } = workload;
  const model = new OnnxModel();
  const x = ['x', ...formatOf(model, layer.input)];
  const y = formatOf(model, layer.output);
  const [scales, zeros, bias] = weightFormat(model, layer);
  const dims = op === 'dense' ? [1, inChannels] : [1, height, width, inChannels];
  const made = () => {
    if (op !== 'dense') {
      const attributes = { ...attributesOf(workload), channels_last: 1 };
      const operands = [...x, filterOf(model, layer), scales, zeros, ...y, bias];
      return model.node('QLinearConv', operands, attributes, 'com.microsoft');
    }
    const operands = [...x, matrixOf(model, layer), scales, zeros, bias, ...y];
    return model.node('QGemm', operands, {}, 'com.microsoft');
  };
  const encoded = model.encode({ name: 'x', type: 'u8', dims }, { name: made(), type: 'u8' });
  return runnerOf('onnxruntime-web int8', encoded, input, dims);
}

/** Takes a layer's input and gives a constant of its output's size: what calling the runtime costs by itself. */
export function ortEmptyCall({ layer, input }: BenchmarkLayer): Promise<LayerRunner> {
  const type = input instanceof Float32Array ? 'f32' : 'u8';
  const size = tensorSizes(layer.workload).output;
  const model = new OnnxModel();
  const output = model.node('Identity', [
    model.constant(type === 'f32' ? new Float32Array(size) : new Uint8Array(size)),
  ]);
  const encoded = model.encode({ name: 'x', type, dims: [input.length] }, { name: output, type });
  return runnerOf(`onnxruntime-web empty ${type}`, encoded, input, [input.length]);
}

/** A network as an ONNX model: of f32 arithmetic, or of 8-bit arithmetic with QLinear operators throughout. */
export async function ortNetwork(
  network: QuantizedNetwork,
  input: Float32Array,
): Promise<Runner & { logits(): Promise<Float32Array> }> {
  const isInteger = network.layers.some(({ scheme }) => scheme === 'w8a8');
  const { folded } = network;
  const [height, width, channels] = folded.inputShape;
  const model = new OnnxModel();
  const names = new Map([[INPUT, isInteger ? quantizedInput(model, network) : 'x']]);
  let output = 'x';
  for (const [i, layer] of folded.layers.entries()) {
    output = isInteger ? integerLayer(model, network, i, names) : realLayer(model, layer, network, i, names);
    names.set(layer.name, output);
  }
  const dims = [1, channels, height, width];
  const encoded = model.encode({ name: 'x', type: 'f32', dims }, { name: output, type: 'f32' });
  const session = await ort.InferenceSession.create(encoded, { executionProviders: ['wasm'] });
  const feeds = { x: new ort.Tensor('float32', toChw(input, folded.inputShape), dims) };
  return {
    name: `onnxruntime-web ${isInteger ? 'int8' : 'f32'}`,
    isAsync: true,
    run: () => session.run(feeds),
    dispose: () => void session.release(),
    logits: async () => (await session.run(feeds))[output].data as Float32Array,
  };
}

function realLayer(
  model: OnnxModel,
  layer: Layer,
  network: QuantizedNetwork,
  i: number,
  names: Map<string, string>,
): string {
  const x = names.get(layer.inputs[0])!;
  const { bias, workload } = network.layers[i];
  if (layer.op === 'globalAveragePool') return model.node('GlobalAveragePool', [x]);
  if (layer.op === 'dense') {
    const kernel = matrixOf(model, network.layers[i]);
    const flat = model.node('Flatten', [x], { axis: 1 });
    const y = model.node('Gemm', [flat, kernel, model.constant(bias as Float32Array)]);
    return activated(model, y, layer.activation);
  }
  if (layer.op !== 'conv2d') throw new Error(`The comparison knows no ${layer.op}.`);
  const kernel = filterOf(model, network.layers[i]);
  let y = model.node('Conv', [x, kernel, model.constant(bias as Float32Array)], attributesOf(workload));
  if (layer.inputs[1]) y = model.node('Add', [y, names.get(layer.inputs[1])!]);
  return activated(model, y, layer.activation);
}

function activated(model: OnnxModel, y: string, activation: 'none' | 'relu' | 'relu6'): string {
  if (activation === 'none') return y;
  if (activation === 'relu') return model.node('Relu', [y]);
  return model.node('Clip', [y, model.scalar(0, 'f32'), model.scalar(6, 'f32')]);
}

/** Scale and zero point of a tensor as constants. */
function formatOf(model: OnnxModel, format: TensorFormat): [scale: string, zeroPoint: string] {
  if (format.type === 'f32') throw new Error('The comparison keeps integers throughout.');
  return [model.scalar(format.scale, 'f32'), model.scalar(format.zeroPoint, 'u8')];
}

/** Scales, zero points and biases of the weights, a value a channel. */
function weightFormat(model: OnnxModel, layer: LayerArithmetic): [scales: string, zeros: string, bias: string] {
  const { input, output, multiplier, bias } = layer;
  if (input.type !== 'u8') throw new Error('The comparison keeps integers throughout.');
  const outputScale = output.type === 'u8' ? output.scale : 1;
  const scales = Float32Array.from(multiplier!, (m) => (m * outputScale) / input.scale);
  return [model.constant(scales), model.constant(new Int8Array(scales.length)), model.constant(bias as Int32Array)];
}

function quantizedInput(model: OnnxModel, { formats }: QuantizedNetwork): string {
  return model.node('QuantizeLinear', ['x', ...formatOf(model, formats.get(INPUT)!)]);
}

/** The integers of our own quantization; a residual is added by QLinearAdd, whose output's zero point is the Relu. */
function integerLayer(model: OnnxModel, network: QuantizedNetwork, i: number, names: Map<string, string>): string {
  const layer = network.folded.layers[i];
  const { workload, input, output } = network.layers[i];
  const x = [names.get(layer.inputs[0])!, ...formatOf(model, input)];
  if (layer.op === 'globalAveragePool') {
    return model.node(
      'QLinearGlobalAveragePool',
      [...x, ...formatOf(model, output)],
      { channels_last: 0 },
      'com.microsoft',
    );
  }
  if (layer.op !== 'conv2d' && layer.op !== 'dense') throw new Error(`The comparison knows no ${layer.op}.`);
  const outputScale = output.type === 'u8' ? output.scale : 1;
  const [scales, zeros, biases] = weightFormat(model, network.layers[i]);
  if (layer.op === 'dense') {
    const flat = model.node('Flatten', [x[0]], { axis: 1 });
    const kernel = matrixOf(model, network.layers[i]);
    const y = output.type === 'u8' ? formatOf(model, output) : [];
    const operands = [flat, x[1], x[2], kernel, scales, zeros, biases, ...y];
    return model.node('QGemm', operands, {}, 'com.microsoft');
  }
  const kernel = filterOf(model, network.layers[i]);
  const residual = layer.inputs[1];
  const y = residual ? [model.scalar(2 * outputScale, 'f32'), model.scalar(128, 'u8')] : formatOf(model, output);
  const made = model.node('QLinearConv', [...x, kernel, scales, zeros, ...y, biases], attributesOf(workload));
  if (!residual) return made;
  const other = [names.get(residual)!, ...formatOf(model, network.layers[i].residual!)];
  return model.node('QLinearAdd', [made, ...y, ...other, ...formatOf(model, output)], {}, 'com.microsoft');
}
