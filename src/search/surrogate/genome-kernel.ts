import { exponential, logarithm } from '../../core/elementary.ts';

/** What is known of a space before anything is evaluated. */
export interface GenomeSpace {
  /** Choices of each gene. */
  counts: readonly number[];
  /** What each choice of each gene is thought to add to the loss, at least 0, in any unit: an additive proxy. */
  prior?: readonly (readonly number[])[];
  /** What a genome is thought to lose on a logarithmic scale, by whatever knows more than the sum of the prior does. */
  level?(genome: ArrayLike<number>): number;
  /** What a look at the genome itself showed, in numbers of about 1; for {@link KernelSettings.seen}. */
  seen?(genome: ArrayLike<number>): number;
  /** By gene, what its choices are made of, such as weight and activation bits: a value for each choice; for {@link KernelSettings.local}. */
  aspects?: readonly (readonly (readonly number[])[])[];
}

/** How much each part of a kernel counts, and how far it reaches. */
export interface KernelSettings {
  /** Of the sum of the prior, on a logarithmic scale; or of the level that a space has instead. */
  sum: number;
  sumReach: number;
  /** Of what was seen of the genomes; 0 for none. */
  seen: number;
  seenReach: number;
  /** Of the priors of the genes, one by one. */
  profile: number;
  profileReach: number;
  /** Of the aspects that differ, each by what the prior says that it matters, among genomes of nearly one level; 0 for none. */
  local: number;
  localLevel: number;
  localReach: number;
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
  ...{ local: 0, localLevel: 1, localReach: 4, seen: 0, seenReach: 1 },
};

/** What of a genome is compared apart from its genes. */
export interface Traits {
  /** The space's own level, else the logarithm of the summed prior; 0 without either. */
  level: number;
  /** 0 where nothing is looked at. */
  seen: number;
}

/** Keeps the logarithm of a sum of priors finite, as a share of the largest possible sum. */
const LEAST_SUM = 1e-6;

/**
 * How alike the losses of two genomes are expected to be: a sum of kernels over the logarithm of the summed prior, over what
 * looks at the genomes showed, over the square roots of the genes' priors, and over which genes are equal. Where there is no prior only the last ones are,
 * and that of the level if the space has one.
 * Of + − × ÷ and roots alone.
 *
 * @example new GenomeKernel({ counts: [2, 2] }, DEFAULT_KERNEL).value([0, 1], [0, 1]) // => 0.75
 */
export class GenomeKernel {
  readonly settings: KernelSettings;
  private readonly genes: number;
  /** By gene and pair of choices: the squared distance of their scaled priors, over the number of genes. */
  private readonly distances: Float64Array[] | undefined;
  /** The same by the aspects that differ, in units of the mean square of what one matters. */
  private readonly differences: Float64Array[] | undefined;
  private readonly counts: readonly number[];
  private readonly prior: readonly (readonly number[])[] | undefined;
  private readonly leastSum: number = 0;
  private readonly ownLevel: GenomeSpace['level'];
  private readonly seen: GenomeSpace['seen'];
  /** By number of different genes. */
  private readonly likeness: Float64Array;

  constructor({ counts, prior, level, seen, aspects }: GenomeSpace, settings: KernelSettings) {
    this.settings = settings;
    this.ownLevel = level;
    this.seen = settings.seen > 0 ? seen : undefined;
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
    if (settings.local > 0) this.differences = differencesOf(prior, aspects ?? counts.map((count) => [upTo(count)]));
  }

  traits(genome: ArrayLike<number>): Traits {
    return { level: this.level(genome), seen: this.seen?.(genome) ?? 0 };
  }

  private level(genome: ArrayLike<number>): number {
    if (this.ownLevel) return this.ownLevel(genome);
    if (!this.prior) return 0;
    let sum = this.leastSum;
    for (let gene = 0; gene < this.genes; gene++) sum += Math.max(this.prior[gene][genome[gene]], 0);
    return logarithm(sum);
  }

  /** The covariance of two genomes' losses, those having unit scale. */
  value(
    first: ArrayLike<number>,
    second: ArrayLike<number>,
    own: Traits = this.traits(first),
    other: Traits = this.traits(second),
  ): number {
    const { distances, differences, genes, counts } = this;
    let different = 0;
    let distance = 0;
    let difference = 0;
    for (let gene = 0; gene < genes; gene++) {
      if (first[gene] === second[gene]) continue;
      different++;
      const pair = first[gene] * counts[gene] + second[gene];
      if (distances) distance += distances[gene][pair];
      if (differences) difference += differences[gene][pair];
    }
    const { sum, sumReach, profile, profileReach } = this.settings;
    let alike = this.likeness[different];
    if (this.levels) {
      const apart = (own.level - other.level) / sumReach;
      alike += sum * exponential(-0.5 * apart * apart);
    }
    if (this.seen) {
      const apart = (own.seen - other.seen) / this.settings.seenReach;
      alike += this.settings.seen * exponential(-0.5 * apart * apart);
    }
    if (differences) {
      const { local, localLevel, localReach } = this.settings;
      const apart = (own.level - other.level) / localLevel;
      alike += local * exponential(-0.5 * apart * apart - (0.5 * difference) / (localReach * localReach));
    }
    return distances ? alike + profile * exponential((-0.5 * distance) / (profileReach * profileReach)) : alike;
  }

  /** The covariance of a genome with itself. */
  get variance(): number {
    const { sum, seen, profile, local } = this.settings;
    const byGenes = this.likeness[0] + (this.distances ? profile : 0) + (this.differences ? local : 0);
    return byGenes + (this.levels ? sum : 0) + (this.seen ? seen : 0);
  }

  /** Whether genomes have levels to be compared by. */
  private get levels(): boolean {
    return this.distances !== undefined || this.ownLevel !== undefined;
  }
}

/** By gene and pair of choices: what the aspects matter in which the two differ. */
function differencesOf(
  prior: readonly (readonly number[])[],
  aspects: readonly (readonly (readonly number[])[])[],
): Float64Array[] {
  const weights = prior.map((row, gene) => aspects[gene].map((values) => meansByValue(row, values)));
  const all = weights.flat().flatMap((means) => [...means.values()]);
  const unit = Math.sqrt(all.reduce((sum, mean) => sum + mean * mean, 0) / all.length) || 1;
  return prior.map((row, gene) =>
    Float64Array.from(
      row.flatMap((_, a) =>
        row.map((_, b) =>
          aspects[gene].reduce((sum, values, k) => {
            const means = weights[gene][k];
            return values[a] === values[b] ? sum : sum + (means.get(values[a])! + means.get(values[b])!) / unit;
          }, 0),
        ),
      ),
    ),
  );
}

/** The mean of a gene's priors over the choices that share a value; 0 for the value with the least. */
function meansByValue(row: readonly number[], values: readonly number[]): Map<number, number> {
  const means = new Map<number, number>();
  for (const value of new Set(values)) {
    const own = row.filter((_, choice) => values[choice] === value);
    means.set(value, own.reduce((sum, prior) => sum + Math.max(prior, 0), 0) / own.length);
  }
  const least = Math.min(...means.values());
  for (const [value, mean] of means) means.set(value, mean - least);
  return means;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
