import type { ActivationFunction } from '../../types.ts';
import { damagedModel, unsupportedLayer } from '../failures.ts';
import { type Computed, type Constant, channelAxis, type OnnxContext } from './context.ts';
import type { OnnxNode } from './model.ts';
import { realValues } from './quantization.ts';
import { shortList } from './shaping.ts';

/** Bounds from here on are none: exporters write the largest number of their type. */
const UNBOUNDED = 3e38;

export function importActivation(context: OnnxContext, node: OnnxNode, activation: ActivationFunction): Computed {
  const value = context.value(node, 0);
  return { ...value, tensor: context.graph.activation(node.name, value.tensor, activation) };
}

/** Clip between 0 and 6, from 0 upwards, or not at all. */
export function importClip(context: OnnxContext, node: OnnxNode): Computed {
  const bound = (position: number, attribute: string, fallback: number) => {
    const given = context.optional(node, position);
    return given ? (realValues(given)[0] ?? fallback) : context.float(node, attribute, fallback);
  };
  const [low, high] = [bound(1, 'min', -UNBOUNDED), bound(2, 'max', UNBOUNDED)];
  if (low === 0 && high === 6) return importActivation(context, node, 'relu6');
  if (low === 0 && high >= UNBOUNDED) return importActivation(context, node, 'relu');
  if (low <= -UNBOUNDED && high >= UNBOUNDED) return context.value(node, 0);
  const problem = `clips to ${low} … ${high}`;
  throw unsupportedLayer(context.place(node), problem, 'Use a ReLU or ReLU6: 0 to 6, or 0 upwards.');
}

/** Add, Sub, Mul and Div: of two computed values only Add, of one with a constant all four. */
export function importArithmetic(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  if (context.model.opset < 7 && context.int(node, 'broadcast', 0) !== 0) {
    const problem = 'spreads its second operand as operator sets before 7 did';
    throw unsupportedLayer(place, problem, 'Convert the model to a newer operator set.');
  }
  const first = context.isConstant(node, 0);
  if (!first && !context.isConstant(node, 1)) {
    const [a, b] = [context.value(node, 0), context.value(node, 1)];
    if (node.op !== 'Add') {
      throw unsupportedLayer(place, 'combines two computed values', 'Of two computed values the sum is supported.');
    }
    if (a.dims.join() !== b.dims.join() || JSON.stringify(a.layout) !== JSON.stringify(b.layout)) {
      const problem = `adds ${a.dims.join('×')} to ${b.dims.join('×')}`;
      throw unsupportedLayer(place, problem, 'Operands of an addition have to be of one shape, or constant.');
    }
    refuseBytes(context, node, a);
    return { ...a, tensor: context.graph.join(node.name, [a.tensor, b.tensor], 'add') };
  }
  if (first && (node.op === 'Sub' || node.op === 'Div')) {
    throw unsupportedLayer(place, 'takes a computed value from a constant', 'Use x + c, x − c, x · c or x / c.');
  }
  const value = context.value(node, first ? 1 : 0);
  refuseBytes(context, node, value);
  const constants = alongChannels(context, node, value, context.constant(node, first ? 0 : 1));
  const map = (f: (c: number) => number) => constants.map(f);
  const scale = node.op === 'Mul' ? constants : node.op === 'Div' ? map((c) => 1 / c) : map(() => 1);
  const shift = node.op === 'Add' ? constants : node.op === 'Sub' ? map((c) => -c) : map(() => 0);
  return { ...value, tensor: context.graph.scaleAndShift(node.name, value.tensor, scale, shift) };
}

/** Arithmetic on bare bytes wraps around, which is nothing that a network does. */
function refuseBytes(context: OnnxContext, node: OnnxNode, { tensor }: Computed): void {
  if (context.integerInput === undefined || tensor.name !== 'input' || context.graph.formatOf(tensor)) return;
  throw unsupportedLayer(
    context.place(node),
    'computes with bytes that have no scale',
    'Quantize it with DequantizeLinear.',
  );
}

/** A constant's numbers by channel, one if it is the same for all. */
function alongChannels(context: OnnxContext, node: OnnxNode, value: Computed, constant: Constant): Float32Array {
  const values = Float32Array.from(realValues(constant));
  if (values.length === 1) return values;
  const axis = channelAxis(context, value);
  const { dims } = value;
  const sizes = [...new Array<number>(Math.max(dims.length - constant.dims.length, 0)).fill(1), ...constant.dims];
  const fits = sizes.length === dims.length && sizes.every((size, i) => (i === axis ? size === dims[i] : size === 1));
  if (fits) return values;
  const problem = `computes with a constant of ${constant.dims.join('×')} for ${dims.join('×')}`;
  throw unsupportedLayer(
    context.place(node),
    problem,
    'Constants that are one number, or one a channel, are supported.',
  );
}

/** Dropout, which does nothing once training is over. */
export function importDropout(context: OnnxContext, node: OnnxNode): Computed {
  const trains = context.optional(node, 2)?.values[0] ?? 0;
  if (trains !== 0 || (context.model.opset < 7 && context.int(node, 'is_test', 0) === 0)) {
    throw unsupportedLayer(context.place(node), 'is in training mode', 'Export the model for inference.');
  }
  return context.value(node, 0);
}

/** Softmax over the channels. */
export function importSoftmax(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const { dims } = value;
  const modern = context.model.opset >= 13;
  const stated = context.int(node, 'axis', modern ? -1 : 1);
  const axis = (stated + dims.length) % dims.length;
  const channels = channelAxis(context, value);
  // before operator set 13 all axes from the stated one on were one
  const alone = modern || dims.every((size, i) => i <= axis || size === 1);
  if (axis !== channels || !alone) {
    const problem = `takes the softmax over axis ${stated} of ${dims.join('×')}`;
    throw unsupportedLayer(context.place(node), problem, 'A softmax over the channels is supported.');
  }
  return { ...value, tensor: context.graph.unary(value.tensor, { op: 'softmax', name: node.name, inputs: [] }) };
}

/** Concat along the channels. */
export function importConcat(context: OnnxContext, node: OnnxNode): Computed {
  const values = node.inputs.map((_, i) => context.value(node, i));
  if (values.length === 0) throw damagedModel(context.source, 'holds a Concat of nothing');
  const [first] = values;
  const rank = first.dims.length;
  const axis = (context.int(node, 'axis', 0) + rank) % rank;
  const same = values.every(({ layout }) => JSON.stringify(layout) === JSON.stringify(first.layout));
  if (!same || values.some((value) => channelAxis(context, value) !== axis || value.dims.length !== rank)) {
    throw unsupportedLayer(
      context.place(node),
      `joins values along axis ${axis}`,
      'Joining along the channels is supported.',
    );
  }
  const tensor = context.graph.join(
    node.name,
    values.map((value) => value.tensor),
    'concat',
  );
  const channels = values.reduce((sum, { dims }) => sum + dims[axis], 0);
  return { ...first, tensor, dims: first.dims.with(axis, channels) };
}

/** GlobalAveragePool, or ReduceMean over all pixels. */
export function importMean(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  const value = context.value(node, 0);
  const { dims, layout } = value;
  const rank = dims.length;
  const first = layout.axes === 'first' ? 2 : 1;
  const pixels = layout.axes === 'flat' ? [] : dims.map((_, axis) => axis).slice(first, first + rank - 2);
  let keeps = true;
  if (node.op === 'ReduceMean') {
    keeps = context.int(node, 'keepdims', 1) !== 0;
    const given = context.optional(node, 1);
    const stated = given ? shortList(context, node, 1) : context.ints(node, 'axes', []);
    const axes = stated.map((axis) => (axis + rank) % rank).sort((a, b) => a - b);
    if (axes.join() !== pixels.join()) {
      const problem = `takes the mean over axes ${stated.join(', ')} of ${dims.join('×')}`;
      throw unsupportedLayer(place, problem, 'The mean over height and width is supported.');
    }
  }
  if (pixels.length === 0) throw unsupportedLayer(place, 'has no pixels to take the mean of', 'Leave it out.');
  const tensor = context.graph.unary(value.tensor, { op: 'globalAveragePool', name: node.name, inputs: [] });
  if (keeps) return { ...value, tensor, dims: dims.map((size, axis) => (pixels.includes(axis) ? 1 : size)) };
  const channels = dims[channelAxis(context, value)];
  return { tensor, dims: [1, channels], layout: { axes: 'flat', order: 'last' } };
}

/** GlobalMaxPool: one window that is the whole image. */
export function importGlobalMax(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const tensor = context.graph.plain(value.tensor);
  const [height, width] = context.graph.shapeOf(tensor);
  const window = { kernel: [height, width], stride: [1, 1], padding: [0, 0, 0, 0] } as const;
  const dims = value.dims.map((size, axis) => (axis > 1 ? 1 : size));
  return { ...value, tensor: context.graph.pool(node.name, tensor, 'maxPool', window), dims };
}
