import type { Arithmetic } from './arithmetic.ts';
import { Encoding, type PredictorGene } from './encoding.ts';
import { type Ensemble, type EnsembleSettings, type Surroundings, trainEnsemble } from './ensemble.ts';
import type { EvaluatedPairs } from './predictor.ts';

/**
 * Learns architectures alone, from full-precision pairs: the start of a predictor whose first layers are then widened by
 * the inputs of bits, their weights 0, and which is trained further on quantized pairs.
 *
 * @param pairs genomes of the joint space of which only the architecture genes are read, with losses in full precision.
 * @see Wang et al., APQ, CVPR 2020, section 3.2.
 */
export async function fitArchitectures(
  makeArithmetic: (bytes: number) => Arithmetic,
  genes: readonly PredictorGene[],
  { genomes, losses }: EvaluatedPairs,
  settings: EnsembleSettings,
  surroundings: Surroundings,
): Promise<Ensemble> {
  const encoding = new Encoding(genes);
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length;
  const deviation = Math.sqrt(variance) || 1;
  const targets = Float64Array.from(losses, (loss) => (loss - mean) / deviation);
  const rows = genomes.map((genome) => encoding.encodeArchitecture(genome));
  const { sizes, members } = await trainEnsemble(makeArithmetic, rows, targets, settings, surroundings);
  return { sizes, members };
}
