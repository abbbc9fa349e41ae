import { PairwiseTables } from './pairwise-tables.ts';

/** Sweeps of one fit. */
const SWEEPS = 6;
/** Evidence that a cell must outweigh, in observations. */
const UNARY_SHRINKAGE = 1e-3;
const PAIR_SHRINKAGE = 0.3;
/** Pairs of genes that the model keeps, for each gene. */
const PAIRS_PER_GENE = 4;
/** Beyond so many pairs of genes the model is additive: there are too few points to tell them apart. */
const MOST_PAIRS = 20_000;

/** A term between two genes: one number for each pair of values. */
interface PairTable {
  first: number;
  second: number;
  values: Float64Array;
  /** Of a pair that was probed: what cells are taken to be as long as no points speak for something else. */
  prior?: Float64Array;
}

/**
 * A model of a loss: a constant, an effect for each value of each gene, and tables for the pairs of genes whose joint
 * effect the data show most. Fitted by backfitting with shrinkage: every cell takes the weighted mean of what the others
 * leave unexplained, and cells that few points speak for stay near 0.
 *
 * @see Friedman and Stuetzle, Projection pursuit regression, JASA 76, 1981 (backfitting); Lou et al., Accurate
 * intelligible models with pairwise interactions, KDD 2013.
 */
export class Surrogate {
  readonly counts: readonly number[];
  /** Rises with every change of what is predicted. */
  version = 0;
  /** What is predicted; brought up to date by every fit. */
  readonly tables: PairwiseTables;
  /** effects[gene][value] */
  readonly effects: Float64Array[];
  private pairs: PairTable[] = [];
  private readonly genomes: Uint16Array[] = [];
  private readonly losses: number[] = [];

  constructor(counts: readonly number[]) {
    this.counts = counts;
    this.tables = new PairwiseTables(counts);
    this.effects = this.tables.unary;
  }

  get size(): number {
    return this.losses.length;
  }

  add(genome: ArrayLike<number>, loss: number): void {
    this.genomes.push(Uint16Array.from(genome));
    this.losses.push(loss);
  }

  /** The predicted loss. */
  predict(genome: ArrayLike<number>): number {
    return this.tables.value(genome);
  }

  /** What each value of each gene changes by the model, the others as in a genome: an additive view around it. */
  around(genome: ArrayLike<number>): number[][] {
    return this.effects.map((own, gene) => Array.from(own, (_, value) => this.tables.change(genome, gene, value)));
  }

  /** Sets the effects outright, as single changes from a base measured them. */
  start(constant: number, effects: readonly (readonly number[])[]): void {
    this.version++;
    this.tables.constant = constant;
    effects.forEach((own, gene) => {
      this.effects[gene].set(own);
    });
  }

  /** Sets the table of a pair outright, values by [first's value · second's count + second's value]; fits stay near it. */
  setPair(first: number, second: number, values: Float64Array): void {
    this.version++;
    const others = this.pairs.filter((pair) => pair.first !== first || pair.second !== second);
    this.pairs = [...others, { first, second, values: values.slice(), prior: values }];
    this.tabulatePairs();
  }

  /** Makes the model exact at a genome and at single changes of it that were measured. */
  recentre(base: ArrayLike<number>, loss: number, effects: readonly (readonly number[])[]): void {
    this.version++;
    const now = this.around(base);
    effects.forEach((own, gene) => {
      own.forEach((effect, value) => {
        this.effects[gene][value] += effect - now[gene][value];
      });
    });
    this.tables.constant += loss - this.predict(base);
  }

  /**
   * Fits to all points, the better ones weighing more, and chooses anew which pairs have tables.
   */
  fit(): void {
    this.version++;
    const weights = this.weights();
    const residual = Float64Array.from(this.losses, (loss, i) => loss - this.predict(this.genomes[i]));
    this.selectPairs(residual, weights);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let gene = 0; gene < this.effects.length; gene++) this.fitEffects(gene, residual, weights);
      for (const pair of this.pairs) this.fitPair(pair, residual, weights, PAIR_SHRINKAGE);
    }
    this.tabulatePairs();
  }

  private tabulatePairs(): void {
    this.tables.clearPairs();
    for (const { first, second, values } of this.pairs) this.tables.addPair(first, second, values);
  }

  /** The best point weighs most, those far above it little; 1 on average. */
  private weights(): Float64Array {
    const sorted = this.losses.toSorted((a, b) => a - b);
    const best = sorted[0];
    const scale = sorted[Math.floor(sorted.length / 4)] - best || 1;
    const weights = Float64Array.from(this.losses, (loss) => {
      const distance = 1 + (loss - best) / scale;
      return 1 / (distance * distance);
    });
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    return weights.map((weight) => weight / mean);
  }

  private fitEffects(gene: number, residual: Float64Array, weights: Float64Array): void {
    const count = this.counts[gene];
    const sums = new Float64Array(count);
    const totals = new Float64Array(count);
    for (let i = 0; i < residual.length; i++) {
      const value = this.genomes[i][gene];
      sums[value] += weights[i] * residual[i];
      totals[value] += weights[i];
    }
    for (let value = 0; value < count; value++) sums[value] /= totals[value] + UNARY_SHRINKAGE;
    for (let value = 0; value < count; value++) this.effects[gene][value] += sums[value];
    for (let i = 0; i < residual.length; i++) residual[i] -= sums[this.genomes[i][gene]];
  }

  private fitPair(pair: PairTable, residual: Float64Array, weights: Float64Array, shrinkage: number): void {
    const { first, second, values, prior } = pair;
    const columns = this.counts[second];
    const sums = new Float64Array(values.length);
    const totals = new Float64Array(values.length);
    for (let i = 0; i < residual.length; i++) {
      const cell = this.genomes[i][first] * columns + this.genomes[i][second];
      sums[cell] += weights[i] * (residual[i] + values[cell]);
      totals[cell] += weights[i];
    }
    for (let cell = 0; cell < values.length; cell++) {
      const fitted = (sums[cell] + shrinkage * (prior?.[cell] ?? 0)) / (totals[cell] + shrinkage);
      sums[cell] = fitted - values[cell];
      values[cell] = fitted;
    }
    for (let i = 0; i < residual.length; i++) {
      residual[i] -= sums[this.genomes[i][first] * columns + this.genomes[i][second]];
    }
  }

  /** Keeps the pairs whose tables would explain most of the residual that they leave each other. */
  private selectPairs(residual: Float64Array, weights: Float64Array): void {
    const pairCount = (this.counts.length * (this.counts.length - 1)) / 2;
    if (pairCount > MOST_PAIRS) return;
    const known = new Map(this.pairs.map((pair) => [`${pair.first},${pair.second}`, pair]));
    const scored: { pair: PairTable; gain: number }[] = [];
    for (let first = 0; first < this.counts.length; first++) {
      for (let second = first + 1; second < this.counts.length; second++) {
        const pair = known.get(`${first},${second}`) ?? {
          first,
          second,
          values: new Float64Array(this.counts[first] * this.counts[second]),
        };
        scored.push({ pair, gain: this.gainOf(pair, residual, weights) });
      }
    }
    scored.sort((a, b) => b.gain - a.gain);
    const most = PAIRS_PER_GENE * this.counts.length;
    const kept = scored.filter(({ pair, gain }, k) => pair.prior || (k < most && gain > 0));
    const keeping = new Set(kept.map(({ pair }) => pair));
    for (const { pair } of scored) {
      if (keeping.has(pair) || !known.has(`${pair.first},${pair.second}`)) continue;
      for (let i = 0; i < residual.length; i++) {
        residual[i] +=
          pair.values[this.genomes[i][pair.first] * this.counts[pair.second] + this.genomes[i][pair.second]];
      }
    }
    this.pairs = kept.map(({ pair }) => pair);
  }

  private gainOf({ first, second, values }: PairTable, residual: Float64Array, weights: Float64Array): number {
    const columns = this.counts[second];
    const sums = new Float64Array(values.length);
    const totals = new Float64Array(values.length);
    for (let i = 0; i < residual.length; i++) {
      const cell = this.genomes[i][first] * columns + this.genomes[i][second];
      sums[cell] += weights[i] * (residual[i] + values[cell]);
      totals[cell] += weights[i];
    }
    let gain = 0;
    for (let cell = 0; cell < values.length; cell++) {
      if (totals[cell] > 0) gain += (sums[cell] * sums[cell]) / (totals[cell] + PAIR_SHRINKAGE);
    }
    return gain;
  }
}
