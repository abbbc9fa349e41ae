import { BitbudgetError } from '../../core/errors.ts';
import { foldNetwork } from '../../network/fold.ts';
import type { Network } from '../../network/types.ts';
import { quantizationSource, quantizeNetwork } from '../../quant/quantize.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
import { type ArchitectureProxy, assertNeeds, type ProxyContext } from './types.ts';

/** Images over which statistics are taken. */
const IMAGES = 32;

/**
 * Batch-norm statistics: behind each batch norm a trained network has channels of mean β and deviation |γ| on images of its
 * kind. The loss is how far the reduced network's channels are from that: the squared Wasserstein distance between normal
 * distributions, (m − β)² + (s − |γ|)², summed over a layer's channels relative to Σ γ², and the mean over its layers.
 * It needs images and no labels.
 */
export const BN_STATISTICS: ArchitectureProxy = {
  name: 'bn-statistics',
  paper:
    'the batch-norm loss of Yin et al., Dreaming to Distill, CVPR 2020, and Cai et al., ZeroQ, CVPR 2020, as a score of networks instead of images',
  needs: ['images'],
  async loss(context, network) {
    assertNeeds(BN_STATISTICS, context);
    const norms = network.layers.filter(({ op }) => op === 'batchNorm').map(({ name }) => name);
    if (norms.length === 0) {
      const remedy = 'Choose another architecture proxy, such as reduction-noise.';
      throw new BitbudgetError('unsupported', `"${network.name}" has no batch norm.`, remedy);
    }
    const moments = channelMoments(context, network);
    let sum = 0;
    for (const norm of norms) {
      const beta = network.weights.get(`${norm}.beta`)!;
      const gamma = network.weights.get(`${norm}.gamma`)!;
      const { mean, deviation } = moments.get(norm)!;
      let distance = 0;
      let scale = 0;
      for (let c = 0; c < beta.length; c++) {
        const width = Math.abs(gamma[c]);
        distance += (mean[c] - beta[c]) ** 2 + (deviation[c] - width) ** 2;
        scale += width * width;
      }
      if (scale > 0) sum += distance / scale / norms.length;
    }
    return sum;
  },
};

interface ChannelMoments {
  mean: Float64Array;
  deviation: Float64Array;
}

/** Mean and deviation of every channel behind each batch norm, by the norm's name. */
function channelMoments({ engine, ...context }: ProxyContext, network: Network): Map<string, ChannelMoments> {
  const images = context.images.slice(0, IMAGES);
  const { folded, tensorOf } = foldUpToNorms(network);
  const calibration = { method: 'minmax' as const, dataset: '', samples: 0, seed: 0, statistics: new Map() };
  const real = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
  const sums = new Map<string, { sum: Float64Array; squares: Float64Array; pixels: number }>();
  for (const [norm, tensor] of tensorOf) {
    const channels = network.weights.get(`${norm}.beta`)!.length;
    sums.set(tensor, { sum: new Float64Array(channels), squares: new Float64Array(channels), pixels: 0 });
  }
  const session = engine.load(real);
  for (const image of images) {
    session.observe(image, (tensor, values) => {
      const seen = sums.get(tensor);
      if (!seen) return;
      const { sum, squares } = seen;
      for (let i = 0, c = 0; i < values.length; i++) {
        sum[c] += values[i];
        squares[c] += values[i] * values[i];
        if (++c === sum.length) c = 0;
      }
      seen.pixels += values.length / sum.length;
    });
  }
  session.dispose();
  engine.forget(folded);
  const moments = new Map<string, ChannelMoments>();
  for (const [norm, tensor] of tensorOf) {
    const { sum, squares, pixels } = sums.get(tensor)!;
    const mean = sum.map((value) => value / pixels);
    const deviation = squares.map((value, c) => Math.sqrt(Math.max(0, value / pixels - mean[c] * mean[c])));
    moments.set(norm, { mean, deviation });
  }
  return moments;
}

/**
 * The network with batch norm folded into the weights before it and nothing beyond, so that each norm's output is a tensor
 * that can be seen: folding fuses nothing across a tensor whose format is prescribed, and in f32 the format means nothing.
 */
function foldUpToNorms(network: Network): { folded: Network; tensorOf: Map<string, string> } {
  const layers = network.layers.map((layer) =>
    layer.op === 'batchNorm' ? { ...layer, stored: { scale: 1, zeroPoint: 0 } } : layer,
  );
  const folded = foldNetwork({ ...network, layers });
  const names = new Set(folded.layers.map(({ name }) => name));
  const tensorOf = new Map<string, string>();
  for (const { op, name, inputs } of network.layers) {
    if (op === 'batchNorm') tensorOf.set(name, names.has(name) ? name : inputs[0]);
  }
  return { folded, tensorOf };
}
