import type { Cancellation, Progress } from '../../core/ports.ts';
import type { Engine } from '../../engine/engine.ts';
import type { NetworkInput } from '../../engine/input.ts';
import { foldNetwork } from '../../network/fold.ts';
import { type Reduction, reduceNetwork } from '../../network/reduce/index.ts';
import type { Network } from '../../network/types.ts';
import { quantizationSource, quantizeNetwork } from '../../quant/quantize.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
import { interrupted, logitPower } from './output-noise.ts';

/**
 * The noise that reductions put into the logits, each alone and in f32: power of the difference from the whole network's
 * logits relative to their own, as `outputNoise` measures it for schemes. Small reductions add up nearly; large ones
 * saturate, so that a sum of them says little more than "much".
 *
 * @param network unfolded, with weights.
 * @returns one ratio for each reduction.
 * @throws {BitbudgetError} `interrupted` on cancellation.
 */
export async function reductionNoise(
  engine: Engine,
  network: Network,
  reductions: readonly Reduction[],
  images: readonly NetworkInput[],
  surroundings: { onProgress: Progress; cancellation: Cancellation; pause(): Promise<void> },
): Promise<number[]> {
  const logitsOf = (reduced: Network) => {
    const folded = foldNetwork(reduced);
    // f32 needs no ranges
    const calibration = { method: 'minmax' as const, dataset: '', samples: 0, seed: 0, statistics: new Map() };
    const quantized = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
    const session = engine.load(quantized);
    const logits = images.map((image) => session.run(image));
    session.dispose();
    engine.forget(folded);
    return logits;
  };
  const reference = logitsOf(network);
  const signal = logitPower(reference);
  const noise: number[] = [];
  for (const reduction of reductions) {
    noise.push(logitPower(logitsOf(reduceNetwork(network, reduction)), reference) / signal);
    surroundings.onProgress('measuring the noise of each reduction', noise.length / reductions.length);
    if (surroundings.cancellation.aborted) throw interrupted();
    await surroundings.pause();
  }
  return noise;
}
