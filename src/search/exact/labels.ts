import { DominanceFilter } from './dominance.ts';
import { LabelPool, mergeRuns, nthSmallest } from './label-pool.ts';
import type { Potentials } from './potentials.ts';

/** What sums of real numbers may be off, relatively: a label that is called harmless must never break its limit. */
const ROUNDING = 1e-12;

export interface LabelOptions {
  /** Largest admissible value of each limited metric. */
  ceilings: readonly number[];
  /** Multipliers to bound with, each [1, λ…]; more of them bound more tightly and cost time. */
  weights: readonly Float64Array[];
  /** Only paths whose loss is at most this are of interest. */
  atMost: number;
  /** Labels kept after a stage; the ones with the best bounds live on. */
  width: number;
}

export interface LabelResult {
  /** The best path found, if one is of interest. */
  best: { choice: Int32Array; loss: number } | undefined;
  /** Every path that was left out has at least this loss; infinite where none of interest was. */
  leftOut: number;
}

/**
 * Label setting: partial paths stage by stage, without those that a limit, a bound or another label rules out. A label
 * that can no longer break a limit is not told apart by that metric any more. With `leftOut` infinite (or above the best)
 * the best path is optimal; otherwise the width was too small to tell.
 *
 * @see Dudziński and Walukiewicz, Exact methods for the knapsack problem and its generalizations, EJOR 28(1), 1987.
 */
export function runLabels(potentials: Potentials, options: LabelOptions): LabelResult {
  return new LabelRun(potentials, options).run();
}

class LabelRun {
  private readonly potentials: Potentials;
  private readonly options: LabelOptions;
  private readonly metricCount: number;
  /** By weighting: the least weighted rest, less the weighted ceilings, by state. */
  private readonly rests: Float64Array[];
  /** By metric and state: the least and the most that the rest of a path can add. */
  private readonly least: Float64Array[];
  private readonly most: Float64Array[];
  private readonly pools: LabelPool[] = [];
  private readonly filter: DominanceFilter;
  private leftOut = Number.POSITIVE_INFINITY;

  constructor(potentials: Potentials, options: LabelOptions) {
    this.potentials = potentials;
    this.options = options;
    const { width } = potentials.graph;
    this.metricCount = width - 1;
    this.filter = new DominanceFilter(this.metricCount);
    this.rests = options.weights.map((weights) => {
      const charge = options.ceilings.reduce((sum, ceiling, k) => sum + weights[k + 1] * ceiling, 0);
      return potentials.toEnd(weights).map((rest) => rest - charge);
    });
    const unit = (k: number, sign: number) => {
      const weights = new Float64Array(width);
      weights[k + 1] = sign;
      return potentials.toEnd(weights);
    };
    this.least = options.ceilings.map((_, k) => unit(k, 1));
    this.most = options.ceilings.map((_, k) => unit(k, -1).map((value) => -value));
  }

  run(): LabelResult {
    const { graph } = this.potentials;
    const width = this.metricCount + 1;
    const root = new LabelPool(width, 1);
    root.add(new Float64Array(width), 0, 0, -1, -1);
    root.close(Int32Array.of(0, 1));
    this.pools.push(root);
    for (let stage = 0; stage < graph.stages.length; stage++) {
      const candidates = this.expand(stage);
      this.pools[stage].release();
      this.pools.push(this.select(candidates, graph.states[stage + 1]));
    }
    const last = this.pools[graph.stages.length];
    if (last.size === 0) return { best: undefined, leftOut: this.leftOut };
    return { best: { choice: this.trace(), loss: last.values[0] }, leftOut: this.leftOut };
  }

  /** All continuations of a stage's labels that no limit and no bound rules out, in runs of ascending loss. */
  private expand(s: number): { pool: LabelPool; runs: number[][][] } {
    const { potentials, metricCount, least, most } = this;
    const { ceilings, atMost } = this.options;
    const stage = potentials.graph.stages[s];
    const source = this.pools[s];
    const width = metricCount + 1;
    const pool = new LabelPool(width, 2 * source.size + 64);
    const runs: number[][][] = Array.from({ length: potentials.graph.states[s + 1] }, () => []);
    const offset = potentials.offsets[s + 1];
    const label = new Float64Array(width);
    for (let arc = 0; arc < stage.from.length; arc++) {
      const to = stage.to[arc];
      const start = pool.size;
      next: for (let parent = source.first[stage.from[arc]]; parent < source.first[stage.from[arc] + 1]; parent++) {
        for (let k = 0; k < width; k++) label[k] = source.values[parent * width + k] + stage.values[arc * width + k];
        for (let k = 0; k < metricCount; k++) {
          if (label[k + 1] + least[k][offset + to] > ceilings[k]) continue next;
        }
        const bound = this.boundOf(label, offset + to);
        if (bound > atMost) continue;
        for (let k = 0; k < metricCount; k++) {
          const rest = most[k][offset + to];
          const harmless = ceilings[k] - rest - ROUNDING * (Math.abs(ceilings[k]) + Math.abs(rest));
          if (label[k + 1] < harmless) label[k + 1] = harmless;
        }
        pool.add(label, 0, bound, parent, arc);
      }
      if (pool.size > start) runs[to].push([start, pool.size]);
    }
    return { pool, runs };
  }

  private boundOf(label: Float64Array, state: number): number {
    const { weights } = this.options;
    let bound = Number.NEGATIVE_INFINITY;
    for (let w = 0; w < weights.length; w++) {
      const row = weights[w];
      let sum = this.rests[w][state];
      for (let k = 0; k < label.length; k++) sum += row[k] * label[k];
      if (sum > bound) bound = sum;
    }
    return bound;
  }

  /** The labels that live on: none dominated, at most `width`. */
  private select({ pool, runs }: { pool: LabelPool; runs: number[][][] }, stateCount: number): LabelPool {
    const width = this.metricCount + 1;
    const kept: Int32Array[] = [];
    let total = 0;
    for (const own of runs) {
      const order = mergeRuns(pool.values, width, own);
      this.filter.reset();
      let size = 0;
      for (const label of order) if (this.filter.admit(pool.values, label * width + 1)) order[size++] = label;
      kept.push(order.subarray(0, size));
      total += size;
    }
    const limit = total > this.options.width ? nthSmallest(pool.bounds, kept, this.options.width) : Infinity;
    const selected = new LabelPool(width, Math.min(total, this.options.width) + 1);
    const first = new Int32Array(stateCount + 1);
    kept.forEach((order, state) => {
      for (const label of order) {
        if (pool.bounds[label] > limit) {
          if (pool.bounds[label] < this.leftOut) this.leftOut = pool.bounds[label];
        } else {
          selected.add(pool.values, label * width, pool.bounds[label], pool.parents[label], pool.arcs[label]);
        }
      }
      first[state + 1] = selected.size;
    });
    selected.close(first);
    return selected;
  }

  private trace(): Int32Array {
    const { graph } = this.potentials;
    const choice = new Int32Array(graph.layerCount);
    let label = 0;
    for (let s = graph.stages.length; s > 0; s--) {
      const stage = graph.stages[s - 1];
      const arc = this.pools[s].arcs[label];
      for (const layer of stage.layers) choice[layer] = stage.choice[arc];
      label = this.pools[s].parents[label];
    }
    return choice;
  }
}
