import type { Network } from '../../src/network/types.ts';
import { weightedLayers } from '../../src/quant/tensor-plan.ts';

/**
 * A folded network whose weights alone are quantized, as the published measurements have it: each output channel over its
 * largest magnitude, symmetric, no clipping; then read back as reals. Folding commutes with that, for it scales channels.
 *
 * @param bits one width a layer, in execution order; 32 leaves a layer as it is.
 */
export function weightOnly(folded: Network, bits: readonly number[]): Network {
  const weights = new Map(folded.weights);
  for (const [i, name] of weightedLayers(folded).entries()) {
    const layer = folded.layers.find((own) => own.name === name)!;
    if (bits[i] === 32 || !('outChannels' in layer)) continue;
    const kernel = Float32Array.from(weights.get(`${name}.kernel`)!);
    const perChannel = kernel.length / layer.outChannels;
    const high = 2 ** (bits[i] - 1) - 1;
    for (let channel = 0; channel < layer.outChannels; channel++) {
      const own = kernel.subarray(channel * perChannel, (channel + 1) * perChannel);
      const scale = own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / high || 1;
      for (let k = 0; k < perChannel; k++) own[k] = Math.round(own[k] / scale) * scale;
    }
    weights.set(`${name}.kernel`, kernel);
  }
  return { ...folded, weights };
}
