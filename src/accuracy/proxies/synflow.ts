import { logitGradients } from '../../autodiff/gradients.ts';
import { logarithm } from '../../core/elementary.ts';
import { BitbudgetError } from '../../core/errors.ts';
import { foldNetwork } from '../../network/fold.ts';
import type { Network, Weights } from '../../network/types.ts';
import { differentiable } from './differentiable.ts';
import { type ArchitectureProxy, assertNeeds } from './types.ts';

/** The input's value: so small that no sum of paths leaves single precision, and no ReLU6 is reached. */
const INPUT_VALUE = 2 ** -80;

/**
 * Synaptic flow: with all weights by their magnitude, biases left out and an input of ones the network is linear, and
 * R = Σ logits sums over all of its paths. The score is Σ |θ·∂R/∂θ| over the weights; the loss is −ln of it, so that a
 * loss of 0.1 more means a tenth less flow. No data are needed. Batch norm counts by its scales, folded into the weights.
 */
export const SYNFLOW: ArchitectureProxy = {
  name: 'synflow',
  paper:
    'Tanaka et al., Pruning Neural Networks without Any Data, NeurIPS 2020; as a score in Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021',
  needs: ['gradients'],
  async loss(context, network) {
    assertNeeds(SYNFLOW, context);
    const model = await differentiable(context, withMagnitudes(foldNetwork(network)));
    try {
      const [height, width, channels] = network.inputShape;
      const ones = new Float32Array(height * width * channels).fill(INPUT_VALUE);
      const seedOf = (logits: Float32Array) => new Float32Array(logits.length).fill(1);
      const { weights } = logitGradients(model, ones, 1, seedOf);
      let score = 0;
      for (const [layer, gradient] of weights) {
        const values = model.autodiff.view(model.variables.get(`${layer}.kernel`)!);
        for (let i = 0; i < gradient.length; i++) score += (values[i] * gradient[i]) / INPUT_VALUE;
      }
      if (score > 0 && Number.isFinite(score)) return -logarithm(score);
    } finally {
      model.dispose();
    }
    const problem = `The flow through "${network.name}" is no positive number of single precision.`;
    throw new BitbudgetError('unsupported', problem, 'Choose another architecture proxy, such as reduction-noise.');
  },
};

function withMagnitudes(folded: Network): Network {
  const weights: Weights = new Map();
  for (const [name, values] of folded.weights) {
    weights.set(name, name.endsWith('.bias') ? new Float32Array(values.length) : values.map(Math.abs));
  }
  return { ...folded, weights };
}
