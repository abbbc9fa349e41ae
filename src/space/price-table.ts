import type { BudgetName } from './budget.ts';

/** A predicted loss of a candidate, lower is better. */
export type Loss<Point> = (point: Point) => number;

/**
 * What each choice of each gene adds to the metrics and to the loss of a base candidate, all other genes left alone: a
 * few hundred estimates once, and from then on the price of a move is a look-up. Sums of these differences are exact for
 * what adds up over genes; for the rest (RAM, latency beside f32 layers, channels on both sides of a layer) they are a
 * guide, and the cost model the truth.
 */
export class PriceTable {
  readonly metrics: readonly BudgetName[];
  readonly geneCount: number;
  /** The first row of each gene, and behind the last gene the number of rows. */
  readonly starts: Int32Array;
  /** By row · metrics + metric. */
  readonly added: Float64Array;
  /** By row. */
  readonly addedLoss: Float64Array;
  /** The gene of each row. */
  readonly geneOf: Int32Array;

  /**
   * @param counts how many choices each gene has.
   * @param valuesOf a genome's values of the metrics, in their order.
   */
  constructor(
    counts: readonly number[],
    metrics: readonly BudgetName[],
    base: readonly number[],
    valuesOf: (genome: readonly number[]) => readonly number[],
    lossOf: (genome: readonly number[]) => number,
  ) {
    this.metrics = metrics;
    this.geneCount = counts.length;
    this.starts = new Int32Array(counts.length + 1);
    for (let gene = 0; gene < counts.length; gene++) this.starts[gene + 1] = this.starts[gene] + counts[gene];
    const rows = this.starts[counts.length];
    this.added = new Float64Array(rows * metrics.length);
    this.addedLoss = new Float64Array(rows);
    this.geneOf = new Int32Array(rows);
    const baseLoss = lossOf(base);
    const baseValues = valuesOf(base);
    for (let gene = 0; gene < counts.length; gene++) {
      for (let choice = 0; choice < counts[gene]; choice++) {
        const row = this.starts[gene] + choice;
        this.geneOf[row] = gene;
        if (choice === base[gene]) continue; // adds nothing
        const genome = base.with(gene, choice);
        this.addedLoss[row] = lossOf(genome) - baseLoss;
        valuesOf(genome).forEach((value, m) => {
          this.added[row * metrics.length + m] = value - baseValues[m];
        });
      }
    }
  }

  get rowCount(): number {
    return this.addedLoss.length;
  }
}
