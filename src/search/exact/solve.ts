import type { AllocationModel } from '../allocation/model.ts';
import { type DualResult, solveDual } from './dual.ts';
import { buildGraph, type StageGraph } from './graph.ts';
import { runLabels } from './labels.ts';
import { Potentials, thinned, weigh } from './potentials.ts';

/** One limited metric, by index in the model. */
export interface Limit {
  metric: number;
  /** The largest admissible value, tolerance included. */
  ceiling: number;
}

export interface ExactResult {
  /** Undefined where no choice keeps the limits, or none was found. */
  choice: Int32Array | undefined;
  loss: number;
  /** No choice within the limits has less loss; infinite where there is none. */
  lowerBound: number;
  optimal: boolean;
}

/** Labels after a stage, doubled from the first until the result is proven or the last is not enough. */
const FIRST_WIDTH = 1000;
const WIDTH_FACTOR = 6;
const LAST_WIDTH = 250_000;
/** Weightings that bound labels, besides the best. */
const EXTRA_WEIGHTS = 5;

/**
 * Solves a problem by label setting, or tells that it is none for that (undefined).
 *
 * @param lastWidth labels after a stage beyond which it gives up proving: then `optimal` is false.
 */
export function solveExactly(
  model: AllocationModel,
  limits: readonly Limit[],
  lastWidth = LAST_WIDTH,
): ExactResult | undefined {
  const graph = buildGraph(
    model,
    limits.map(({ metric }) => metric),
  );
  if (!graph) return undefined;
  return new ExactSolver(model, graph, limits, lastWidth).solve();
}

class ExactSolver {
  private graph: StageGraph;
  private potentials: Potentials;
  private readonly model: AllocationModel;
  private readonly ceilings: number[];
  private readonly limits: readonly Limit[];
  private readonly lastWidth: number;
  private best: { choice: Int32Array; loss: number } | undefined;

  constructor(model: AllocationModel, graph: StageGraph, limits: readonly Limit[], lastWidth: number) {
    this.lastWidth = lastWidth;
    this.model = model;
    this.graph = graph;
    this.limits = limits;
    this.ceilings = limits.map(({ ceiling }) => ceiling);
    this.potentials = new Potentials(graph);
  }

  solve(): ExactResult {
    const dual = solveDual(this.potentials, this.ceilings);
    for (const path of dual.paths) this.offer(path.choice);
    let lowerBound = dual.best.bound;
    const weights = pickWeights(dual);
    for (let width = FIRST_WIDTH; ; width *= WIDTH_FACTOR) {
      this.thin(weights);
      const atMost = this.improvement();
      const { best, leftOut } = runLabels(this.potentials, { ceilings: this.ceilings, weights, atMost, width });
      if (best) this.offer(best.choice);
      // What was left out has at least `leftOut`; all else is no better than the best.
      lowerBound = Math.max(lowerBound, Math.min(leftOut, this.best?.loss ?? Number.POSITIVE_INFINITY));
      if (leftOut > this.improvement()) {
        const loss = this.best?.loss ?? Number.POSITIVE_INFINITY;
        return { choice: this.best?.choice, loss, lowerBound: loss, optimal: this.best !== undefined };
      }
      if (width * WIDTH_FACTOR > this.lastWidth) break;
    }
    return { choice: this.best?.choice, loss: this.best?.loss ?? Infinity, lowerBound, optimal: false };
  }

  private offer(choice: Int32Array): void {
    if (this.limits.some(({ metric, ceiling }) => this.model.value(metric, choice) > ceiling)) return;
    const loss = this.model.value(0, choice);
    if (!this.best || loss < this.best.loss) this.best = { choice, loss };
  }

  /** The greatest loss that would be an improvement, with room for the rounding of bounds. */
  private improvement(): number {
    if (!this.best) return Number.POSITIVE_INFINITY;
    const { loss } = this.best;
    return this.model.tolerance === 0 ? loss - 1 + 1e-6 : loss - this.model.tolerance * Math.abs(loss);
  }

  /** Drops the arcs that no interesting path can use: by a limit, or by a bound (reduced cost fixing). */
  private thin(weights: readonly Float64Array[]): void {
    const { potentials, ceilings } = this;
    const rows: { weights: Float64Array; most: number }[] = weights.map((row) => ({
      weights: row,
      most: this.improvement() + ceilings.reduce((sum, ceiling, k) => sum + row[k + 1] * ceiling, 0),
    }));
    ceilings.forEach((ceiling, k) => {
      const unit = new Float64Array(this.graph.width);
      unit[k + 1] = 1;
      rows.push({ weights: unit, most: ceiling });
    });
    const ways = rows.map(({ weights: row }) => ({ start: potentials.fromStart(row), end: potentials.toEnd(row) }));
    this.graph = thinned(this.graph, (s, arc) => {
      const { from, to, values } = this.graph.stages[s];
      return rows.every(({ weights: row, most }, r) => {
        const before = ways[r].start[potentials.offsets[s] + from[arc]];
        const after = ways[r].end[potentials.offsets[s + 1] + to[arc]];
        return before + weigh(values, arc, row) + after <= most;
      });
    });
    this.potentials = new Potentials(this.graph);
  }
}

/** The best multipliers, a few good ones that differ, and none at all. */
function pickWeights({ bounds, best }: DualResult): Float64Array[] {
  const sorted = bounds.filter(({ weights }) => weights !== best.weights).sort((a, b) => b.bound - a.bound);
  return [best.weights, ...sorted.slice(0, EXTRA_WEIGHTS).map(({ weights }) => weights)];
}
