import { consumersOf } from '../../network/shapes.ts';
import type { Layer, Network } from '../../network/types.ts';

/** Ranges of two layers even each other out in so few rounds, for each changes what its neighbour sees. */
const ROUNDS = 8;

type Weighted = Extract<Layer, { op: 'conv2d' | 'dense' }>;

/**
 * Cross-layer equalisation: where one layer's output is read by one other alone and ReLU (or nothing) lies between, channel
 * i may be divided by s in the first and multiplied by s in the second without changing the network. s = √(r₁·r₂)/r₂ makes
 * the ranges of the weights that write a channel and of those that read it equal, so that no channel wastes the levels that
 * another one needs. Reading layers with one range for all their inputs gain; so do the activations between.
 *
 * @param folded with weights; not changed.
 * @returns the same function of the input, in real arithmetic.
 * @see Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section 4.1.
 */
export function equaliseNetwork(folded: Network): Network {
  const weights = new Map(folded.weights);
  const pairs = equalisablePairs(folded);
  for (const name of new Set(pairs.flatMap(({ first, second }) => [first.name, second.name]))) {
    for (const part of [`${name}.kernel`, `${name}.bias`]) {
      const values = weights.get(part);
      if (values) weights.set(part, Float32Array.from(values));
    }
  }
  for (let round = 0; round < ROUNDS; round++) for (const pair of pairs) equalisePair(pair, weights);
  return { ...folded, weights };
}

interface Pair {
  first: Weighted;
  second: Weighted;
}

/** Layers that nothing but a scale lies between. */
function equalisablePairs({ layers, quantization }: Network): Pair[] {
  const consumers = consumersOf(layers);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  return layers.flatMap((first) => {
    if (!isWeighted(first) || first.activation === 'relu6' || first.inputs.length > 1) return [];
    const readers = consumers.get(first.name) ?? [];
    const second = readers.length === 1 ? byName.get(readers[0]) : undefined;
    if (!second || !isWeighted(second) || second.inputs[0] !== first.name) return [];
    if (quantization?.weights.has(first.name) || quantization?.weights.has(second.name)) return [];
    const separable = second.op === 'conv2d' && (second.groups === 1 || second.groups === first.outChannels);
    return separable && first.op === 'conv2d' ? [{ first, second }] : [];
  });
}

function equalisePair({ first, second }: Pair, weights: Map<string, Float32Array>): void {
  const writing = weights.get(`${first.name}.kernel`)!;
  const bias = weights.get(`${first.name}.bias`);
  const reading = weights.get(`${second.name}.kernel`)!;
  const channels = first.outChannels;
  const perChannel = writing.length / channels;
  const readers = (channel: number) => readingIndices(second, channel, channels, reading.length);
  for (let channel = 0; channel < channels; channel++) {
    const written = writing.subarray(channel * perChannel, (channel + 1) * perChannel);
    let rangeIn = 0;
    let rangeOut = 0;
    for (const weight of written) rangeIn = Math.max(rangeIn, Math.abs(weight));
    for (const k of readers(channel)) rangeOut = Math.max(rangeOut, Math.abs(reading[k]));
    if (!(rangeIn > 0 && rangeOut > 0)) continue; // a channel that is never written or never read has no scale
    const scale = Math.sqrt(rangeIn * rangeOut) / rangeOut;
    for (let k = 0; k < written.length; k++) written[k] /= scale;
    if (bias) bias[channel] /= scale;
    for (const k of readers(channel)) reading[k] *= scale;
  }
}

/** Positions of the weights that read one channel. */
function* readingIndices(layer: Weighted, channel: number, channels: number, length: number): Generator<number> {
  if (layer.op === 'conv2d' && layer.groups === channels && channels > 1) {
    const perGroup = length / channels;
    for (let k = 0; k < perGroup; k++) yield channel * perGroup + k;
  } else {
    for (let k = channel; k < length; k += channels) yield k;
  }
}

function isWeighted(layer: Layer): layer is Weighted {
  return layer.op === 'conv2d' || layer.op === 'dense';
}
