import { activationError } from './quantization-error.ts';
import { tabulate } from './tabulate.ts';
import type { BitProxy } from './types.ts';

/**
 * Noise-to-signal ratio of the quantized inputs, E(x − Q(x))² / E(x²) by calibration's histograms, summed over the layers.
 * It runs nothing: calibration has seen all that it needs. It says nothing of weight bits.
 */
export const ACTIVATION_NOISE: BitProxy = {
  name: 'activation-noise',
  paper: 'Lin, Talathi and Annapureddy, Fixed Point Quantization of Deep Convolutional Networks, ICML 2016',
  needs: [],
  async losses({ source }, schemes) {
    return tabulate(source.folded, schemes, (layer, { activationBits }) => {
      const signal = source.calibration.statistics.get(layer.inputs[0])!.meanSquare();
      return signal > 0 ? activationError(source, layer, activationBits) / signal : 0;
    });
  },
};
