import { damagedModel, unsupportedLayer } from '../failures.ts';
import { LIMITS } from '../limits.ts';
import { type Computed, type Constant, type Layout, type OnnxContext, shapeOf } from './context.ts';
import type { OnnxNode } from './model.ts';
import { ELEMENT_TYPES } from './tensors.ts';

/** Constants of more numbers are weights, which no arithmetic on sizes is made of. */
const LONGEST_SIZES = 64;

const FLAT: Layout = { axes: 'flat', order: 'last' };

export function importFlatten(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const rank = value.dims.length;
  const axis = context.int(node, 'axis', 1);
  if ((axis + rank) % rank !== 1) {
    throw unsupportedLayer(context.place(node), `flattens from axis ${axis} on`, 'Flatten all but the batch: axis 1.');
  }
  return reshaped(context, node, value, [1, product(value.dims)]);
}

/** Reshape to constant sizes, of which one may be −1 and 0 keeps a size. */
export function importReshape(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const target = shortList(context, node, 1);
  if (context.batch > 1 && target[0] === context.batch) target[0] = 1;
  const keeps = context.int(node, 'allowzero', 0) === 0;
  const sizes = target.map((size, axis) => (size === 0 && keeps ? (value.dims[axis] ?? 0) : size));
  const open = sizes.indexOf(-1);
  if (open >= 0) sizes[open] = product(value.dims) / product(sizes.filter((_, axis) => axis !== open));
  return reshaped(context, node, value, sizes);
}

/** Squeeze and Unsqueeze, by attribute or by input. */
export function importSqueeze(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const given = context.optional(node, 1);
  const axes = given ? shortList(context, node, 1) : context.ints(node, 'axes', []);
  const { dims } = value;
  if (node.op === 'Squeeze') {
    const gone = axes.length > 0 ? axes.map((axis) => (axis + dims.length) % dims.length) : undefined;
    return reshaped(
      context,
      node,
      value,
      dims.filter((size, axis) => (gone ? !gone.includes(axis) : size !== 1 || axis === 0)),
    );
  }
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis + rank) % rank));
  const rest = [...dims];
  const sizes = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 1)));
  return reshaped(context, node, value, sizes);
}

/** Channels to the front or to the back: the network's own order stays. */
export function importTranspose(context: OnnxContext, node: OnnxNode): Computed {
  const value = context.value(node, 0);
  const { dims, layout } = value;
  const rank = dims.length;
  const order = context.ints(
    node,
    'perm',
    dims.map((_, axis) => rank - 1 - axis),
  );
  const between = Array.from({ length: Math.max(rank - 2, 0) }, (_, i) => i);
  const toLast = [0, ...between.map((i) => i + 2), 1].join();
  const toFirst = [0, rank - 1, ...between.map((i) => i + 1)].join();
  const sizes = order.map((axis) => dims[axis] ?? 0);
  if (order.join() === dims.map((_, axis) => axis).join()) return value;
  if (layout.axes === 'first' && order.join() === toLast) return { ...value, dims: sizes, layout: { axes: 'last' } };
  if (layout.axes === 'last' && order.join() === toFirst) return { ...value, dims: sizes, layout: { axes: 'first' } };
  const problem = `orders the axes ${order.join(', ')} of ${dims.join('×')}`;
  throw unsupportedLayer(context.place(node), problem, 'Moving the channels from front to back or back is supported.');
}

/** The numbers of a constant that lists sizes or axes. */
export function shortList(context: OnnxContext, node: OnnxNode, position: number): number[] {
  const { values } = context.constant(node, position);
  if (values.length <= 2 * LIMITS.rank) return [...values];
  throw damagedModel(context.source, `holds a ${node.op} with ${values.length} sizes or axes`);
}

/** The same elements under other sizes, where the network's tensor can stay as it lies. */
function reshaped(context: OnnxContext, node: OnnxNode, value: Computed, sizes: number[]): Computed {
  const { dims, layout, tensor } = value;
  const place = context.place(node);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1) || product(sizes) !== product(dims)) {
    throw damagedModel(context.source, `holds a ${node.op} of ${dims.join('×')} to ${sizes.join('×')}`);
  }
  if (sizes.join() === dims.join()) return value;
  const plain = context.graph.plain(tensor);
  const [height, width, channels] = context.graph.shapeOf(plain);
  const pixels = height * width;
  if (sizes[0] === 1 && sizes.length === 2) {
    // nothing moves: a dense layer reads the image in its own order
    const order = layout.axes === 'flat' ? layout.order : layout.axes;
    return { tensor: plain, dims: sizes, layout: pixels === 1 ? FLAT : { axes: 'flat', order } };
  }
  if (sizes[0] === 1 && (sizes.length === 3 || sizes.length === 4)) {
    for (const axes of ['first', 'last'] as const) {
      const target = shapeOf(sizes, { axes });
      const lies = layout.axes === 'flat' ? layout.order : layout.axes;
      // pixels regroup as long as the channels are the same ones; of one channel, or one pixel, the order is no matter
      const whole = target[2] === channels && (lies === axes || channels === 1 || pixels === 1);
      const single = pixels === 1 && (axes === 'last' || target[2] === 1 || target[0] * target[1] === 1);
      if (!whole && !single) continue;
      const tensorOf = context.graph.reshape(node.name, plain, target);
      return { tensor: tensorOf, dims: sizes, layout: { axes } };
    }
  }
  const problem = `reshapes ${dims.join('×')} to ${sizes.join('×')}`;
  throw unsupportedLayer(place, problem, 'Flattening, and regrouping pixels of unchanged channels, are supported.');
}

/**
 * Arithmetic on sizes, which are known: Shape, Gather, Concat, Cast, Unsqueeze and Squeeze of short constants.
 *
 * @returns whether the node was one of these.
 */
export function foldConstants(context: OnnxContext, node: OnnxNode): boolean {
  if (node.op === 'Constant') {
    context.produceConstant(node, constantOf(context, node));
    return true;
  }
  if (node.op === 'Shape' && !context.isConstant(node, 0)) {
    const { dims } = context.value(node, 0);
    const sizes = dims.slice(context.int(node, 'start', 0), context.int(node, 'end', dims.length));
    context.produceConstant(node, integers(node, sizes));
    return true;
  }
  const known =
    node.inputs.length > 0 && node.inputs.every((_, i) => !context.has(node, i) || context.isConstant(node, i));
  if (!known) return false;
  if (node.inputs.some((_, i) => context.has(node, i) && context.constant(node, i).values.length > LONGEST_SIZES)) {
    if (node.op !== 'Identity') return false;
  }
  switch (node.op) {
    case 'Gather': {
      const data = context.constant(node, 0);
      const picked = [...context.constant(node, 1).values].map(
        (at) => data.values[at < 0 ? at + data.values.length : at],
      );
      if (data.dims.length > 1 || data.quantized || picked.includes(undefined as unknown as number)) return false;
      context.produceConstant(node, { ...integers(node, picked), dims: [...context.constant(node, 1).dims] });
      return true;
    }
    case 'Concat': {
      const parts = node.inputs.map((_, i) => context.constant(node, i));
      if (parts.some(({ dims, quantized }) => dims.length !== 1 || quantized)) return false;
      const joined = parts.flatMap(({ values }) => [...values]);
      context.produceConstant(node, { ...integers(node, joined), type: parts[0].type });
      return true;
    }
    case 'Cast': {
      const constant = context.constant(node, 0);
      const type = ELEMENT_TYPES[context.int(node, 'to', 0)];
      const ranges = type === 'int64' || type === 'int32' || type === 'float' || type === 'double';
      if (!ranges || constant.quantized) return false;
      const values = constant.values.map((v) => (type.startsWith('int') ? Math.trunc(v) : v));
      context.produceConstant(node, { ...constant, type, values });
      return true;
    }
    case 'Identity':
      context.produceConstant(node, context.constant(node, 0));
      return true;
    case 'Unsqueeze':
    case 'Squeeze': {
      const constant = context.constant(node, 0);
      if (constant.values.length !== 1 || constant.quantized) return false;
      context.produceConstant(node, { ...constant, dims: node.op === 'Unsqueeze' ? [1] : [] });
      return true;
    }
    default:
      return false;
  }
}

function constantOf(context: OnnxContext, node: OnnxNode): Constant {
  const tensor = context.tensor(node, 'value');
  if (tensor) return tensor;
  const one = node.attributes.get('value_float') ?? node.attributes.get('value_int');
  if (one) return { ...integers(node, [one.has(2) ? one.float(2) : one.int(3)]), dims: [] };
  const many = node.attributes.get('value_floats') ?? node.attributes.get('value_ints');
  if (many) return integers(node, many.has(7) ? many.floats(7) : many.ints(8));
  const remedy = 'Constants of numbers are supported.';
  throw unsupportedLayer(context.place(node), 'holds no numbers', remedy);
}

function integers({ name }: OnnxNode, values: number[]): Constant {
  return { name, type: 'int64', dims: [values.length], values: Float64Array.from(values) };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
