import { logarithm } from '../../core/elementary.ts';
import { schemeBits } from '../../quant/scheme.ts';
import { GaussianProcess, type GenomeSpace, type KernelSettings } from '../../search/surrogate/index.ts';
import { Encoding, type PredictorGene } from './encoding.ts';

/** Candidates that were looked at cheaply: run on a few images without labels. */
export interface LowFidelityPairs {
  genomes: readonly (readonly number[])[];
  /** Signal losses of the whole quantized networks, at least 0. */
  losses: readonly number[];
}

/** What is learned of such candidates. */
export interface LowFidelityModel {
  kernel: KernelSettings;
  pairs: { genomes: number[][]; losses: number[] };
}

/** What the settings of the process start from, as chosen on ResNet-20's candidates of 2, 4 and 8 bits. */
const FIRST_SETTINGS: KernelSettings = {
  ...{ sum: 8, sumReach: 2, profile: 0.15, profileReach: 1, local: 0.1, localLevel: 1, localReach: 4 },
  ...{ additive: 0.02, joint: 0.02, jointReach: 0.25, noise: 0.03, seen: 0, seenReach: 1 },
};
/**
 * What the process over accuracies starts from where there is a level: it explains most, and the rest is a matter of few
 * layers together.
 */
export const SETTINGS_WITH_LEVEL: KernelSettings = {
  ...{ sum: 4, sumReach: 1, profile: 0.1, profileReach: 1, local: 0, localLevel: 1, localReach: 4 },
  ...{ additive: 0.01, joint: 0.03, jointReach: 0.5, noise: 0.05, seen: 0, seenReach: 1 },
};
/** The same where each candidate itself was looked at. */
export const SETTINGS_WITH_LOOKS: KernelSettings = {
  ...{ sum: 0.3, sumReach: 2, seen: 4, seenReach: 0.45, profile: 0.06, profileReach: 1, noise: 0.02 },
  ...{ additive: 0.01, joint: 0.02, jointReach: 4, local: 0, localLevel: 1, localReach: 4 },
};
/** How far settings may stray from these, see `GaussianProcess.tune`: two hundred pairs say little of eight settings. */
export const PULL = 0.5;
/** Candidates by which they are chosen: few do not show how layers act together. */
const TUNED = 400;

/** Keeps the logarithm of a signal loss finite: so little is lost by rounding alone. */
const LEAST_LOSS = 1e-3;

/**
 * Learns the signal loss of whole networks, on a logarithmic scale, by a Gaussian process: the level by which a predictor of
 * accuracies then compares candidates. It knows what layers do together, which an additive proxy does not, and costs no true
 * evaluation.
 *
 * @see Kennedy and O'Hagan, Predicting the output from a complex computer code when fast approximations are available,
 * Biometrika 2000.
 */
export function fitLowFidelity(
  genes: readonly PredictorGene[],
  { genomes, losses }: LowFidelityPairs,
): LowFidelityModel {
  const regression = new GaussianProcess(spaceOf(genes), FIRST_SETTINGS).tune(genomes, losses.map(levelOf), {
    most: TUNED,
    pull: PULL,
  });
  return { kernel: regression.settings, pairs: { genomes: genomes.map((genome) => [...genome]), losses: [...losses] } };
}

/** The level of any genome, as the model predicts it. */
export function levelReader(
  genes: readonly PredictorGene[],
  { kernel, pairs }: LowFidelityModel,
): (genome: ArrayLike<number>) => number {
  const regression = new GaussianProcess(spaceOf(genes), kernel).fit(pairs.genomes, pairs.losses.map(levelOf));
  return (genome) => regression.predictValue(genome);
}

function levelOf(loss: number): number {
  return logarithm(loss + LEAST_LOSS);
}

function spaceOf(genes: readonly PredictorGene[]): GenomeSpace {
  const { prior } = new Encoding(genes);
  return { counts: genes.map(({ choices }) => choices.length), aspects: genes.map(aspectsOf), ...(prior && { prior }) };
}

/** Weight and activation bits where a gene chooses both. */
function aspectsOf({ kind, choices }: PredictorGene): number[][] {
  if (kind !== 'scheme') return [choices.map((_, choice) => choice)];
  const bits = choices.map((scheme) => schemeBits(String(scheme)));
  return [bits.map(({ weightBits }) => weightBits), bits.map(({ activationBits }) => activationBits)];
}
