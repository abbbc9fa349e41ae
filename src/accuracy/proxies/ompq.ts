import { exponential } from '../../core/elementary.ts';
import type { NetworkInput } from '../../engine/input.ts';
import { inferShapes } from '../../network/shapes.ts';
import { quantizeNetwork } from '../../quant/quantize.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
import { gramMatrix, linearCka } from './linear-cka.ts';
import { tabulate, weightedLayersOf } from './tabulate.ts';
import { assertNeeds, type BitProxy, interrupted, type ProxyContext } from './types.ts';

/** Images of the one batch, as published. */
const BATCH = 32;
const BETA = 1;
/** Features that are held at once; with more, the images run once for each group of layers. */
const MOST_FEATURES = 2 ** 24;
const REAL_BITS = 32;

/**
 * OMPQ: layers whose outputs are orthogonal to those of all others carry what nobody else does, and get more bits. With
 * linear CKA between the outputs of every two layers on one batch, γᵢ = Σ_{j≠i} CKAᵢⱼ and θᵢ = exp(−β·γᵢ), the coefficient
 * of a layer is the mean of θ from it to the last layer, and Σ coefficientᵢ·bitsᵢ of the weights is to be large; as a loss
 * that is 0 for f32 it is coefficientᵢ·(32 − bitsᵢ), coefficients scaled to a mean of 1, which changes no ranking. Outputs
 * are those of folded layers, behind their activation, and β is 1. Activation bits are left out, as in the paper.
 */
export const OMPQ: BitProxy = {
  name: 'ompq',
  paper: 'Ma et al., OMPQ: Orthogonal Mixed Precision Quantization, AAAI 2023',
  needs: ['images'],
  async losses(context, schemes) {
    const coefficients = orthogonalityCoefficients(await layerGrams(context));
    const { folded } = context.source;
    const mean = coefficients.reduce((sum, value) => sum + value, 0) / coefficients.length;
    const byLayer = new Map(weightedLayersOf(folded).map(({ name }, i) => [name, coefficients[i] / mean]));
    return tabulate(folded, schemes, ({ name }, { weightBits }) => byLayer.get(name)! * (REAL_BITS - weightBits));
  },
};

/**
 * The centred Gram matrix of each weighted layer's output over the batch, in execution order.
 *
 * @param mostFeatures how many numbers may be held at once; the result does not depend on it.
 */
export async function layerGrams(context: ProxyContext, mostFeatures = MOST_FEATURES): Promise<Float64Array[]> {
  assertNeeds(OMPQ, context);
  const { engine, source, onProgress, cancellation, pause } = context;
  const images: readonly NetworkInput[] = context.images.slice(0, BATCH);
  const shapes = inferShapes(source.folded);
  const groups: string[][] = [];
  let room = 0;
  for (const { name } of weightedLayersOf(source.folded)) {
    const features = images.length * shapes.get(name)!.reduce((product, size) => product * size, 1);
    if (groups.length === 0 || features > room) {
      groups.push([]);
      room = mostFeatures;
    }
    groups[groups.length - 1].push(name);
    room -= features;
  }
  const session = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'f32')));
  const grams: Float64Array[] = [];
  try {
    for (const [i, group] of groups.entries()) {
      const outputs = new Map(group.map((layer): [string, Float32Array[]] => [layer, []]));
      for (const image of images) {
        session.observe(image, (tensor, values) => outputs.get(tensor)?.push((values as Float32Array).slice()));
      }
      for (const features of outputs.values()) grams.push(gramMatrix(features));
      onProgress("comparing the layers' outputs", (i + 1) / groups.length);
      if (cancellation.aborted) throw interrupted();
      await pause();
    }
  } finally {
    session.dispose();
  }
  return grams;
}

/**
 * The coefficient of each layer from the Gram matrices of all.
 *
 * @example orthogonalityCoefficients([Float64Array.of(1, 0, 0, 1)]) // => [1]
 */
export function orthogonalityCoefficients(grams: readonly Float64Array[]): number[] {
  const theta = grams.map((own, i) => {
    const gamma = grams.reduce((sum, other, j) => (j === i ? sum : sum + linearCka(own, other)), 0);
    return exponential(-BETA * gamma);
  });
  return theta.map((_, i) => theta.slice(i).reduce((sum, value) => sum + value, 0) / (theta.length - i));
}
