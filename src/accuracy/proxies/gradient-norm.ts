import { logitGradients } from '../../autodiff/gradients.ts';
import { foldNetwork } from '../../network/fold.ts';
import { differentiable, realInputs } from './differentiable.ts';
import { sumOfSquares } from './quantization-error.ts';
import { crossEntropySeed } from './seeds.ts';
import { type ArchitectureProxy, assertNeeds } from './types.ts';

/** Images of the one batch. */
const BATCH = 32;

/**
 * Gradient norm: Σ over the layers of ‖∂L/∂W‖, L the mean cross-entropy of one batch. The paper takes a large norm of an
 * untrained network for a good sign. Our reduced networks have selected weights of a trained one, whose gradient was
 * nearly zero: there a large norm says how far the reduction has moved it from its minimum, and is the loss.
 */
export const GRADIENT_NORM: ArchitectureProxy = {
  name: 'gradient-norm',
  paper:
    'Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021; for trained weights with the sign turned',
  needs: ['images', 'labels', 'gradients'],
  async loss(context, network) {
    assertNeeds(GRADIENT_NORM, context);
    const folded = foldNetwork(network);
    const images = context.images.slice(0, BATCH);
    const labels = context.labels!.slice(0, BATCH);
    const model = await differentiable(context, folded);
    try {
      const seedOf = (logits: Float32Array, classes: number) => crossEntropySeed(logits, classes, labels);
      const { weights } = logitGradients(model, realInputs(folded, images), images.length, seedOf);
      let norms = 0;
      for (const gradient of weights.values()) norms += Math.sqrt(sumOfSquares(gradient)) / images.length;
      return norms;
    } finally {
      model.dispose();
    }
  },
};
