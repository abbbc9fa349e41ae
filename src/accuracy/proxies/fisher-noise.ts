import { fisherInformation } from './fisher.ts';
import { activationError, weightErrors } from './quantization-error.ts';
import { tabulate } from './tabulate.ts';
import { assertNeeds, type BitProxy } from './types.ts';

/**
 * FIT with the errors that the quantizer really makes instead of Δ²/12: Σ Fᵢᵢ·(Q(W) − W)ᵢ² over the weights, and the
 * trace of the inputs' Fisher information times their mean squared error by calibration's histogram. Ours; below 4 bits,
 * where ranges are clipped and errors are not spread evenly, Δ²/12 is far from the truth.
 */
export const FISHER_NOISE: BitProxy = {
  name: 'fisher-noise',
  paper: 'in the style of Zandonati et al., FIT: A Metric for Model Sensitivity, ICLR 2023',
  needs: ['images', 'gradients'],
  async losses(context, schemes) {
    assertNeeds(FISHER_NOISE, context);
    const fisher = await fisherInformation(context);
    const { source } = context;
    return tabulate(source.folded, schemes, (layer, { weightBits, activationBits }) => {
      const { weights, inputTrace } = fisher.get(layer.name)!;
      const errors = weightErrors(source, layer, weightBits);
      const ofWeights = errors.reduce((sum, error, i) => sum + weights[i] * error * error, 0);
      return ofWeights + inputTrace * activationError(source, layer, activationBits);
    });
  },
};
