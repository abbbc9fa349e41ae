import { exponential, logarithm } from '../../core/elementary.ts';

/** What is known of a space before anything is evaluated. */
export interface GenomeSpace {
  /** Choices of each gene. */
  counts: readonly number[];
  /** What each choice of each gene is thought to add to the loss, at least 0, in any unit: an additive proxy. */
  prior?: readonly (readonly number[])[];
}

/** How much each part of a kernel counts, and how far it reaches. */
export interface KernelSettings {
  /** Of the sum of the prior, on a logarithmic scale. */
  sum: number;
  sumReach: number;
  /** Of the priors of the genes, one by one. */
  profile: number;
  profileReach: number;
  /** Of the share of genes that are equal, linearly. */
  additive: number;
  /** Of the same, exponentially. */
  joint: number;
  jointReach: number;
  /** Variance of what genomes do not explain. */
  noise: number;
}

export const DEFAULT_KERNEL: KernelSettings = {
  ...{ sum: 4, sumReach: 1, profile: 4, profileReach: 2, additive: 0.25, joint: 0.5, jointReach: 0.5, noise: 0.03 },
};

/** Keeps the logarithm of a sum of priors finite, as a share of the largest possible sum. */
const LEAST_SUM = 1e-6;

/**
 * How alike the losses of two genomes are expected to be: a sum of kernels over the logarithm of the summed prior, over
 * the square roots of the genes' priors, and over which genes are equal. Where there is no prior only the last ones are.
 * Of + − × ÷ and roots alone.
 *
 * @example new GenomeKernel({ counts: [2, 2] }, DEFAULT_KERNEL).value([0, 1], [0, 1]) // => 0.75
 */
export class GenomeKernel {
  readonly settings: KernelSettings;
  private readonly genes: number;
  /** By gene and pair of choices: the squared distance of their scaled priors, over the number of genes. */
  private readonly distances: Float64Array[] | undefined;
  private readonly counts: readonly number[];
  private readonly prior: readonly (readonly number[])[] | undefined;
  private readonly leastSum: number = 0;
  /** By number of different genes. */
  private readonly likeness: Float64Array;

  constructor({ counts, prior }: GenomeSpace, settings: KernelSettings) {
    this.settings = settings;
    this.counts = counts;
    this.genes = counts.length;
    const { additive, joint, jointReach } = settings;
    this.likeness = Float64Array.from({ length: this.genes + 1 }, (_, different) => {
      const share = different / this.genes;
      return additive * (1 - share) + joint * exponential(-share / jointReach);
    });
    const most = prior?.reduce((sum, row) => sum + Math.max(...row), 0) ?? 0;
    if (!prior || !(most > 0)) return;
    this.prior = prior;
    this.leastSum = LEAST_SUM * most;
    const roots = prior.map((row) => row.map((value) => Math.sqrt(Math.max(value, 0))));
    const scale = spread(roots.flat()) || 1;
    this.distances = roots.map((row) =>
      Float64Array.from(row.flatMap((a) => row.map((b) => ((a - b) / scale) ** 2 / this.genes))),
    );
  }

  /** The logarithm of the summed prior; 0 without one. */
  level(genome: ArrayLike<number>): number {
    if (!this.prior) return 0;
    let sum = this.leastSum;
    for (let gene = 0; gene < this.genes; gene++) sum += Math.max(this.prior[gene][genome[gene]], 0);
    return logarithm(sum);
  }

  /** The covariance of two genomes' losses, those having unit scale. */
  value(
    first: ArrayLike<number>,
    second: ArrayLike<number>,
    firstLevel = this.level(first),
    secondLevel = this.level(second),
  ): number {
    const { distances, genes, counts } = this;
    let different = 0;
    let distance = 0;
    for (let gene = 0; gene < genes; gene++) {
      if (first[gene] === second[gene]) continue;
      different++;
      if (distances) distance += distances[gene][first[gene] * counts[gene] + second[gene]];
    }
    const alike = this.likeness[different];
    if (!distances) return alike;
    const { sum, sumReach, profile, profileReach } = this.settings;
    const apart = (firstLevel - secondLevel) / sumReach;
    return (
      alike +
      sum * exponential(-0.5 * apart * apart) +
      profile * exponential((-0.5 * distance) / (profileReach * profileReach))
    );
  }

  /** The covariance of a genome with itself. */
  get variance(): number {
    const { sum, profile } = this.settings;
    return this.likeness[0] + (this.distances ? sum + profile : 0);
  }
}

function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
