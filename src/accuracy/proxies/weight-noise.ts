import { squaredWeightError, sumOfSquares, weightsOf } from './quantization-error.ts';
import { tabulate } from './tabulate.ts';
import type { BitProxy } from './types.ts';

/**
 * Noise-to-signal ratio of the quantized weights, ‖W − Q(W)‖² / ‖W‖², summed over the layers: through a linear network
 * such ratios add up. It needs no data at all, and says nothing of activation bits.
 */
export const WEIGHT_NOISE: BitProxy = {
  name: 'weight-noise',
  paper: 'Lin, Talathi and Annapureddy, Fixed Point Quantization of Deep Convolutional Networks, ICML 2016',
  needs: [],
  async losses({ source }, schemes) {
    return tabulate(source.folded, schemes, (layer, { weightBits }) => {
      const signal = sumOfSquares(weightsOf(source, layer));
      return signal > 0 ? squaredWeightError(source, layer, weightBits) / signal : 0;
    });
  },
};
