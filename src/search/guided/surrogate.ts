import type { RandomSource } from '../options.ts';
import { PairwiseTables } from './pairwise-tables.ts';
import type { JointTable } from './space.ts';
import {
  cellsOf,
  changedCells,
  fitCells,
  fitEffects,
  fitPair,
  gainOf,
  type PairTable,
  type Sample,
  weightsOf,
} from './table-fits.ts';

/** Sweeps of one fit. */
const SWEEPS = 6;
/** Points around a genome that its tables are fitted to: about so many. */
const MOST_NEAR = 2000;
/** Genes in which they may differ: a share of all, and not less than some. */
const REACH_SHARE = 3;
const LEAST_REACH = 6;
/** Sweeps of such a fit, which begins where the last one ended. */
const NEAR_SWEEPS = 3;
/** Pairs of genes that the model keeps, for each gene. */
const PAIRS_PER_GENE = 4;
/** Beyond so many pairs of genes the model is additive: there are too few points to tell them apart. */
const MOST_PAIRS = 20_000;

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
  /** Pairs that have no joint effect, first · genes + second. */
  private readonly apart = new Set<number>();
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

  /**
   * What might be predicted as well: joint effects are known only in part, so each is taken anew as so much more or less
   * than the model says.
   *
   * @param doubt how much at most, as a share.
   */
  doubted(doubt: number, random: RandomSource): PairwiseTables {
    const tables = new PairwiseTables(this.counts);
    tables.constant = this.tables.constant;
    this.effects.forEach((own, gene) => {
      tables.unary[gene].set(own);
    });
    for (const { first, second, values } of this.pairs) {
      tables.addPair(
        first,
        second,
        values.map((value) => (value === 0 ? 0 : value * (1 + doubt * (2 * random.real() - 1)))),
      );
    }
    return tables;
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

  /** From now on two genes, the first below the second, are known to have no joint effect. */
  setApart(first: number, second: number): void {
    this.apart.add(first * this.counts.length + second);
  }

  /** Whether two genes have a table. */
  areJoint(one: number, other: number): boolean {
    return this.tables.joins(one, other);
  }

  /** The pairs whose tables were set outright. */
  get probedPairs(): readonly JointTable[] {
    return this.pairs.filter(({ prior }) => prior);
  }

  /** All pairs that have tables. */
  get jointTables(): readonly JointTable[] {
    return this.pairs;
  }

  /**
   * Makes the model exact at a genome and at single changes of it that were measured: from then on effects are those of
   * single changes of that genome, and tables hold what two changes do beyond both.
   */
  recentre(base: ArrayLike<number>, loss: number, effects: readonly (readonly number[])[]): void {
    this.start(loss - effects.reduce((sum, own, gene) => sum + own[base[gene]], 0), effects);
    for (const pair of this.pairs) {
      pair.values = this.contrasts(pair, pair.values, base);
      if (pair.prior) pair.prior = this.contrasts(pair, pair.prior, base);
    }
    this.tabulatePairs();
  }

  /** A table of a pair less what either gene's change from a genome does alone. */
  private contrasts(
    { first, second }: { first: number; second: number },
    values: Float64Array,
    base: ArrayLike<number>,
  ): Float64Array {
    const columns = this.counts[second];
    const [row, column] = [base[first] * columns, base[second]];
    return values.map((value, cell) => {
      const [a, b] = [Math.floor(cell / columns) * columns, cell % columns];
      return value - values[a + column] - values[row + b] + values[row + column];
    });
  }

  /**
   * Fits to all points, the better ones weighing more, and chooses anew which pairs have tables.
   */
  fit(): void {
    this.version++;
    const sample = this.sample(
      this.losses.map((_, row) => row),
      weightsOf(this.losses),
    );
    this.selectPairs(sample);
    const cells = this.pairs.map((pair) => cellsOf(pair, this.counts[pair.second], sample));
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let gene = 0; gene < this.effects.length; gene++)
        fitEffects(this.effects[gene], sample.columns[gene], sample);
      this.pairs.forEach((pair, k) => {
        fitPair(pair, sample, cells[k]);
      });
    }
    this.tabulatePairs();
  }

  /**
   * Fits the tables of pairs alone to the points near a genome that the model was recentred at: the fewer genes differ,
   * the more a point says about each pair. What was measured stays as it is.
   */
  fitAround(base: ArrayLike<number>): void {
    this.version++;
    const { rows, weights } = this.nearRows(base);
    const { columns, residual } = this.sample(rows, weights);
    const cells = this.pairs.map((pair) => changedCells(pair, this.counts[pair.second], columns, base));
    for (let sweep = 0; sweep < NEAR_SWEEPS; sweep++) {
      this.pairs.forEach((pair, k) => {
        fitCells(pair, cells[k], residual, weights);
      });
    }
    this.tabulatePairs();
  }

  /** Points that differ in few genes, as many as are of use, and what they weigh. */
  private nearRows(base: ArrayLike<number>): { rows: number[]; weights: Float64Array } {
    const byChanges: number[][] = this.counts.map(() => []);
    this.genomes.forEach((genome, row) => {
      let changes = 0;
      for (let gene = 0; gene < genome.length; gene++) if (genome[gene] !== base[gene]) changes++;
      // one change is measured; where all is changed nothing is near
      if (changes > 1 && changes < byChanges.length) byChanges[changes].push(row);
    });
    const rows: number[] = [];
    const weights: number[] = [];
    const most = Math.max(LEAST_REACH, byChanges.length / REACH_SHARE);
    for (let changes = 2; changes <= most && changes < byChanges.length && rows.length < MOST_NEAR; changes++) {
      for (const row of byChanges[changes].slice(rows.length - MOST_NEAR)) {
        rows.push(row);
        weights.push(4 / (changes * changes));
      }
    }
    return { rows, weights: Float64Array.from(weights) };
  }

  private sample(rows: readonly number[], weights: Float64Array): Sample {
    const columns = this.counts.map(() => new Uint16Array(rows.length));
    const residual = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const genome = this.genomes[rows[i]];
      for (let gene = 0; gene < genome.length; gene++) columns[gene][i] = genome[gene];
      residual[i] = this.losses[rows[i]] - this.predict(genome);
    }
    return { columns, weights, residual };
  }

  private tabulatePairs(): void {
    this.tables.clearPairs();
    for (const { first, second, values } of this.pairs) this.tables.addPair(first, second, values);
  }

  /** Keeps the pairs whose tables would explain most of the residual that they leave each other. */
  private selectPairs(sample: Sample): void {
    const pairCount = (this.counts.length * (this.counts.length - 1)) / 2;
    if (pairCount > MOST_PAIRS) return;
    const known = new Map(this.pairs.map((pair) => [`${pair.first},${pair.second}`, pair]));
    const scored: { pair: PairTable; gain: number }[] = [];
    for (let first = 0; first < this.counts.length; first++) {
      for (let second = first + 1; second < this.counts.length; second++) {
        if (this.apart.has(first * this.counts.length + second)) continue;
        const pair = known.get(`${first},${second}`) ?? {
          first,
          second,
          values: new Float64Array(this.counts[first] * this.counts[second]),
        };
        scored.push({ pair, gain: gainOf(pair, sample, cellsOf(pair, this.counts[second], sample)) });
      }
    }
    scored.sort((a, b) => b.gain - a.gain);
    const most = PAIRS_PER_GENE * this.counts.length;
    const kept = scored.filter(({ pair, gain }, k) => pair.prior || (k < most && gain > 0));
    const keeping = new Set(kept.map(({ pair }) => pair));
    for (const pair of this.pairs) {
      if (keeping.has(pair)) continue;
      const cells = cellsOf(pair, this.counts[pair.second], sample);
      for (let i = 0; i < cells.length; i++) sample.residual[i] += pair.values[cells[i]];
    }
    this.pairs = kept.map(({ pair }) => pair);
  }
}
