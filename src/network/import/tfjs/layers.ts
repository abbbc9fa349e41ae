import type { Padding, Pair, Shape } from '../../types.ts';
import { damagedModel, unsupportedLayer } from '../failures.ts';
import type { Tensor, Window } from '../imported-graph.ts';
import { nameOf, type TfjsContext } from './context.ts';
import type { TfjsLayer } from './model.ts';

type Importer = (context: TfjsContext, layer: TfjsLayer, inputs: readonly Tensor[]) => Tensor;

/** How each class of layer is taken over. */
export const TFJS_LAYERS: Readonly<Record<string, Importer>> = {
  Conv2D: importConvolution,
  DepthwiseConv2D: (context, layer, [input]) =>
    finish(context, layer, depthwise(context, layer, input, nameOf(layer), hasBias(context, layer))),
  SeparableConv2D: importSeparable,
  Dense: importDense,
  BatchNormalization: importBatchNorm,
  Activation: (context, layer, [input]) => context.activated(layer, input, context.text(layer, 'activation', 'linear')),
  ReLU: importReLU,
  Softmax: importSoftmax,
  Add: (context, layer, inputs) => context.graph.join(nameOf(layer), inputs, 'add'),
  Concatenate: importConcatenation,
  MaxPooling2D: (context, layer, [input]) => importPool(context, layer, input, 'maxPool'),
  AveragePooling2D: (context, layer, [input]) => importPool(context, layer, input, 'averagePool'),
  GlobalAveragePooling2D: (context, layer, [input]) => {
    context.assertChannelsLast(layer);
    return context.graph.unary(input, { op: 'globalAveragePool', name: nameOf(layer), inputs: [] });
  },
  GlobalMaxPooling2D: importGlobalMax,
  Flatten: (context, layer, [input]) => {
    context.assertChannelsLast(layer);
    return reshape(context, layer, input, [-1]);
  },
  Reshape: (context, layer, [input]) => reshape(context, layer, input, layer.config.target_shape),
  ZeroPadding2D: importPadding,
  Rescaling: importRescaling,
  ...Object.fromEntries(
    ['Dropout', 'SpatialDropout2D', 'GaussianNoise', 'GaussianDropout', 'ActivityRegularization'].map((name) => [
      name,
      ((_, __, [input]) => input) satisfies Importer,
    ]),
  ),
};

function hasBias(context: TfjsContext, layer: TfjsLayer): boolean {
  return context.flag(layer, 'use_bias', true);
}

function finish(context: TfjsContext, layer: TfjsLayer, tensor: Tensor): Tensor {
  return context.activated(layer, tensor, context.text(layer, 'activation', 'linear'));
}

function windowOf(context: TfjsContext, layer: TfjsLayer, input: Tensor, kernel: Pair): Window {
  context.assertChannelsLast(layer);
  const stride = context.pair(layer, 'strides', layer.class_name.includes('Pooling') ? kernel : [1, 1]);
  const dilation = context.pair(layer, 'dilation_rate', [1, 1]);
  const mode = context.text(layer, 'padding', 'valid');
  if (mode !== 'same' && mode !== 'valid') {
    throw unsupportedLayer(context.place(layer), `pads by ${mode}`, 'Use the padding same or valid.');
  }
  const [height, width] = context.graph.shapeOf(input);
  const around = input.padding ?? [0, 0, 0, 0];
  const along = (size: number, axis: 0 | 1): Pair => {
    if (mode === 'valid') return [0, 0];
    const extent = (kernel[axis] - 1) * dilation[axis] + 1;
    const total = Math.max((Math.ceil(size / stride[axis]) - 1) * stride[axis] + extent - size, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  };
  const [top, bottom] = along(height + around[0] + around[2], 0);
  const [left, right] = along(width + around[1] + around[3], 1);
  return { kernel, stride, padding: [top, right, bottom, left], dilation };
}

/** From [height][width][in][out] to output channel first. */
function outputFirst(values: Float32Array, outChannels: number): Float32Array {
  const perChannel = values.length / outChannels;
  return values.map((_, i) => values[(i % perChannel) * outChannels + Math.floor(i / perChannel)]);
}

function importConvolution(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const kernel = context.weight(layer, 'kernel');
  const size = context.pair(layer, 'kernel_size', [1, 1]);
  const outChannels = kernel.shape[3] ?? 0;
  const groups = context.number(layer, 'groups', 1);
  const channels = context.graph.shapeOf(input)[2];
  if (kernel.shape.join() !== [...size, channels / groups, outChannels].join()) {
    throw damagedModel(context.source, `holds layer "${nameOf(layer)}" with weights of ${kernel.shape.join('×')}`);
  }
  const bias = hasBias(context, layer) ? { bias: context.weight(layer, 'bias').values } : {};
  const weights = { kernel: outputFirst(kernel.values, outChannels), ...bias };
  const options = { outChannels, groups, activation: 'none' as const, weights };
  return finish(
    context,
    layer,
    context.graph.convolution(nameOf(layer), input, windowOf(context, layer, input, size), options),
  );
}

function depthwise(context: TfjsContext, layer: TfjsLayer, input: Tensor, name: string, biased: boolean): Tensor {
  const kernel = context.weight(layer, 'depthwise_kernel');
  const size = context.pair(layer, 'kernel_size', [1, 1]);
  const groups = context.graph.shapeOf(input)[2];
  const multiplier = kernel.shape[3] ?? 0;
  if (kernel.shape.join() !== [...size, groups, multiplier].join() || multiplier < 1) {
    throw damagedModel(context.source, `holds layer "${nameOf(layer)}" with weights of ${kernel.shape.join('×')}`);
  }
  const outChannels = groups * multiplier;
  const bias = biased ? { bias: context.weight(layer, 'bias').values } : {};
  const weights = { kernel: outputFirst(kernel.values, outChannels), ...bias };
  const options = { outChannels, groups, activation: 'none' as const, weights };
  return context.graph.convolution(name, input, windowOf(context, layer, input, size), options);
}

const POINT: Window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] };

function importSeparable(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const between = depthwise(context, layer, input, `${nameOf(layer)}.depthwise`, false);
  const pointwise = context.weight(layer, 'pointwise_kernel');
  const outChannels = pointwise.shape[3] ?? 0;
  const bias = hasBias(context, layer) ? { bias: context.weight(layer, 'bias').values } : {};
  const weights = { kernel: outputFirst(pointwise.values, Math.max(outChannels, 1)), ...bias };
  const options = { outChannels, groups: 1, activation: 'none' as const, weights };
  return finish(context, layer, context.graph.convolution(nameOf(layer), between, POINT, options));
}

/** Along the channels of every pixel a dense layer is a 1 × 1 convolution. */
function importDense(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const kernel = context.weight(layer, 'kernel');
  const [inputs, outChannels] = kernel.shape;
  const [height, width, channels] = context.graph.shapeOf(input);
  if (kernel.shape.length !== 2 || inputs !== channels) {
    throw damagedModel(
      context.source,
      `holds layer "${nameOf(layer)}" with ${kernel.shape.join('×')} weights for ${channels} inputs`,
    );
  }
  const bias = hasBias(context, layer) ? { bias: context.weight(layer, 'bias').values } : {};
  const weights = { kernel: outputFirst(kernel.values, outChannels), ...bias };
  const name = nameOf(layer);
  const options = { outChannels, groups: 1, activation: 'none' as const, weights };
  const output =
    height * width === 1
      ? context.graph.dense(name, input, outChannels, 'none', weights)
      : context.graph.convolution(name, input, POINT, options);
  return finish(context, layer, output);
}

function importBatchNorm(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const axis = context.axis(layer);
  if (!context.isChannels(axis, input)) {
    throw unsupportedLayer(context.place(layer), `normalises along axis ${axis}`, 'Save it with channels_last.');
  }
  const mean = context.weight(layer, 'moving_mean').values;
  const part = (flag: string, variable: string, fallback: number) =>
    context.flag(layer, flag, true)
      ? context.weight(layer, variable).values
      : new Float32Array(mean.length).fill(fallback);
  const parts = {
    gamma: part('scale', 'gamma', 1),
    beta: part('center', 'beta', 0),
    mean,
    variance: context.weight(layer, 'moving_variance').values,
  };
  return context.graph.batchNorm(nameOf(layer), input, context.number(layer, 'epsilon', 1e-3), parts);
}

function importSoftmax(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const axis = context.axis(layer);
  if (context.isChannels(axis, input)) return context.activated(layer, input, 'softmax');
  throw unsupportedLayer(context.place(layer), `takes the softmax over axis ${axis}`, 'Take it over the channels.');
}

function importReLU(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const high = layer.config.max_value ?? null;
  const others = context.number(layer, 'negative_slope', 0) !== 0 || context.number(layer, 'threshold', 0) !== 0;
  if (others || (high !== null && high !== 6)) {
    throw unsupportedLayer(
      context.place(layer),
      `is a ReLU up to ${String(high)}`,
      'Use a plain ReLU, or one up to 6.',
    );
  }
  return context.activated(layer, input, high === 6 ? 'relu6' : 'relu');
}

function importConcatenation(context: TfjsContext, layer: TfjsLayer, inputs: readonly Tensor[]): Tensor {
  const axis = context.axis(layer);
  if (!inputs.every((input) => context.isChannels(axis, input))) {
    throw unsupportedLayer(
      context.place(layer),
      `joins along axis ${axis}`,
      'Joining along the channels is supported.',
    );
  }
  return context.graph.join(nameOf(layer), inputs, 'concat');
}

function importPool(context: TfjsContext, layer: TfjsLayer, input: Tensor, op: 'averagePool' | 'maxPool'): Tensor {
  const window = windowOf(context, layer, input, context.pair(layer, 'pool_size', [2, 2]));
  return context.graph.pool(nameOf(layer), input, op, window);
}

function importGlobalMax(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  context.assertChannelsLast(layer);
  const plain = context.graph.plain(input);
  const [height, width] = context.graph.shapeOf(plain);
  const window = { kernel: [height, width], stride: [1, 1], padding: [0, 0, 0, 0] } as const;
  return context.graph.pool(nameOf(layer), plain, 'maxPool', window);
}

/** Sizes without the batch, one of which may be −1; missing ones count from the last. */
function reshape(context: TfjsContext, layer: TfjsLayer, input: Tensor, target: unknown): Tensor {
  const plain = context.graph.plain(input);
  const elements = context.graph.shapeOf(plain).reduce((product, size) => product * size, 1);
  const sizes = Array.isArray(target) ? target.map(Number) : [];
  const open = sizes.indexOf(-1);
  if (open >= 0)
    sizes[open] = elements / sizes.reduce((product, size, axis) => (axis === open ? product : product * size), 1);
  const sound = sizes.length >= 1 && sizes.length <= 3 && sizes.every((size) => Number.isInteger(size) && size > 0);
  if (!sound || sizes.reduce((product, size) => product * size, 1) !== elements) {
    throw damagedModel(
      context.source,
      `holds layer "${nameOf(layer)}" that reshapes ${elements} elements to ${sizes.join('×')}`,
    );
  }
  const shape = [1, 1, 1, ...sizes].slice(-3) as unknown as Shape;
  return context.graph.reshape(nameOf(layer), plain, shape);
}

function importPadding(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  context.assertChannelsLast(layer);
  const { padding: stated } = layer.config;
  const rows = typeof stated === 'number' ? [stated, stated] : Array.isArray(stated) ? stated : [];
  const amounts = rows.flatMap((row) => (Array.isArray(row) ? row : [row, row])).map(Number);
  if (
    amounts.length !== 4 ||
    amounts.some((amount) => !(amount >= 0 && amount <= 2 ** 16 && Number.isInteger(amount)))
  ) {
    throw damagedModel(context.source, `holds layer "${nameOf(layer)}" with a padding of ${amounts.join(', ')}`);
  }
  const [top, bottom, left, right] = amounts;
  return context.graph.pad(input, [top, right, bottom, left] satisfies Padding);
}

function importRescaling(context: TfjsContext, layer: TfjsLayer, [input]: readonly Tensor[]): Tensor {
  const one = (key: string, fallback: number) => Float32Array.of(context.number(layer, key, fallback));
  return context.graph.scaleAndShift(nameOf(layer), input, one('scale', 1), one('offset', 0));
}
