import * as ort from 'onnxruntime-web';
import { INPUT, type Layer } from '../../src/network/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import type { TensorFormat } from '../../src/quant/arithmetic.ts';
import type { QuantizedNetwork } from '../../src/quant/quantize.ts';
import type { Runner } from './contestants.ts';
import { BENCH_LAYERS } from './layers.ts';
import { OnnxModel, toChw, toOihw } from './onnx-model.ts';

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

const real = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => (((i * 2654435761) >>> 8) % 1000) / 500 - 1);
const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => ((i * 2654435761) >>> 8) % 256);
const small = (count: number) => Int8Array.from({ length: count }, (_, i) => (((i * 2654435761) >>> 8) % 255) - 127);

async function runnerOf(
  name: string,
  model: Uint8Array,
  data: Float32Array | Uint8Array,
  dims: number[],
): Promise<Runner> {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const type = data instanceof Float32Array ? 'float32' : 'uint8';
  const feeds = { x: new ort.Tensor(type, data, dims) };
  return { name, isAsync: true, run: () => session.run(feeds), dispose: () => void session.release() };
}

/** Loads and compiles the runtime. */
export async function startOrt(): Promise<void> {
  const [{ workload }] = BENCH_LAYERS;
  (await ortLayer(workload)).dispose?.();
}

/** One layer in f32: a Conv with its Relu, or a Gemm. */
export function ortLayer(workload: Workload): Promise<Runner> {
  const { height, width, inChannels, outChannels, kernel, groups, op } = workload;
  const model = new OnnxModel();
  const dims = op === 'dense' ? [1, inChannels] : [1, inChannels, height, width];
  const shape = [outChannels, inChannels / groups, kernel[0], kernel[1]];
  const count = shape.reduce((a, b) => a * b);
  const bias = model.constant(real(outChannels));
  const made =
    op === 'dense'
      ? model.node('Gemm', ['x', model.constant(real(count), [inChannels, outChannels]), bias])
      : model.node('Conv', ['x', model.constant(real(count), shape), bias], attributesOf(workload));
  const output = model.node('Relu', [made]);
  const encoded = model.encode({ name: 'x', type: 'f32', dims }, { name: output, type: 'f32' });
  return runnerOf('onnxruntime-web f32', encoded, real(dims.reduce((a, b) => a * b)), dims);
}

/** One layer in int8: QLinearConv, whose zero point of 0 is the Relu; a dense layer as QGemm. */
export function ortInt8Layer(workload: Workload): Promise<Runner> {
  const { height, width, inChannels, outChannels, kernel, groups, op } = workload;
  const model = new OnnxModel();
  const dims = op === 'dense' ? [1, inChannels] : [1, inChannels, height, width];
  const shape = [outChannels, inChannels / groups, kernel[0], kernel[1]];
  const count = shape.reduce((a, b) => a * b);
  const scales = model.constant(new Float32Array(outChannels).fill(0.01));
  const zeros = model.constant(new Int8Array(outChannels));
  const bias = model.constant(new Int32Array(outChannels));
  const x = ['x', model.scalar(0.02, 'f32'), model.scalar(128, 'u8')];
  const y = [model.scalar(0.05, 'f32'), model.scalar(0, 'u8')];
  const output =
    op === 'dense'
      ? model.node(
          'QGemm',
          [...x, model.constant(small(count), [inChannels, outChannels]), scales, zeros, bias, ...y],
          {},
          'com.microsoft',
        )
      : model.node(
          'QLinearConv',
          [...x, model.constant(small(count), shape), scales, zeros, ...y, bias],
          attributesOf(workload),
        );
  const encoded = model.encode({ name: 'x', type: 'u8', dims }, { name: output, type: 'u8' });
  return runnerOf('onnxruntime-web int8', encoded, bytes(dims.reduce((a, b) => a * b)), dims);
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
  const { weights, bias, workload } = network.layers[i];
  if (layer.op === 'globalAveragePool') return model.node('GlobalAveragePool', [x]);
  if (layer.op === 'dense') {
    const kernel = model.constant(weights as Float32Array, [layer.outChannels, workload.inChannels]);
    const flat = model.node('Flatten', [x], { axis: 1 });
    const y = model.node('Gemm', [flat, kernel, model.constant(bias as Float32Array)], { transB: 1 });
    return activated(model, y, layer.activation);
  }
  if (layer.op !== 'conv2d') throw new Error(`The comparison knows no ${layer.op}.`);
  const shape = [layer.outChannels, ...layer.kernel, workload.inChannels / layer.groups];
  const kernel = model.constant(toOihw(weights as Float32Array, shape), [shape[0], shape[3], shape[1], shape[2]]);
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

function quantizedInput(model: OnnxModel, { formats }: QuantizedNetwork): string {
  return model.node('QuantizeLinear', ['x', ...formatOf(model, formats.get(INPUT)!)]);
}

/** The integers of our own quantization; a residual is added by QLinearAdd, whose output's zero point is the Relu. */
function integerLayer(model: OnnxModel, network: QuantizedNetwork, i: number, names: Map<string, string>): string {
  const layer = network.folded.layers[i];
  const { weights, bias, multiplier, workload, input, output } = network.layers[i];
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
  if (input.type !== 'u8') throw new Error('The comparison keeps integers throughout.');
  const outputScale = output.type === 'u8' ? output.scale : 1;
  const scales = model.constant(Float32Array.from(multiplier!, (m) => (m * outputScale) / input.scale));
  const zeros = model.constant(new Int8Array(layer.outChannels));
  const biases = model.constant(bias as Int32Array);
  if (layer.op === 'dense') {
    const flat = model.node('Flatten', [x[0]], { axis: 1 });
    const kernel = model.constant(weights as Int8Array, [layer.outChannels, workload.inChannels]);
    const y = output.type === 'u8' ? formatOf(model, output) : [];
    const operands = [flat, x[1], x[2], kernel, scales, zeros, biases, ...y];
    return model.node('QGemm', operands, { transB: 1 }, 'com.microsoft');
  }
  const shape = [layer.outChannels, ...layer.kernel, workload.inChannels / layer.groups];
  const kernel = model.constant(toOihw(weights as Int8Array, shape), [shape[0], shape[3], shape[1], shape[2]]);
  const residual = layer.inputs[1];
  const y = residual ? [model.scalar(2 * outputScale, 'f32'), model.scalar(128, 'u8')] : formatOf(model, output);
  const made = model.node('QLinearConv', [...x, kernel, scales, zeros, ...y, biases], attributesOf(workload));
  if (!residual) return made;
  const other = [names.get(residual)!, ...formatOf(model, network.layers[i].residual!)];
  return model.node('QLinearAdd', [made, ...y, ...other, ...formatOf(model, output)], {}, 'com.microsoft');
}
