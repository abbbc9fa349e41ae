import { BitbudgetError } from '../core/errors.ts';
import { INPUT, type Layer, type Network, type Shape } from './types.ts';
import { outputSize } from './workload.ts';

/**
 * Infers the output shape of every layer, keyed by layer name, with the network's own input under `input`.
 *
 * @throws {BitbudgetError} `input` for a reference to a missing layer, operands of unequal shape, groups that do not divide the
 * channels, or an empty output.
 */
export function inferShapes(network: Pick<Network, 'inputShape' | 'layers'>): Map<string, Shape> {
  const shapes = new Map<string, Shape>([[INPUT, network.inputShape]]);
  for (const layer of network.layers) {
    if (shapes.has(layer.name)) {
      throw new BitbudgetError('input', `Two layers are named "${layer.name}".`, 'Give every layer its own name.');
    }
    const inputs = layer.inputs.map((name) => {
      const shape = shapes.get(name);
      if (!shape) {
        const problem = `Layer "${layer.name}" reads "${name}", which no earlier layer produces.`;
        throw new BitbudgetError(
          'input',
          problem,
          'List layers in execution order and check the names of their inputs.',
        );
      }
      return shape;
    });
    shapes.set(layer.name, layerOutputShape(layer, inputs));
  }
  return shapes;
}

/** The output shape of one layer from the shapes of what it reads. */
export function layerOutputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const [height, width, channels] = inputs[0];
  switch (layer.op) {
    case 'conv2d': {
      assertWholeGroups(layer, channels);
      const shape = windowed(layer, inputs[0], layer.outChannels);
      if (inputs.length > 1) assertSameShape(layer, shape, inputs[1]);
      return shape;
    }
    case 'averagePool':
    case 'maxPool':
      return windowed({ ...layer, dilation: [1, 1] }, inputs[0], channels);
    case 'dense':
      return [1, 1, layer.outChannels];
    case 'globalAveragePool':
      return [1, 1, channels];
    case 'subsample': {
      const [strideHeight, strideWidth] = layer.stride;
      const outChannels = layer.channelsBefore + channels + layer.channelsAfter;
      return [Math.ceil(height / strideHeight), Math.ceil(width / strideWidth), outChannels];
    }
    case 'add':
      assertSameShape(layer, inputs[0], inputs[1]);
      return inputs[0];
    case 'concat': {
      const [, second] = inputs;
      if (second[0] === height && second[1] === width) return [height, width, channels + second[2]];
      const problem = `Layer "${layer.name}" joins tensors of shapes ${inputs[0].join('×')} and ${second.join('×')} along their channels.`;
      throw new BitbudgetError('input', problem, 'Make both operands of a concatenation equal in height and width.');
    }
    case 'flatten':
      return [1, 1, height * width * channels];
    case 'reshape':
      assertSameElements(layer.name, inputs[0], layer.shape);
      return layer.shape;
    default:
      return inputs[0];
  }
}

type Windowed = Pick<Extract<Layer, { op: 'conv2d' }>, 'name' | 'kernel' | 'stride' | 'padding' | 'dilation'>;

function windowed(layer: Windowed, [height, width]: Shape, channels: number): Shape {
  const size = outputSize({ ...layer, height, width });
  if (size[0] < 1 || size[1] < 1) {
    const problem = `Layer "${layer.name}" has an empty output: its ${layer.kernel.join('×')} window does not fit ${height}×${width}.`;
    throw new BitbudgetError('input', problem, 'Use a larger input, a smaller window or more padding.');
  }
  return [size[0], size[1], channels];
}

function assertWholeGroups({ name, groups, outChannels }: Extract<Layer, { op: 'conv2d' }>, channels: number): void {
  if (channels % groups === 0 && outChannels % groups === 0) return;
  const problem = `Layer "${name}" has ${groups} groups, which do not divide its ${channels} input and ${outChannels} output channels.`;
  throw new BitbudgetError('input', problem, 'Use a number of groups that divides both.');
}

function assertSameShape(layer: Layer, a: Shape, b: Shape): void {
  if (a.every((size, axis) => size === b[axis])) return;
  const problem = `Layer "${layer.name}" adds tensors of shapes ${a.join('×')} and ${b.join('×')}.`;
  throw new BitbudgetError('input', problem, 'Make both operands of an addition equal in shape.');
}

function assertSameElements(name: string, from: Shape, to: Shape): void {
  const count = (shape: Shape) => shape[0] * shape[1] * shape[2];
  if (count(from) === count(to)) return;
  const problem = `Layer "${name}" reshapes ${from.join('×')} to ${to.join('×')}, which has another number of elements.`;
  throw new BitbudgetError('input', problem, 'Reshape to a shape with the same number of elements.');
}

/**
 * Names of the layers that read each tensor, in execution order; the network's output has no entry of its own.
 *
 * @example consumersOf([{ name: 'a', inputs: ['input'] }]).get('input') // => ['a']
 */
export function consumersOf(layers: readonly Pick<Layer, 'name' | 'inputs'>[]): Map<string, string[]> {
  const consumers = new Map<string, string[]>();
  for (const layer of layers) {
    for (const input of layer.inputs) {
      const names = consumers.get(input);
      if (names) names.push(layer.name);
      else consumers.set(input, [layer.name]);
    }
  }
  return consumers;
}
