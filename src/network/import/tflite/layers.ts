import type { Padding, Pair, StoredFormat } from '../../types.ts';
import { damagedModel, type Place, unsupportedLayer } from '../failures.ts';
import type { Tensor, Window } from '../imported-graph.ts';
import type { ImportedWeights } from '../imported-weights.ts';
import { integerWeights } from '../integer-weights.ts';
import { isSoundScale } from '../limits.ts';
import { formatOf, readConstant, type TfliteContext } from './context.ts';
import type { TfliteOperator, TfliteTensor } from './model.ts';

/** CONV_2D: weights [out][height][width][in / groups], ours as they stand. */
export function importConvolution(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const input = context.activation(operator, 0);
  const kernel = context.operand(operator, 1);
  const [outChannels, height, width, perGroup] = fourAxes(place, kernel);
  const channels = context.graph.shapeOf(input)[2];
  const groups = channels / perGroup;
  if (!Number.isInteger(groups))
    throw damagedModel(context.source, `holds ${perGroup} input weights for ${channels} channels`);
  const window = windowOf(context, operator, input, [height, width], { stride: [2, 1], dilation: [5, 4] });
  const weights = layerWeights(context, operator, outChannels, (values) => values);
  const activation = context.fused(operator, 3);
  return context.graph.convolution(place.layer, input, window, { outChannels, groups, activation, weights });
}

/** DEPTHWISE_CONV_2D: weights [1][height][width][in · multiplier], ours output channel first. */
export function importDepthwise(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const input = context.activation(operator, 0);
  const [first, height, width, outChannels] = fourAxes(place, context.operand(operator, 1));
  const groups = context.graph.shapeOf(input)[2];
  if (first !== 1 || outChannels % groups !== 0) {
    throw damagedModel(context.source, `holds depthwise weights for ${outChannels} outputs of ${groups} channels`);
  }
  const taps = height * width;
  const channelFirst = <T extends Float64Array>(values: T) =>
    values.map((_, i) => values[(i % taps) * outChannels + Math.floor(i / taps)]) as T;
  const window = windowOf(context, operator, input, [height, width], { stride: [2, 1], dilation: [6, 5] });
  const weights = layerWeights(context, operator, outChannels, channelFirst);
  const activation = context.fused(operator, 4);
  return context.graph.convolution(place.layer, input, window, { outChannels, groups, activation, weights });
}

/** FULLY_CONNECTED: weights [out][in]; one that works along the channels of every pixel is a 1 × 1 convolution. */
export function importDense(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const kernel = context.operand(operator, 1);
  if (kernel.shape.length !== 2 || (operator.options?.int8(1) ?? 0) !== 0) {
    throw unsupportedLayer(place, 'has weights in a shuffled layout', 'Convert the model without shuffled weights.');
  }
  const input = context.activation(operator, 0);
  const [outChannels, inputs] = kernel.shape;
  const [height, width, channels] = context.graph.shapeOf(input);
  const weights = layerWeights(context, operator, outChannels, (values) => values);
  const activation = context.fused(operator, 0);
  if (height * width * channels === inputs)
    return context.graph.dense(place.layer, input, outChannels, activation, weights);
  if (channels !== inputs)
    throw damagedModel(context.source, `holds ${inputs} weights an output for ${channels} channels`);
  const options = { outChannels, groups: 1, activation, weights };
  return context.graph.convolution(place.layer, input, POINT, options);
}

const POINT: Window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] };

/** MUL with a constant between 8-bit tensors: a depthwise 1 × 1 convolution with the constant's own integers. */
export function importIntegerScale(
  context: TfliteContext,
  operator: TfliteOperator,
  input: Tensor,
  constant: TfliteTensor,
  stored: StoredFormat,
): Tensor {
  const place = context.place(operator);
  const channels = context.graph.shapeOf(input)[2];
  const raw = readConstant(place, constant, 'raw');
  const values = raw.length === 1 ? new Float64Array(channels).fill(raw[0]) : raw;
  const format = context.graph.formatOf(input);
  if (!format || values.length !== channels) {
    throw unsupportedLayer(
      place,
      `multiplies by ${raw.length} constants`,
      'Use one constant, or one for each channel.',
    );
  }
  const quantized = { values, scales: constant.scales, zeroPoints: constant.zeroPoints };
  const integers = integerWeights(place, quantized, channels, format.scale);
  const options = { outChannels: channels, groups: channels, activation: context.fused(operator, 0) };
  return context.graph.convolution(place.layer, input, POINT, { ...options, weights: { integers, format: stored } });
}

/** The window of a convolution or pool; `stride` and `dilation` name the option fields of height and width. */
export function windowOf(
  context: TfliteContext,
  { options }: TfliteOperator,
  input: Tensor,
  kernel: Pair,
  fields: { stride: Pair; dilation?: Pair },
): Window {
  const positive = (field: number) => {
    const value = options?.int32(field, 1) ?? 1;
    if (value < 1 || value > 2 ** 16) throw damagedModel(context.source, `holds a stride or dilation of ${value}`);
    return value;
  };
  const stride: Pair = [positive(fields.stride[0]), positive(fields.stride[1])];
  const dilation: Pair = fields.dilation ? [positive(fields.dilation[0]), positive(fields.dilation[1])] : [1, 1];
  const same = (options?.int8(0) ?? 0) === 0;
  const [height, width] = context.graph.shapeOf(input);
  const around = input.padding ?? [0, 0, 0, 0];
  const along = (size: number, axis: 0 | 1): Pair => {
    if (!same) return [0, 0];
    const extent = (kernel[axis] - 1) * dilation[axis] + 1;
    const total = Math.max((Math.ceil(size / stride[axis]) - 1) * stride[axis] + extent - size, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  };
  const [top, bottom] = along(height + around[0] + around[2], 0);
  const [left, right] = along(width + around[1] + around[3], 1);
  const padding: Padding = [top, right, bottom, left];
  return { kernel, stride, padding, dilation };
}

/** Kernel (operand 1) and bias (operand 2): integers between 8-bit tensors, else reals. */
function layerWeights(
  context: TfliteContext,
  operator: TfliteOperator,
  outChannels: number,
  channelFirst: (values: Float64Array) => Float64Array,
): ImportedWeights {
  const place = context.place(operator);
  const kernel = context.operand(operator, 1);
  if (!context.isConstant(operator, 1)) {
    throw unsupportedLayer(place, 'computes its weights', 'Only constant weights are read; freeze the model.');
  }
  const format = context.outputFormat(operator);
  const hasBias = context.hasOperand(operator, 2);
  if (hasBias && !context.isConstant(operator, 2)) {
    throw unsupportedLayer(place, 'computes its biases', 'Only constant biases are read; freeze the model.');
  }
  const bias = hasBias ? context.operand(operator, 2) : undefined;
  const input = formatOf(place, context.operand(operator, 0));
  if (!format || !input) {
    if (format || input) {
      throw unsupportedLayer(place, 'has only one of input and output quantized', 'Quantize the whole model.');
    }
    const real = channelFirst(readConstant(place, kernel, 'real'));
    return {
      kernel: Float32Array.from(real),
      ...(bias && { bias: Float32Array.from(readConstant(place, bias, 'real')) }),
    };
  }
  const values = channelFirst(readConstant(place, kernel, 'raw'));
  if (kernel.scales.length === 0 || !kernel.scales.every(isSoundScale)) {
    throw unsupportedLayer(place, 'has weights without a positive scale', 'Quantize its weights to int8.');
  }
  const zeroPoints = kernel.zeroPoints.length > 0 ? kernel.zeroPoints : [0];
  const quantized = { values, scales: kernel.scales, zeroPoints };
  const biases = bias && readConstant(place, bias, 'raw');
  return { integers: integerWeights(place, quantized, outChannels, input.scale, biases), format };
}

function fourAxes(place: Place, { shape }: TfliteTensor): [number, number, number, number] {
  if (shape.length !== 4) throw damagedModel(place.source, `holds a ${place.op} with weights of ${shape.length} axes`);
  return [shape[0], shape[1], shape[2], shape[3]];
}
