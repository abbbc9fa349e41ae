import { BitbudgetError } from '../../core/errors.ts';
import type { Progress } from '../../core/ports.ts';
import type { Engine } from '../../engine/engine.ts';
import type { NetworkInput } from '../../engine/input.ts';
import { type QuantizationSource, quantizeNetwork } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../quant/tensor-plan.ts';

/** An additive accuracy proxy: the predicted loss of a candidate is the sum over its layers. */
export interface NoiseTable {
  layers: string[];
  /** Noise-to-signal power ratio of the logits with only this layer quantized, by layer and scheme. */
  noise: Map<string, Map<Scheme, number>>;
}

/**
 * Signal-to-noise proxy: quantizes one layer at a time, the rest in f32, and measures the power of the error in the
 * network's logits relative to their own. Independent small errors add in power, so a candidate's loss is the sum over
 * its layers (the additive noise model of Lin et al., Fixed Point Quantization of Deep Convolutional Networks, 2016).
 *
 * @param images raw pixels or preprocessed reals; a few dozen suffice.
 * @returns one ratio for each layer with weights and each scheme; 0 for f32, listed or not.
 */
export async function outputNoise(
  engine: Engine,
  source: QuantizationSource,
  schemes: readonly Scheme[],
  images: readonly NetworkInput[],
  onProgress: Progress,
  pause: () => Promise<void>,
): Promise<NoiseTable> {
  const layers = weightedLayers(source.folded);
  const real = uniformSchemes(source.folded, 'f32');
  const logitsOf = (assignment: ReadonlyMap<string, Scheme>) => {
    const session = engine.load(quantizeNetwork(source, assignment));
    const logits = images.map((image) => session.run(image));
    session.dispose();
    return logits;
  };
  const reference = logitsOf(real);
  const signal = logitPower(reference);
  const noise = new Map<string, Map<Scheme, number>>();
  for (const [i, layer] of layers.entries()) {
    const row = new Map<Scheme, number>([['f32', 0]]); // what a layer adds that a candidate lacks
    for (const scheme of schemes) {
      if (scheme === 'f32') continue;
      const ratio = logitPower(logitsOf(new Map(real).set(layer, scheme)), reference) / signal;
      row.set(scheme, ratio);
    }
    noise.set(layer, row);
    onProgress('measuring the noise of each layer', (i + 1) / layers.length);
    await pause();
  }
  return { layers, noise };
}

/**
 * The proxy's loss of one candidate; lower is better.
 *
 * @param schemes one for each of `table.layers`.
 */
export function noiseLoss(table: NoiseTable, schemes: readonly Scheme[]): number {
  return table.layers.reduce((sum, layer, i) => sum + table.noise.get(layer)!.get(schemes[i])!, 0);
}

/** What a probe throws that the user stopped. */
export function interrupted(): BitbudgetError {
  return new BitbudgetError('interrupted', 'The search was interrupted.', 'Start it again when ready.');
}

/** Mean squared difference from a reference, or from 0; the mean logit of an image is no information and is taken off. */
export function logitPower(images: readonly Float32Array[], reference?: readonly Float32Array[]): number {
  let sum = 0;
  for (const [i, logits] of images.entries()) {
    const errors = Array.from(logits, (logit, c) => logit - (reference ? reference[i][c] : 0));
    const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
    for (const error of errors) sum += (error - mean) ** 2;
  }
  return sum / images.length;
}
