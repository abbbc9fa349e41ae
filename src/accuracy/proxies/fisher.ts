import { logitGradients } from '../../autodiff/gradients.ts';
import { Random } from '../../core/random.ts';
import { differentiable, realInputs } from './differentiable.ts';
import { sumOfSquares } from './quantization-error.ts';
import { crossEntropySeed, curvatureSeed } from './seeds.ts';
import { interrupted, type ProxyContext } from './types.ts';

/** Images whose gradients are taken one by one. */
const IMAGES = 64;

/** The diagonal of the Fisher information of one layer, as far as quantization asks for it. */
export interface LayerFisher {
  /** Of each weight, output channel first: the mean over the images of the squared gradient. */
  weights: Float64Array;
  /** Of the layer's whole input: the trace, the mean over the images of the gradient's squared length. */
  inputTrace: number;
}

/**
 * The Fisher information of every layer's weights and inputs, from gradients of single images. With labels it is the
 * empirical one, of the cross-entropy of each image's own label; without them the gradient's label is left to chance by
 * the network's own probabilities, as the definition has it.
 *
 * @see Kunstner, Balles and Hennig, Limitations of the Empirical Fisher Approximation, NeurIPS 2019.
 */
export async function fisherInformation(context: ProxyContext): Promise<Map<string, LayerFisher>> {
  const { source, labels, onProgress, cancellation, pause } = context;
  const images = context.images.slice(0, IMAGES);
  const model = await differentiable(context, source.folded);
  const random = new Random(1);
  const result = new Map<string, LayerFisher>();
  try {
    for (const [i, image] of images.entries()) {
      const seedOf = (logits: Float32Array, classes: number) =>
        labels ? crossEntropySeed(logits, classes, [labels[i]]) : curvatureSeed(logits, classes, random);
      const values = realInputs(source.folded, [image]);
      const { weights, inputs } = logitGradients(model, values, 1, seedOf, { inputs: true });
      for (const [layer, gradient] of weights) {
        let fisher = result.get(layer);
        if (!fisher) result.set(layer, (fisher = { weights: new Float64Array(gradient.length), inputTrace: 0 }));
        const outChannels = model.variables.get(`${layer}.kernel`)!.shape.at(-1)!;
        addSquares(fisher.weights, gradient, outChannels, images.length);
        fisher.inputTrace += sumOfSquares(inputs.get(layer)!) / images.length;
      }
      if (i % 8 === 7) {
        onProgress('measuring the Fisher information', (i + 1) / images.length);
        if (cancellation.aborted) throw interrupted();
        await pause();
      }
    }
  } finally {
    model.dispose();
  }
  return result;
}

/** Turns [rest][out] into [out][rest] on the way. */
function addSquares(sums: Float64Array, gradient: Float32Array, outChannels: number, count: number): void {
  const perChannel = gradient.length / outChannels;
  for (let k = 0; k < perChannel; k++) {
    for (let channel = 0; channel < outChannels; channel++) {
      const value = gradient[k * outChannels + channel];
      sums[channel * perChannel + k] += (value * value) / count;
    }
  }
}
