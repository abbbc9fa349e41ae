import { roundHalfEven } from '../../../core/rounding.ts';
import type { Pair, StoredFormat } from '../../types.ts';
import { damagedModel, type Place, unsupportedLayer } from '../failures.ts';
import type { Window } from '../imported-graph.ts';
import type { ImportedWeights } from '../imported-weights.ts';
import { integerWeights } from '../integer-weights.ts';
import { type Computed, type Constant, channelAxis, type OnnxContext } from './context.ts';
import type { OnnxNode } from './model.ts';
import { integerFormat, realValues, scaleAt, statedFormat } from './quantization.ts';
import { windowOf } from './windows.ts';

/** Conv: weights [out][in / groups][…window], ours with the channels last. */
export function importConv(context: OnnxContext, node: OnnxNode): Computed {
  const bias = context.optional(node, 2);
  return convolve(context, node, context.value(node, 0), context.constant(node, 1), bias);
}

/** QLinearConv: x, its scale and zero point, the weights with theirs, the output's, and an int32 bias. */
export function importQLinearConv(context: OnnxContext, node: OnnxNode): Computed {
  const { value, weights, format } = linearOperands(context, node);
  return convolve(context, node, value, weights, context.optional(node, 8), format);
}

function convolve(
  context: OnnxContext,
  node: OnnxNode,
  value: Computed,
  weights: Constant,
  bias: Constant | undefined,
  format?: StoredFormat,
): Computed {
  const place = context.place(node);
  const { dims, layout, tensor } = value;
  if (layout.axes !== 'first' || weights.dims.length !== dims.length) {
    const problem = `has weights of ${weights.dims.length} axes for an input of ${dims.length}`;
    throw unsupportedLayer(place, problem, 'Convolutions over images or sequences, channels first, are supported.');
  }
  const groups = context.int(node, 'group', 1);
  const [outChannels, perGroup, ...size] = weights.dims;
  if (groups < 1 || perGroup * groups !== dims[1] || outChannels % groups !== 0) {
    throw damagedModel(context.source, `holds a ${node.op} of ${perGroup} channels in ${groups} groups for ${dims[1]}`);
  }
  const kernel: Pair = [size.length > 1 ? size[0] : 1, size[size.length - 1]];
  const stated = context.ints(node, 'kernel_shape', size);
  if (stated.join() !== size.join()) {
    throw damagedModel(context.source, `holds a ${node.op} of ${stated.join('×')} with weights of ${size.join('×')}`);
  }
  const { window } = windowOf(context, node, value, kernel);
  const taps = kernel[0] * kernel[1];
  const order = (i: number) => {
    const [out, rest] = [Math.floor(i / (taps * perGroup)), i % (taps * perGroup)];
    return (out * perGroup + (rest % perGroup)) * taps + Math.floor(rest / perGroup);
  };
  const imported = layerWeights(context, place, value, { weights, outAxis: 0, order, outChannels }, bias, format);
  const options = { outChannels, groups, activation: 'none' as const, weights: imported };
  const output = context.graph.convolution(node.name, tensor, window, options);
  const [height, width] = context.graph.shapeOf(output);
  const pixels = dims.length === 4 ? [height, width] : [width];
  return { tensor: output, dims: [1, outChannels, ...pixels], layout };
}

/** Gemm: α·A·B + β·C with constant B and C. */
export function importGemm(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  if (context.int(node, 'transA', 0) !== 0) {
    throw unsupportedLayer(place, 'transposes its input', 'Export the layer as a plain fully connected one.');
  }
  const [alpha, beta] = [context.float(node, 'alpha', 1), context.float(node, 'beta', 1)];
  const weights = scaledBy(context.constant(node, 1), alpha);
  const given = context.optional(node, 2);
  const bias = given && scaledBy(given, beta);
  return multiply(context, node, context.value(node, 0), weights, context.int(node, 'transB', 0) !== 0, bias);
}

/** MatMul with a constant on the right. */
export function importMatMul(context: OnnxContext, node: OnnxNode): Computed {
  return multiply(context, node, context.value(node, 0), context.constant(node, 1), false);
}

export function importQLinearMatMul(context: OnnxContext, node: OnnxNode): Computed {
  const { value, weights, format } = linearOperands(context, node);
  return multiply(context, node, value, weights, false, undefined, format);
}

const POINT: Window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] };

/** A dense layer for a flat value; along the last axis of others a convolution of one pixel. */
function multiply(
  context: OnnxContext,
  node: OnnxNode,
  value: Computed,
  weights: Constant,
  transposed: boolean,
  bias?: Constant,
  format?: StoredFormat,
): Computed {
  const place = context.place(node);
  const { dims, layout, tensor } = value;
  const inputs = dims[dims.length - 1];
  if (weights.dims.length !== 2 || layout.axes === 'first') {
    const problem = `multiplies ${dims.join('×')} by ${weights.dims.join('×')}`;
    throw unsupportedLayer(
      place,
      problem,
      'A constant matrix on the right of a flat input or of channels is supported.',
    );
  }
  const outChannels = weights.dims[transposed ? 0 : 1];
  if (weights.dims[transposed ? 1 : 0] !== inputs) {
    throw damagedModel(context.source, `holds a ${node.op} of ${dims.join('×')} with ${weights.dims.join('×')}`);
  }
  const [height, width, channels] = context.graph.shapeOf(tensor);
  const pixels = height * width;
  const flatImage = layout.axes === 'flat' && layout.order === 'first' && pixels > 1;
  const order = (i: number) => {
    const out = Math.floor(i / inputs);
    const at = i % inputs;
    // our images are flattened with the channels last, the model's with the channels first
    const input = flatImage ? (at % channels) * pixels + Math.floor(at / channels) : at;
    return transposed ? out * inputs + input : input * outChannels + out;
  };
  const oriented = { weights, outAxis: transposed ? 0 : 1, order, outChannels };
  const imported = layerWeights(context, place, value, oriented, bias, format);
  if (layout.axes === 'flat') {
    const output = context.graph.dense(node.name, tensor, outChannels, 'none', imported);
    return { tensor: output, dims: [1, outChannels], layout: { axes: 'flat', order: 'last' } };
  }
  const options = { outChannels, groups: 1, activation: 'none' as const, weights: imported };
  const output = context.graph.convolution(node.name, tensor, POINT, options);
  return { tensor: output, dims: [...dims.slice(0, -1), outChannels], layout };
}

interface OrientedWeights {
  weights: Constant;
  /** The axis of the output channels, along which weights may be quantized. */
  outAxis: number;
  /** Position in the file of each of our weights. */
  order(i: number): number;
  outChannels: number;
}

/** Integers where both the input and the weights have a format, else reals. */
function layerWeights(
  context: OnnxContext,
  place: Place,
  value: Computed,
  { weights, outAxis, order, outChannels }: OrientedWeights,
  bias: Constant | undefined,
  format?: StoredFormat,
): ImportedWeights {
  const { quantized, values, dims } = weights;
  const input = context.formatOf(value);
  const perChannel = quantized !== undefined && quantized.scales.length > 1;
  const whole = !perChannel || (quantized.axis + dims.length) % dims.length === outAxis;
  if (!quantized || !input || !whole) {
    if (format) throw unsupportedLayer(place, 'has no format for its input or weights', 'Quantize the model again.');
    const reals = realValues(weights);
    const kernel = Float32Array.from({ length: reals.length }, (_, i) => reals[order(i)]);
    return { kernel, ...(bias && { bias: Float32Array.from(spreadBias(place, bias, realValues(bias), outChannels)) }) };
  }
  const scaleOf = (channel: number) => scaleAt(quantized.scales, channel);
  const ordered = { ...quantized, values: Float64Array.from({ length: values.length }, (_, i) => values[order(i)]) };
  const biases = bias && integerBias(place, bias, outChannels, (channel) => input.scale * scaleOf(channel));
  return { integers: integerWeights(place, ordered, outChannels, input.scale, biases), ...(format && { format }) };
}

/** Biases in units of input scale · weight scale: as they are in int32, else rounded to the nearest. */
function integerBias(
  place: Place,
  bias: Constant,
  outChannels: number,
  unit: (channel: number) => number,
): Float64Array {
  const bare = bias.type === 'int32' && !bias.quantized;
  const values = spreadBias(place, bias, bare ? bias.values : realValues(bias), outChannels);
  return Float64Array.from(values, (value, channel) => (bare ? value : roundHalfEven(value / unit(channel))));
}

function spreadBias(place: Place, bias: Constant, values: ArrayLike<number>, outChannels: number): Float64Array {
  const along = bias.dims[bias.dims.length - 1] ?? 1;
  const single = values.length === 1;
  if (!single && (values.length !== outChannels || along !== outChannels)) {
    const problem = `adds a constant of ${bias.dims.join('×')} to ${outChannels} channels`;
    throw unsupportedLayer(place, problem, 'A bias of one number, or of one for each channel, is supported.');
  }
  return Float64Array.from({ length: outChannels }, (_, channel) => values[single ? 0 : channel]);
}

/** The operands that QLinearConv and QLinearMatMul have in common. */
function linearOperands(context: OnnxContext, node: OnnxNode) {
  const { weights, value } = quantizedOperands(context, node, node.op === 'QLinearConv' ? 0 : 1);
  const outputType = context.optional(node, 7)?.type ?? 'uint8';
  const format = integerFormat(context.place(node), context.constant(node, 6), context.optional(node, 7), outputType);
  return { value, weights, format };
}

/** x and the weights, each with its scale and zero point behind it. */
function quantizedOperands(context: OnnxContext, node: OnnxNode, outAxis: number) {
  statedFormat(context, node, 0);
  const raw = context.constant(node, 3);
  const [scale, zeroPoint] = [context.constant(node, 4), context.optional(node, 5)];
  const quantized = { scales: scale.values, zeroPoints: zeroPoint?.values ?? [0], axis: outAxis };
  const weights: Constant = { ...raw, quantized };
  return { value: context.value(node, 0), weights };
}

/** QGemm: x and the weights with their scales and zero points, an int32 bias, and the output's scale and zero point. */
export function importQuantizedGemm(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  const transposed = context.int(node, 'transB', 0) !== 0;
  if (context.int(node, 'transA', 0) !== 0 || context.float(node, 'alpha', 1) !== 1) {
    throw unsupportedLayer(place, 'transposes or scales its input', 'Export the layer as a plain fully connected one.');
  }
  const { value, weights } = quantizedOperands(context, node, transposed ? 0 : 1);
  const type = context.optional(node, 8)?.type ?? 'uint8';
  const format = context.has(node, 7)
    ? integerFormat(place, context.constant(node, 7), context.optional(node, 8), type)
    : undefined;
  return multiply(context, node, value, weights, transposed, context.optional(node, 6), format);
}

function scaledBy(constant: Constant, factor: number): Constant {
  if (factor === 1) return constant;
  const { quantized: _, ...plain } = constant;
  return { ...plain, type: 'float', values: Float64Array.from(realValues(constant), (v) => v * factor) };
}

/** BatchNormalization at inference. */
export function importBatchNorm(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  // before operator set 7 a mark said that the stored statistics count
  const trains = context.model.opset < 7 ? context.int(node, 'is_test', 0) === 0 : false;
  if (trains || context.int(node, 'training_mode', 0) !== 0) {
    throw unsupportedLayer(place, 'is in training mode', 'Export the model for inference.');
  }
  if (context.int(node, 'spatial', 1) === 0) {
    throw unsupportedLayer(place, 'normalises every pixel by itself', 'Normalising by channel is supported.');
  }
  const value = context.value(node, 0);
  if (channelAxis(context, value) !== 1) {
    throw unsupportedLayer(place, 'normalises axes that are no channels', 'Export it with the channels first.');
  }
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) =>
    Float32Array.from(realValues(context.constant(node, i))),
  );
  const epsilon = context.float(node, 'epsilon', 1e-5);
  const tensor = context.graph.batchNorm(node.name, value.tensor, epsilon, { gamma, beta, mean, variance });
  return { ...value, tensor };
}
