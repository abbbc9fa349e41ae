import { logarithm } from '../../core/elementary.ts';
import { cholesky, solveLower, solveUpper } from './cholesky.ts';
import { DEFAULT_KERNEL, GenomeKernel, type GenomeSpace, type KernelSettings, type Traits } from './genome-kernel.ts';

/** A predicted loss and how far from it the truth may be: one standard deviation. */
export interface Prediction {
  value: number;
  deviation: number;
}

/** Points that settings are chosen by at most; the last ones. */
const MOST_TUNED = 240;
/** Points of the fit at most: what is kept of more are those with the least losses and the last ones. */
const MOST_POINTS = 1200;
/** Values that each setting is tried at, as factors of the one that it has. */
const FACTORS = [0.25, 0.5, 2, 4];
const SWEEPS = 2;
const LN2 = Math.LN2;
/** Bounds of every setting, as factors of the first one. */
const REACH = 64;

/**
 * Regression of losses over genomes by a Gaussian process: the mean and the uncertainty of every genome that was not
 * evaluated, in closed form. Its settings are those, of a few, that make the points most likely. The same bits everywhere.
 *
 * @see Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1.
 * @example new GaussianProcess({ counts: [3] }).fit([[0], [2]], [1, 5]).predict([0]).value < 2 // => true
 */
export class GaussianProcess {
  private readonly space: GenomeSpace;
  private kernel: GenomeKernel;
  /** What settings are bounded around. */
  private readonly first: KernelSettings;
  private genomes: readonly ArrayLike<number>[] = [];
  private traits: readonly Traits[] = [];
  private lower: Float64Array = new Float64Array(0);
  private weights: Float64Array = new Float64Array(0);
  private mean = 0;
  private scale = 1;

  constructor(space: GenomeSpace, settings: KernelSettings = DEFAULT_KERNEL) {
    this.space = space;
    this.kernel = new GenomeKernel(space, settings);
    this.first = settings;
  }

  get settings(): KernelSettings {
    return this.kernel.settings;
  }

  /**
   * Takes the settings of a kernel that the last points of some are most likely under.
   *
   * @param options.most of the points.
   * @param options.pull what one doubling or halving of a setting from the first one costs, in nats; its square counts.
   */
  tune(
    genomes: readonly ArrayLike<number>[],
    losses: readonly number[],
    { most = MOST_TUNED, pull = 0 }: { most?: number; pull?: number } = {},
  ): this {
    const from = Math.max(0, genomes.length - most);
    const [points, values] = [genomes.slice(from), losses.slice(from)];
    const traits = points.map((genome) => this.kernel.traits(genome)); // whatever the settings
    const likelihood = this.likelihood(this.settings, points, traits, values) - pull * this.strayed(this.settings);
    let best = { settings: this.settings, likelihood };
    const { prior, level } = this.space;
    const { local, seen } = this.settings;
    const unused = (name: string) =>
      (/^local/.test(name) && !local) ||
      (/^seen/.test(name) && !seen) ||
      (!prior && (/^(profile|local)/.test(name) || (/^sum/.test(name) && !level)));
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (const name of Object.keys(DEFAULT_KERNEL) as (keyof KernelSettings)[]) {
        if (best.settings[name] === 0 || unused(name)) continue;
        const own = best.settings[name];
        for (const factor of FACTORS) {
          const value = own * factor;
          if (value > REACH * this.first[name] || value < this.first[name] / REACH) continue;
          const settings = { ...best.settings, [name]: value };
          const likelihood = this.likelihood(settings, points, traits, values) - pull * this.strayed(settings);
          if (likelihood > best.likelihood) best = { settings, likelihood };
        }
      }
    }
    this.kernel = new GenomeKernel(this.space, best.settings);
    return this;
  }

  /** The sum over all settings of their squared distances from the first ones, in doublings. */
  private strayed(settings: KernelSettings): number {
    return (Object.keys(DEFAULT_KERNEL) as (keyof KernelSettings)[]).reduce((sum, name) => {
      const doublings = settings[name] === this.first[name] ? 0 : logarithm(settings[name] / this.first[name]) / LN2;
      return sum + doublings * doublings;
    }, 0);
  }

  /** Learns from evaluated genomes; with too many, from the best and the last of them. */
  fit(genomes: readonly ArrayLike<number>[], losses: readonly number[]): this {
    const rows = chosenRows(losses);
    const values = rows.map((row) => losses[row]);
    this.genomes = rows.map((row) => genomes[row]);
    this.traits = this.genomes.map((genome) => this.kernel.traits(genome));
    [this.mean, this.scale] = scaleOf(values);
    const lower = this.factor(this.kernel, this.genomes, this.traits);
    const scaled = values.map((value) => (value - this.mean) / this.scale);
    this.lower = lower;
    this.weights = solveUpper(lower, solveLower(lower, scaled));
    return this;
  }

  predict(genome: ArrayLike<number>): Prediction {
    const alike = this.likenessTo(genome);
    const explained = solveLower(this.lower, alike);
    let variance = this.kernel.variance + this.settings.noise;
    for (const part of explained) variance -= part * part;
    return { value: this.combine(alike), deviation: this.scale * Math.sqrt(Math.max(variance, 0)) };
  }

  /** The predicted loss alone, which takes far less time. */
  predictValue(genome: ArrayLike<number>): number {
    return this.combine(this.likenessTo(genome));
  }

  private combine(alike: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < alike.length; i++) sum += alike[i] * this.weights[i];
    return this.mean + this.scale * sum;
  }

  private likenessTo(genome: ArrayLike<number>): Float64Array {
    const { kernel, genomes, traits } = this;
    const own = kernel.traits(genome);
    const alike = new Float64Array(genomes.length);
    for (let i = 0; i < alike.length; i++) alike[i] = kernel.value(genome, genomes[i], own, traits[i]);
    return alike;
  }

  /** With noise doubled until the matrix is positive definite in floating point. */
  private factor(kernel: GenomeKernel, genomes: readonly ArrayLike<number>[], traits: readonly Traits[]): Float64Array {
    for (let { noise } = kernel.settings; ; noise *= 2) {
      const lower = cholesky(genomes.length, (i, j) => {
        const value = kernel.value(genomes[i], genomes[j], traits[i], traits[j]);
        return i === j ? value + noise : value;
      });
      if (lower) return lower;
    }
  }

  /** The logarithm of the points' probability density, but for a constant. */
  private likelihood(
    settings: KernelSettings,
    genomes: readonly ArrayLike<number>[],
    traits: readonly Traits[],
    losses: readonly number[],
  ): number {
    const kernel = new GenomeKernel(this.space, settings);
    const lower = this.factor(kernel, genomes, traits);
    const [mean, scale] = scaleOf(losses);
    const residual = solveLower(
      lower,
      losses.map((loss) => (loss - mean) / scale),
    );
    let sum = 0;
    for (let i = 0; i < residual.length; i++) {
      sum -= 0.5 * residual[i] * residual[i] + logarithm(lower[i * residual.length + i]);
    }
    return sum;
  }
}

function chosenRows(losses: readonly number[]): number[] {
  const rows = losses.map((_, row) => row);
  if (rows.length <= MOST_POINTS) return rows;
  const last = rows.slice(-MOST_POINTS / 2);
  const best = rows.slice(0, -MOST_POINTS / 2).sort((a, b) => losses[a] - losses[b] || a - b);
  return [...best.slice(0, MOST_POINTS / 2), ...last].sort((a, b) => a - b);
}

/** Mean and standard deviation, the latter 1 where all are equal. */
function scaleOf(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance) || 1];
}
