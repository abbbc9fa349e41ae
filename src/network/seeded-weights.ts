import { Random } from '../core/random.ts';
import { inferShapes } from './shapes.ts';
import type { Network } from './types.ts';

/**
 * Fills a network with seeded weights of He's variance, for runs in which only latency matters. The distribution is a
 * sum of uniform integers, so the values are the same on every engine.
 *
 * @example seededWeights({ name: 'empty', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }, 1).weights.size // => 0
 */
export function seededWeights(network: Network, seed: number): Network {
  const random = new Random(seed);
  const shapes = inferShapes(network);
  const weights: Network['weights'] = new Map();
  for (const layer of network.layers) {
    const [height, width, channels] = shapes.get(layer.inputs[0])!;
    if (layer.op === 'conv2d') {
      const fanIn = (channels / layer.groups) * layer.kernel[0] * layer.kernel[1];
      weights.set(`${layer.name}.kernel`, drawNormal(random, fanIn * layer.outChannels, Math.sqrt(2 / fanIn)));
      if (layer.bias) weights.set(`${layer.name}.bias`, new Float32Array(layer.outChannels));
    } else if (layer.op === 'dense') {
      const fanIn = height * width * channels;
      weights.set(`${layer.name}.kernel`, drawNormal(random, fanIn * layer.outChannels, Math.sqrt(1 / fanIn)));
      if (layer.bias) weights.set(`${layer.name}.bias`, new Float32Array(layer.outChannels));
    } else if (layer.op === 'batchNorm') {
      weights.set(`${layer.name}.gamma`, new Float32Array(channels).fill(1));
      weights.set(`${layer.name}.beta`, new Float32Array(channels));
      weights.set(`${layer.name}.mean`, new Float32Array(channels));
      weights.set(`${layer.name}.variance`, new Float32Array(channels).fill(1));
    }
  }
  return { ...network, weights };
}

/** Nearly normal (Irwin and Hall, 12 uniforms of 16 bits): mean 0, the given standard deviation. */
function drawNormal(random: Random, count: number, deviation: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let pair = 0; pair < 6; pair++) {
      const bits = random.uint32();
      sum += (bits & 0xffff) + (bits >>> 16);
    }
    values[i] = (sum / 65536 - 6) * deviation;
  }
  return values;
}
