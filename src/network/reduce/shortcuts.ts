import { BitbudgetError } from '../../core/errors.ts';
import { inferShapes } from '../shapes.ts';
import type { Conv2dLayer, Network, Weights } from '../types.ts';

const SUFFIX = '.shortcut';

/**
 * The name of the shortcut that {@link insertShortcuts} puts before an addition.
 *
 * @example shortcutName('stage1.block1.add') // => 'stage1.block1.add.shortcut'
 */
export function shortcutName(addition: string): string {
  return `${addition}${SUFFIX}`;
}

/** The addition that a shortcut's name tells of, or undefined for another layer. */
export function additionOfShortcut(layer: string): string | undefined {
  return layer.endsWith(SUFFIX) ? layer.slice(0, -SUFFIX.length) : undefined;
}

/**
 * Puts a 1×1 convolution with the weights of the identity before the earlier operand of additions, so that both sides
 * of an addition may keep different channels: slimming turns it into one that picks channels, with zeros where the
 * other side has a channel that this one lost.
 *
 * @param additions names of `add` layers of an unfolded network.
 * @throws {BitbudgetError} `usage` for what is no addition.
 */
export function insertShortcuts(network: Network, additions: Iterable<string>): Network {
  let { layers } = network;
  const weights: Weights = new Map(network.weights);
  const shapes = inferShapes(network);
  for (const name of additions) {
    const add = layers.find((layer) => layer.name === name);
    if (add?.op !== 'add') {
      throw new BitbudgetError(
        'usage',
        `"${name}" is no addition of ${network.name}.`,
        'Name a layer of the kind add.',
      );
    }
    const position = (tensor: string) => layers.findIndex((layer) => layer.name === tensor);
    const operand = position(add.inputs[0]) < position(add.inputs[1]) ? add.inputs[0] : add.inputs[1];
    const channels = shapes.get(operand)![2];
    const shortcut = identity(shortcutName(name), operand, channels);
    const at = position(operand) + 1;
    const rewired = { ...add, inputs: add.inputs.map((input) => (input === operand ? shortcut.name : input)) };
    layers = layers.map((layer) => (layer.name === name ? rewired : layer)).toSpliced(at, 0, shortcut);
    if (weights.size > 0) weights.set(`${shortcut.name}.kernel`, identityWeights(channels));
  }
  return { ...network, layers, weights };
}

function identity(name: string, input: string, channels: number): Conv2dLayer {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    outChannels: channels,
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0, 0, 0],
    dilation: [1, 1],
    groups: 1,
    activation: 'none',
    bias: false,
  };
}

function identityWeights(channels: number): Float32Array {
  const values = new Float32Array(channels * channels);
  for (let channel = 0; channel < channels; channel++) values[channel * (channels + 1)] = 1;
  return values;
}
