import type { Landscape } from '../exact/walk.ts';
import type { PairwiseTables } from './pairwise-tables.ts';

/** A model's loss under limits on tabulated metrics, brought up to date gene by gene. */
export class ModelLandscape implements Landscape {
  readonly counts: readonly number[];
  loss = 0;
  excess = 0;
  private readonly model: PairwiseTables;
  private readonly metrics: readonly PairwiseTables[];
  private readonly ceilings: readonly number[];
  private readonly sums: Float64Array;
  private genome: Int32Array = new Int32Array(0);
  private anchor: ArrayLike<number> | undefined;
  private caution = 0;

  constructor(model: PairwiseTables, metrics: readonly PairwiseTables[], ceilings: readonly number[]) {
    this.counts = model.counts;
    this.model = model;
    this.metrics = metrics;
    this.ceilings = ceilings;
    this.sums = new Float64Array(metrics.length);
  }

  /** From now on each gene that differs from an anchor counts as so much more loss. */
  stayNear(anchor: ArrayLike<number> | undefined, caution: number): void {
    this.anchor = caution > 0 ? anchor : undefined;
    this.caution = caution;
  }

  enter(genome: Int32Array): void {
    this.genome = genome;
    this.loss = this.model.value(genome);
    const { anchor } = this;
    if (anchor) for (let g = 0; g < genome.length; g++) if (genome[g] !== anchor[g]) this.loss += this.caution;
    for (let m = 0; m < this.metrics.length; m++) this.sums[m] = this.metrics[m].value(genome);
    this.measureExcess();
  }

  shift(gene: number, value: number): void {
    const { genome, metrics, anchor } = this;
    this.loss += this.model.change(genome, gene, value);
    if (anchor) {
      const [here, there] = [Number(genome[gene] !== anchor[gene]), Number(value !== anchor[gene])];
      this.loss += this.caution * (there - here);
    }
    for (let m = 0; m < metrics.length; m++) this.sums[m] += metrics[m].change(genome, gene, value);
    genome[gene] = value;
    this.measureExcess();
  }

  private measureExcess(): void {
    this.excess = 0;
    for (let m = 0; m < this.sums.length; m++) {
      const over = this.sums[m] - this.ceilings[m];
      if (over > 0) this.excess += over / (Math.abs(this.ceilings[m]) || 1);
    }
  }
}
