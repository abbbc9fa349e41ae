import type { StoredFormat } from '../../types.ts';
import { INPUT } from '../../types.ts';
import { type Place, unsupportedLayer } from '../failures.ts';
import { isSoundScale } from '../limits.ts';
import type { Computed, Constant, OnnxContext } from './context.ts';
import type { OnnxNode } from './model.ts';
import { ELEMENT_TYPES } from './tensors.ts';

/** The scale of a channel: the only one, or its own. */
export function scaleAt(scales: ArrayLike<number>, channel: number): number {
  return scales[scales.length === 1 ? 0 : channel];
}

/** The 8-bit format that a scale and a zero point make; int8 counts from −128, ours from 0. */
export function integerFormat(
  place: Place,
  scale: Constant,
  zeroPoint: Constant | undefined,
  type: string,
): StoredFormat {
  if (type !== 'uint8' && type !== 'int8') {
    throw unsupportedLayer(place, `quantizes to ${type}`, 'Activations of uint8 or int8 are supported.');
  }
  if (scale.values.length !== 1 || (zeroPoint && zeroPoint.values.length !== 1)) {
    const problem = `quantizes with ${scale.values.length} scales`;
    throw unsupportedLayer(place, problem, 'Quantize activations with one scale for each tensor.');
  }
  const format = { scale: scale.values[0], zeroPoint: (zeroPoint?.values[0] ?? 0) + (type === 'int8' ? 128 : 0) };
  const sound = isSoundScale(format.scale) && format.zeroPoint >= 0 && format.zeroPoint <= 255;
  if (sound) return format;
  const problem = `quantizes with a scale of ${format.scale} and a zero point of ${zeroPoint?.values[0]}`;
  throw unsupportedLayer(place, problem, 'Use a positive scale and a zero point within the type.');
}

/**
 * The format of a computed operand, followed by its scale and zero point, which have to be those of whoever produced it.
 *
 * @throws {BitbudgetError} `unsupported` for another format.
 */
export function statedFormat(context: OnnxContext, node: OnnxNode, position: number): StoredFormat {
  const place = context.place(node);
  const [scale, zeroPoint] = [context.constant(node, position + 1), context.optional(node, position + 2)];
  const stated = integerFormat(place, scale, zeroPoint, zeroPoint?.type ?? context.integerInput ?? 'uint8');
  const known = context.formatOf(context.value(node, position), stated);
  if (known?.scale === stated.scale && known.zeroPoint === stated.zeroPoint) return stated;
  throw unsupportedLayer(place, 'states another format for its input than the layer before it', 'Quantize it again.');
}

/** QuantizeLinear of a computed value. */
export function importQuantize(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  const value = context.value(node, 0);
  const zeroPoint = context.optional(node, 2);
  const stated = context.int(node, 'output_dtype', 0);
  const type = zeroPoint?.type ?? (stated === 0 ? 'uint8' : (ELEMENT_TYPES[stated] ?? `element type ${stated}`));
  const format = integerFormat(place, context.constant(node, 1), zeroPoint, type);
  return { ...value, tensor: context.graph.quantize(node.name, value.tensor, format) };
}

/** DequantizeLinear: of a constant the integers are kept beside; a computed value has its format already. */
export function importDequantize(context: OnnxContext, node: OnnxNode): Computed | undefined {
  const place = context.place(node);
  const [scale, zeroPoint] = [context.constant(node, 1), context.optional(node, 2)];
  if (context.isConstant(node, 0)) {
    if (context.int(node, 'block_size', 0) !== 0) {
      throw unsupportedLayer(
        place,
        'has scales for blocks',
        'Quantize weights with one scale, or one for each channel.',
      );
    }
    const constant = context.constant(node, 0);
    const axis = context.int(node, 'axis', 1);
    const zeroPoints = zeroPoint?.values ?? [0];
    const { dims } = constant;
    const counts = [scale.values.length, zeroPoints.length];
    if (
      constant.quantized ||
      counts.some((count) => count !== 1 && count !== dims[(axis + dims.length) % dims.length])
    ) {
      const problem = `has ${counts.join(' and ')} scales and zero points along axis ${axis} of ${dims.join('×')}`;
      throw unsupportedLayer(place, problem, 'Quantize weights once, with one scale or one for each channel.');
    }
    if (!Array.from(scale.values).every(isSoundScale)) {
      throw unsupportedLayer(place, 'has a scale that is not positive', 'Quantize the model again.');
    }
    context.produceConstant(node, { ...constant, quantized: { scales: scale.values, zeroPoints, axis } });
    return undefined;
  }
  const value = context.value(node, 0);
  const type = zeroPoint?.type ?? context.integerInput ?? 'uint8';
  const stated = integerFormat(place, scale, zeroPoint, type);
  const known = context.formatOf(value, stated);
  if (known?.scale !== stated.scale || known.zeroPoint !== stated.zeroPoint) {
    const what = value.tensor.name === INPUT ? 'the input' : 'what was quantized before it';
    throw unsupportedLayer(place, `states another format than ${what}`, 'Quantize the model again.');
  }
  return value;
}

/** A constant's numbers, with integers brought to reals. */
export function realValues({ values, dims, quantized }: Constant): ArrayLike<number> {
  if (!quantized) return values;
  const { scales, zeroPoints } = quantized;
  const axis = (quantized.axis + dims.length) % Math.max(dims.length, 1);
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channels = scales.length === 1 ? 1 : dims[axis];
  return Float64Array.from(values, (q, i) => {
    const channel = channels === 1 ? 0 : Math.floor(i / inner) % channels;
    return (q - scaleAt(zeroPoints, channel)) * scaleAt(scales, channel);
  });
}
