import { logitGradients } from '../../autodiff/gradients.ts';
import { logarithm } from '../../core/elementary.ts';
import { foldNetwork } from '../../network/fold.ts';
import { differentiable, realInputs } from './differentiable.ts';
import { gramMatrix } from './linear-cka.ts';
import { symmetricEigenvalues } from './symmetric-eigenvalues.ts';
import { type ArchitectureProxy, assertNeeds } from './types.ts';

/** Images of the one batch. */
const BATCH = 32;
const LEAST = 1e-5;

/**
 * Jacobian covariance: the gradients of Σ logits with respect to each image of a batch, correlated with one another. Where
 * the eigenvalues v of their correlation matrix are all near 1 the network treats images differently; the loss is
 * Σ ln(v + k) + 1/(v + k) with k = 10⁻⁵, least for uncorrelated gradients.
 */
export const JACOBIAN_COVARIANCE: ArchitectureProxy = {
  name: 'jacobian-covariance',
  paper: 'Mellor et al., Neural Architecture Search without Training, arXiv 2006.04647, first version, 2020',
  needs: ['images', 'gradients'],
  async loss(context, network) {
    assertNeeds(JACOBIAN_COVARIANCE, context);
    const folded = foldNetwork(network);
    const images = context.images.slice(0, BATCH);
    const model = await differentiable(context, folded);
    try {
      const seedOf = (logits: Float32Array) => new Float32Array(logits.length).fill(1);
      const { batch } = logitGradients(model, realInputs(folded, images), images.length, seedOf, { batch: true });
      const size = batch.length / images.length;
      return correlationLoss(images.map((_, i) => batch.subarray(i * size, (i + 1) * size)));
    } finally {
      model.dispose();
    }
  },
};

/**
 * The loss of the gradients of n images, each centred by itself; see {@link JACOBIAN_COVARIANCE}. A gradient that is
 * constant is correlated with nothing.
 *
 * @example correlationLoss([Float32Array.of(1, -1, 0, 0), Float32Array.of(0, 0, 1, -1)]) > 1.9 // => true
 */
export function correlationLoss(gradients: readonly Float32Array[]): number {
  const n = gradients.length;
  const centred = gradients.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  });
  const products = gramMatrix(centred, false);
  const correlations = products.map((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    const scale = Math.sqrt(products[i * n + i]) * Math.sqrt(products[j * n + j]);
    return i === j ? 1 : scale > 0 ? value / scale : 0;
  });
  let loss = 0;
  for (const value of symmetricEigenvalues(correlations, n)) {
    const above = (value > 0 ? value : 0) + LEAST;
    loss += logarithm(above) + 1 / above;
  }
  return loss;
}
