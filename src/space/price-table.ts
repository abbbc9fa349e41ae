import { type CostMetric, type CostModel, metricValue } from '../cost/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { BitSpace } from './bit-space.ts';

/** A predicted loss of a candidate, lower is better. */
export type Loss = (schemes: readonly Scheme[]) => number;

/**
 * What each choice of each gene adds to the metrics and to the loss of a base candidate, all other genes left alone: a
 * few hundred estimates once, and from then on the price of a move is a look-up. Sums of these differences are exact for
 * what adds up over layers; for the rest (RAM, latency beside f32 layers) they are a guide, and the cost model the truth.
 */
export class PriceTable {
  readonly metrics: readonly CostMetric[];
  readonly geneCount: number;
  readonly choiceCount: number;
  /** By ((gene · choices) + choice) · metrics + metric. */
  readonly added: Float64Array;
  /** By gene · choices + choice. */
  readonly addedLoss: Float64Array;

  constructor(space: BitSpace, costModel: CostModel, metrics: readonly CostMetric[], loss: Loss, base: number[]) {
    this.metrics = metrics;
    this.geneCount = space.genes.length;
    this.choiceCount = space.schemes.length;
    this.added = new Float64Array(this.geneCount * this.choiceCount * metrics.length);
    this.addedLoss = new Float64Array(this.geneCount * this.choiceCount);
    const priceOf = (schemes: readonly Scheme[]) => {
      const cost = costModel.estimate(schemes);
      return metrics.map((metric) => metricValue(cost, metric));
    };
    const baseSchemes = space.decode(base);
    const baseLoss = loss(baseSchemes);
    const basePrice = priceOf(baseSchemes);
    for (let gene = 0; gene < this.geneCount; gene++) {
      for (let choice = 0; choice < this.choiceCount; choice++) {
        const schemes = baseSchemes.with(space.genes[gene], space.schemes[choice]);
        const at = gene * this.choiceCount + choice;
        this.addedLoss[at] = loss(schemes) - baseLoss;
        priceOf(schemes).forEach((value, m) => {
          this.added[at * metrics.length + m] = value - basePrice[m];
        });
      }
    }
  }
}
