import { ACTIVATION_NOISE } from './activation-noise.ts';
import type { BitProxy } from './types.ts';
import { WEIGHT_NOISE } from './weight-noise.ts';

/**
 * `weight-noise` and `activation-noise` together: in a product of weights and inputs the two ratios add up, and so they do
 * from layer to layer, as if every layer passed its noise on unchanged.
 */
export const SIGNAL_NOISE: BitProxy = {
  name: 'signal-noise',
  paper: 'Lin, Talathi and Annapureddy, Fixed Point Quantization of Deep Convolutional Networks, ICML 2016',
  needs: [],
  async losses(context, schemes) {
    const { layers, losses } = await WEIGHT_NOISE.losses(context, schemes);
    const { losses: ofInputs } = await ACTIVATION_NOISE.losses(context, schemes);
    for (const [layer, row] of losses) {
      for (const [scheme, loss] of row) row.set(scheme, loss + ofInputs.get(layer)!.get(scheme)!);
    }
    return { layers, losses };
  },
};
