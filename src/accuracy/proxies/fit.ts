import type { QuantizationSource } from '../../quant/quantize.ts';
import { fisherInformation } from './fisher.ts';
import { stepNoise, weightsOf } from './quantization-error.ts';
import { tabulate, type WeightedLayer } from './tabulate.ts';
import { assertNeeds, type BitProxy } from './types.ts';

/**
 * FIT: Σ Tr(F)·Δ²/12 over weights and activations, F the Fisher information and Δ = range / (2^bits − 1) the step of an
 * even quantizer over all values: what rounding noise adds to the loss to second order. As our weights have a scale for
 * each output channel, so have the steps here.
 */
export const FIT: BitProxy = {
  name: 'fit',
  paper: 'Zandonati et al., FIT: A Metric for Model Sensitivity, ICLR 2023',
  needs: ['images', 'gradients'],
  async losses(context, schemes) {
    assertNeeds(FIT, context);
    const fisher = await fisherInformation(context);
    const { source } = context;
    return tabulate(source.folded, schemes, (layer, { weightBits, activationBits }) => {
      const { weights, inputTrace } = fisher.get(layer.name)!;
      const seen = source.calibration.statistics.get(layer.inputs[0])!;
      const ofInput = inputTrace * stepNoise(seen.maximum - seen.minimum, activationBits);
      return ofInput + weightLoss(source, layer, weights, weightBits);
    });
  },
};

function weightLoss(source: QuantizationSource, layer: WeightedLayer, fisher: Float64Array, bits: number): number {
  const kernel = weightsOf(source, layer);
  const perChannel = kernel.length / layer.outChannels;
  let loss = 0;
  for (let start = 0; start < kernel.length; start += perChannel) {
    let low = 0;
    let high = 0;
    let trace = 0;
    for (let i = start; i < start + perChannel; i++) {
      if (kernel[i] < low) low = kernel[i];
      if (kernel[i] > high) high = kernel[i];
      trace += fisher[i];
    }
    loss += trace * stepNoise(high - low, bits);
  }
  return loss;
}
