import { logitGradients } from '../../autodiff/gradients.ts';
import { Random } from '../../core/random.ts';
import { differentiable, realInputs } from './differentiable.ts';
import { squaredWeightError, sumOfSquares, weightsOf } from './quantization-error.ts';
import { curvatureSeed } from './seeds.ts';
import { tabulate } from './tabulate.ts';
import { assertNeeds, type BitProxy, interrupted, type ProxyContext } from './types.ts';

/** Images of one estimate, and how many estimates the trace is the mean of. */
const BATCH = 32;
const DRAWS = 16;

/**
 * Ω = Tr(H)/n · ‖W − Q(W)‖² of each layer, with H the Hessian of the cross-entropy with respect to the layer's n weights:
 * what quantizing them adds to the loss if they stand at its minimum. Activation bits are left out, as in the paper, where
 * they follow the weights'.
 *
 * The trace is Hutchinson's estimate E‖B·r‖² over random signs r, for a factor of H that is exact here: networks of
 * ReLUs, pooling and additions are linear in the weights of one layer, piece by piece, so that their block of the Hessian
 * is JᵀSJ with the logits' Jacobian J and S = diag(p) − p·pᵀ, and one backward pass of √S·r gives an estimate for all
 * layers and all images of a batch at once. Nothing is differenced, and labels are not needed: they do not enter H.
 */
export const HAWQ_V3: BitProxy = {
  name: 'hawq-v3',
  paper: 'Yao et al., HAWQ-V3: Dyadic Neural Network Quantization, ICML 2021',
  needs: ['images', 'gradients'],
  async losses(context, schemes) {
    const traces = await hessianTraces(context);
    const { source } = context;
    return tabulate(source.folded, schemes, (layer, { weightBits }) => {
      const mean = traces.get(layer.name)! / weightsOf(source, layer).length;
      return mean * squaredWeightError(source, layer, weightBits);
    });
  },
};

/**
 * The trace of each layer's block of the Hessian of the mean cross-entropy, estimated; see {@link HAWQ_V3}.
 *
 * @param draws estimates to average, each over a batch of images in turn.
 */
export async function hessianTraces(context: ProxyContext, draws: number = DRAWS): Promise<Map<string, number>> {
  assertNeeds(HAWQ_V3, context);
  const { source, images, onProgress, cancellation, pause } = context;
  const model = await differentiable(context, source.folded);
  const random = new Random(1);
  const traces = new Map<string, number>();
  try {
    for (let draw = 0; draw < draws; draw++) {
      const first = (draw * BATCH) % images.length;
      const batch = images.slice(first, first + BATCH);
      const seedOf = (logits: Float32Array, classes: number) => curvatureSeed(logits, classes, random);
      const { weights } = logitGradients(model, realInputs(source.folded, batch), batch.length, seedOf);
      for (const [layer, gradient] of weights) {
        traces.set(layer, (traces.get(layer) ?? 0) + sumOfSquares(gradient) / (batch.length * draws));
      }
      onProgress('estimating the curvature of the loss', (draw + 1) / draws);
      if (cancellation.aborted) throw interrupted();
      await pause();
    }
  } finally {
    model.dispose();
  }
  return traces;
}
