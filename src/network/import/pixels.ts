import { BitbudgetError } from '../../core/errors.ts';
import type { Network, Preprocessing, StoredFormat } from '../types.ts';

/** Ranges that `--pixels` knows by name: what a byte of 0 to 255 becomes before the network reads it. */
const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  '0..255': [0, 255],
  '0..1': [0, 1],
  '-1..1': [-1, 1],
};

/** Mean and deviation of the images of ImageNet, per colour, of pixels from 0 to 1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export const PIXEL_RANGES: readonly string[] = [...Object.keys(RANGES), 'imagenet'];

/**
 * The network with raw pixels brought to another range. A model file does not say what its input means.
 *
 * @param range one of {@link PIXEL_RANGES}.
 * @throws {BitbudgetError} `usage` for an unknown range, or for `imagenet` where there are no three colours.
 * @example withPixels({ name: 'n', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }, '-1..1').preprocessing // => { mean: [0.5], std: [0.5] }
 */
export function withPixels(network: Network, range: string): Network {
  const [, , channels] = network.inputShape;
  if (range === 'imagenet') {
    if (channels === 3) return { ...network, preprocessing: IMAGENET };
    const problem = `--pixels imagenet is for three colours, and "${network.name}" reads ${channels} channels.`;
    throw new BitbudgetError('usage', problem, `Use ${Object.keys(RANGES).join(', ')}.`);
  }
  if (!Object.hasOwn(RANGES, range)) {
    const problem = `Unknown range of pixels "${range}".`;
    throw new BitbudgetError('usage', problem, `Use ${PIXEL_RANGES.join(', ')}.`);
  }
  const [low, high] = RANGES[range];
  const std = 1 / (high - low);
  return { ...network, preprocessing: uniform(channels, -low * std, std) };
}

/** What a model's own input format makes of bytes: the byte is the quantized input; without one pixels are 0 to 1. */
export function pixelsOf(channels: number, input: StoredFormat | undefined): Preprocessing {
  if (!input) return uniform(channels, 0, 1);
  return uniform(channels, input.zeroPoint / 255, 1 / (255 * input.scale));
}

function uniform(channels: number, mean: number, std: number): Preprocessing {
  return { mean: new Array<number>(channels).fill(mean), std: new Array<number>(channels).fill(std) };
}
