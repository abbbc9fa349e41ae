import type { Padding, Pair } from '../../types.ts';
import { damagedModel, unsupportedLayer } from '../failures.ts';
import type { Window } from '../imported-graph.ts';
import { type Computed, type OnnxContext, shapeOf } from './context.ts';
import type { OnnxNode } from './model.ts';
import { realValues } from './quantization.ts';
import { shortList } from './shaping.ts';

const LARGEST = 2 ** 16;

/**
 * The window of a convolution or pool over rows and columns, from strides, dilations and one of pads and auto_pad.
 *
 * @returns `beyond`: rows and columns behind the padding that windows of a rounded-up size reach.
 */
export function windowOf(
  context: OnnxContext,
  node: OnnxNode,
  { dims, layout }: Computed,
  kernel: Pair,
): { window: Window; beyond: Pair } {
  const axes = dims.length - 2;
  const pair = (name: string): Pair => {
    const values = context.ints(node, name, new Array<number>(axes).fill(1));
    if (values.length !== axes || values.some((value) => value < 1 || value > LARGEST)) {
      throw damagedModel(context.source, `holds a ${node.op} with ${name} of ${values.join(', ')}`);
    }
    return axes === 1 ? [1, values[0]] : [values[0], values[1]];
  };
  const [stride, dilation] = [pair('strides'), pair('dilations')];
  const pads = context.ints(node, 'pads', new Array<number>(2 * axes).fill(0));
  if (pads.length !== 2 * axes || pads.some((value) => value < 0 || value > LARGEST)) {
    throw damagedModel(context.source, `holds a ${node.op} with pads of ${pads.join(', ')}`);
  }
  const auto = context.text(node, 'auto_pad', 'NOTSET');
  const ceil = context.int(node, 'ceil_mode', 0) !== 0;
  // padding that waits to be taken in is part of these sizes
  const [height, width] = shapeOf(dims, layout);
  const along = (size: number, axis: 0 | 1): [before: number, after: number, beyond: number] => {
    const extent = (kernel[axis] - 1) * dilation[axis] + 1;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const total = Math.max((Math.ceil(size / stride[axis]) - 1) * stride[axis] + extent - size, 0);
      const small = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [small, total - small, 0] : [total - small, small, 0];
    }
    const explicit = auto === 'NOTSET' || auto === '';
    const given = axes === 1 && axis === 0 ? [0, 0] : [pads[axis - (2 - axes)], pads[axis - (2 - axes) + axes]];
    const [before, after] = explicit ? given : [0, 0];
    if (!ceil) return [before, after, 0];
    let count = Math.ceil((size + before + after - extent) / stride[axis]) + 1;
    if ((count - 1) * stride[axis] >= size + before) count--; // a window may not begin behind the image
    return [before, after, Math.max((count - 1) * stride[axis] + extent - size - before - after, 0)];
  };
  const rows = along(height, 0);
  const columns = along(width, 1);
  const padding: Padding = [rows[0], columns[1], rows[1], columns[0]];
  return { window: { kernel, stride, padding, dilation }, beyond: [rows[2], columns[2]] };
}

/** AveragePool and MaxPool. */
export function importPool(context: OnnxContext, node: OnnxNode, op: 'averagePool' | 'maxPool'): Computed {
  const place = context.place(node);
  const value = context.value(node, 0);
  const { dims, layout } = value;
  const size = context.ints(node, 'kernel_shape', []);
  if (layout.axes !== 'first' || size.length !== dims.length - 2 || size.some((n) => n < 1 || n > LARGEST)) {
    const problem = `has a window of ${size.join('×')} for an input of ${dims.join('×')}`;
    throw unsupportedLayer(place, problem, 'Pools over images or sequences, channels first, are supported.');
  }
  const kernel: Pair = [size.length > 1 ? size[0] : 1, size[size.length - 1]];
  const { window, beyond } = windowOf(context, node, value, kernel);
  const { padding, dilation } = window;
  const padded = padding.some((amount) => amount > 0);
  const counts = op === 'averagePool' && context.int(node, 'count_include_pad', 0) !== 0 && padded;
  const holes = dilation.some((step) => step > 1);
  const reaches = beyond.some((amount) => amount > 0);
  const finish = (tensor: Computed['tensor']): Computed => {
    const [height, width] = context.graph.shapeOf(tensor);
    return { tensor, dims: [1, dims[1], ...(dims.length === 4 ? [height, width] : [width])], layout };
  };
  if (counts || (holes && op === 'averagePool' && !padded)) {
    if (reaches) throw unsupportedLayer(place, 'counts padding and rounds its size up', 'Use one of the two.');
    return finish(context.graph.countingAverage(node.name, value.tensor, window, context.formatOf(value)));
  }
  const whole: Padding = [padding[0], padding[1] + beyond[1], padding[2] + beyond[0], padding[3]];
  const empty = Math.max(whole[0], whole[2]) >= kernel[0] || Math.max(whole[1], whole[3]) >= kernel[1];
  if (holes || empty) {
    const problem = holes ? 'has a window with holes' : 'has windows that hold nothing but padding';
    throw unsupportedLayer(place, problem, 'Use dilation 1 and padding smaller than the window.');
  }
  return finish(context.graph.pool(node.name, value.tensor, op, { ...window, padding: whole }));
}

/** Pad with zeros, of the image alone. */
export function importPad(context: OnnxContext, node: OnnxNode): Computed {
  const place = context.place(node);
  const value = context.value(node, 0);
  const { dims, layout } = value;
  const mode = context.text(node, 'mode', 'constant');
  const fill = context.has(node, 2) ? (realValues(context.constant(node, 2))[0] ?? 0) : context.float(node, 'value', 0);
  if (mode !== 'constant' || fill !== 0) {
    const problem = mode === 'constant' ? `pads with ${fill}` : `pads by ${mode}`;
    throw unsupportedLayer(place, problem, 'Padding with zeros is supported.');
  }
  const given = context.has(node, 1) ? shortList(context, node, 1) : context.ints(node, 'pads', []);
  const axes = context.has(node, 3) ? shortList(context, node, 3) : dims.map((_, axis) => axis);
  if (given.length !== 2 * axes.length || given.some((amount) => amount < 0 || amount > LARGEST)) {
    throw unsupportedLayer(
      place,
      `pads by ${given.join(', ')}`,
      'Pads have to be one pair of sizes from 0 for each axis.',
    );
  }
  const before = dims.map(() => 0);
  const after = dims.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    before[(axis + dims.length) % dims.length] = given[i];
    after[(axis + dims.length) % dims.length] = given[i + axes.length];
  }
  const first = layout.axes === 'first' ? 2 : 1;
  const pixelAxes = dims.map((_, axis) => axis).slice(first, first + dims.length - 2);
  const others = dims.some((_, axis) => !pixelAxes.includes(axis) && before[axis] + after[axis] > 0);
  if (layout.axes === 'flat' || others) {
    throw unsupportedLayer(place, 'pads an axis that is none of the image', 'Pad height and width.');
  }
  const [row, column] = pixelAxes.length === 2 ? pixelAxes : [-1, pixelAxes[0]];
  const at = (list: number[], axis: number) => (axis < 0 ? 0 : list[axis]);
  const padding: Padding = [at(before, row), at(after, column), at(after, row), at(before, column)];
  const sizes = dims.map((size, axis) => size + before[axis] + after[axis]);
  return { tensor: context.graph.pad(value.tensor, padding), dims: sizes, layout };
}
