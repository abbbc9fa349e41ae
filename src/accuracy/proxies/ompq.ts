import { exponential } from '../../core/elementary.ts';
import type { NetworkInput } from '../../engine/input.ts';
import { quantizeNetwork } from '../../quant/quantize.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
import { gramMatrix, linearCka } from './linear-cka.ts';
import { tabulate, weightedLayersOf } from './tabulate.ts';
import { assertNeeds, type BitProxy, interrupted, type ProxyContext } from './types.ts';

/** Images of the one batch, as published. */
const BATCH = 32;
const BETA = 1;
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

/** The centred Gram matrix of each weighted layer's output over the batch, in execution order. */
async function layerGrams(context: ProxyContext): Promise<Float64Array[]> {
  assertNeeds(OMPQ, context);
  const { engine, source, onProgress, cancellation, pause } = context;
  const images: readonly NetworkInput[] = context.images.slice(0, BATCH);
  const layers = weightedLayersOf(source.folded).map(({ name }) => name);
  const outputs = new Map(layers.map((layer): [string, Float32Array[]] => [layer, []]));
  const session = engine.load(quantizeNetwork(source, uniformSchemes(source.folded, 'f32')));
  for (const image of images) {
    session.observe(image, (tensor, values) => outputs.get(tensor)?.push((values as Float32Array).slice()));
  }
  session.dispose();
  const grams: Float64Array[] = [];
  for (const features of outputs.values()) {
    grams.push(gramMatrix(features));
    onProgress("comparing the layers' outputs", grams.length / layers.length);
    if (cancellation.aborted) throw interrupted();
    await pause();
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
