import type { Landscape } from '../exact/walk.ts';
import type { PairwiseTables } from './pairwise-tables.ts';

/**
 * A model's loss under limits on tabulated metrics. What each single change would do to the loss is kept at hand, so that
 * an attempt is a look-up, and only one that stands costs as much as the gene has partners.
 */
export class ModelLandscape implements Landscape {
  readonly counts: readonly number[];
  loss = 0;
  excess = 0;
  private readonly model: PairwiseTables;
  private readonly metrics: readonly PairwiseTables[];
  private readonly ceilings: readonly number[];
  private readonly sums: Float64Array;
  private readonly sumsBefore: Float64Array;
  /** By gene and value: what the change would do to the loss. */
  private readonly rises: Float64Array[];
  private genome: Int32Array = new Int32Array(0);
  private anchor: ArrayLike<number> | undefined;
  private caution = 0;
  private lossBefore = 0;
  private excessBefore = 0;
  /** The last attempt, and what the genes had before; `first` is −1 where there is none. */
  private first = -1;
  private firstBefore = 0;
  private second = -1;
  private secondBefore = 0;

  constructor(model: PairwiseTables, metrics: readonly PairwiseTables[], ceilings: readonly number[]) {
    this.counts = model.counts;
    this.model = model;
    this.metrics = metrics;
    this.ceilings = ceilings;
    this.sums = new Float64Array(metrics.length);
    this.sumsBefore = new Float64Array(metrics.length);
    this.rises = model.counts.map((count) => new Float64Array(count));
  }

  /** From now on each gene that differs from an anchor counts as so much more loss. */
  stayNear(anchor: ArrayLike<number> | undefined, caution: number): void {
    this.anchor = caution > 0 ? anchor : undefined;
    this.caution = caution;
  }

  enter(genome: Int32Array): void {
    const { anchor, caution, model, rises } = this;
    this.genome = genome;
    this.first = -1;
    this.loss = model.value(genome);
    for (let gene = 0; gene < genome.length; gene++) {
      const away = anchor ? Number(genome[gene] !== anchor[gene]) : 0;
      this.loss += caution * away;
      for (let value = 0; value < rises[gene].length; value++) {
        const further = anchor ? Number(value !== anchor[gene]) - away : 0;
        rises[gene][value] = model.change(genome, gene, value) + caution * further;
      }
    }
    for (let m = 0; m < this.metrics.length; m++) this.sums[m] = this.metrics[m].value(genome);
    this.measureExcess();
  }

  attempt(first: number, value: number, second: number, secondValue: number): void {
    this.settle();
    const { genome, metrics, sums, sumsBefore } = this;
    this.lossBefore = this.loss;
    this.excessBefore = this.excess;
    this.first = first;
    this.firstBefore = genome[first];
    this.second = second;
    this.secondBefore = genome[second];
    this.loss += this.rises[first][value];
    if (second !== first) {
      this.loss += this.rises[second][secondValue] + this.model.joint(genome, first, value, second, secondValue);
    }
    for (let m = 0; m < metrics.length; m++) {
      sumsBefore[m] = sums[m];
      sums[m] += metrics[m].change(genome, first, value);
    }
    genome[first] = value;
    if (second !== first) {
      for (let m = 0; m < metrics.length; m++) sums[m] += metrics[m].change(genome, second, secondValue);
      genome[second] = secondValue;
    }
    this.measureExcess();
  }

  revert(): void {
    this.genome[this.second] = this.secondBefore;
    this.genome[this.first] = this.firstBefore;
    this.first = -1;
    this.loss = this.lossBefore;
    this.excess = this.excessBefore;
    for (let m = 0; m < this.sums.length; m++) this.sums[m] = this.sumsBefore[m];
  }

  /** Brings the rises up to date with an attempt that stands. */
  private settle(): void {
    const { first, second, genome } = this;
    if (first < 0) return;
    this.first = -1;
    const to = genome[second];
    // one gene after the other: what the first does to the second counts from where that was
    if (second !== first) genome[second] = this.secondBefore;
    this.moved(first, this.firstBefore, genome[first]);
    if (second === first) return;
    genome[second] = to;
    this.moved(second, this.secondBefore, to);
  }

  private moved(gene: number, from: number, to: number): void {
    const own = this.rises[gene];
    const rise = own[to];
    for (let value = 0; value < own.length; value++) own[value] -= rise;
    this.model.adjust(this.rises, gene, from, to, this.genome);
  }

  private measureExcess(): void {
    let excess = 0;
    for (let m = 0; m < this.sums.length; m++) {
      const over = this.sums[m] - this.ceilings[m];
      if (over > 0) excess += over / (Math.abs(this.ceilings[m]) || 1);
    }
    this.excess = excess;
  }
}
