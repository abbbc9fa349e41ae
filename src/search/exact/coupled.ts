import { Random } from '../../core/random.ts';
import { AllocationModel, type Pair, saturate } from '../allocation/model.ts';
import { decisionGroups } from './limits.ts';
import { type ExactResult, type Limit, solveExactly } from './solve.ts';
import { type Landscape, walk } from './walk.ts';

/** Independent walks, and moves of each. */
const WALKS = 6;
const MOVES = 60_000;

/**
 * A problem whose terms couple far layers: a valid lower bound from an additive problem that is nowhere above it, and the
 * best choice that a fixed number of random walks from that problem's solution find.
 */
export function solveCoupled(model: AllocationModel, limits: readonly Limit[]): ExactResult {
  const relaxed = solveExactly(relax(model), limits);
  const lowerBound = relaxed?.lowerBound ?? Number.NEGATIVE_INFINITY;
  if (lowerBound === Number.POSITIVE_INFINITY) {
    return { choice: undefined, loss: Number.POSITIVE_INFINITY, lowerBound, optimal: false };
  }
  const groups = decisionGroups(model);
  const landscape = new ProblemLandscape(model, groups, limits);
  const random = new Random(1);
  const start = groups.map((layers) => relaxed?.choice?.[layers[0]] ?? 0);
  let best: { genome: Int32Array; loss: number } | undefined;
  for (let k = 0; k < WALKS; k++) {
    const found = walk(landscape, start, { moves: MOVES, random });
    if (found && (!best || found.loss < best.loss)) best = found;
  }
  if (!best) return { choice: undefined, loss: Number.POSITIVE_INFINITY, lowerBound, optimal: false };
  const optimal = best.loss - lowerBound <= model.tolerance * Math.abs(best.loss);
  return { choice: spread(model, groups, best.genome), loss: best.loss, lowerBound, optimal };
}

/** A problem as a landscape over its decisions (one gene a free layer or tied group), evaluated anew at every step. */
class ProblemLandscape implements Landscape {
  readonly counts: readonly number[];
  loss = 0;
  excess = 0;
  private readonly model: AllocationModel;
  private readonly groups: readonly (readonly number[])[];
  private readonly limits: readonly Limit[];
  private readonly choice: Int32Array;
  private genome: Int32Array = new Int32Array(0);
  /** What the last attempt changed. */
  private before = { first: 0, value: 0, second: 0, secondValue: 0 };
  private lossBefore = 0;
  private excessBefore = 0;

  constructor(model: AllocationModel, groups: readonly (readonly number[])[], limits: readonly Limit[]) {
    this.model = model;
    this.groups = groups;
    this.limits = limits;
    this.choice = new Int32Array(model.layerCount);
    this.counts = groups.map((layers) => model.counts[layers[0]]);
  }

  enter(genome: Int32Array): void {
    this.genome = genome;
    this.groups.forEach((layers, gene) => {
      for (const layer of layers) this.choice[layer] = genome[gene];
    });
    this.measure();
  }

  attempt(first: number, value: number, second: number, secondValue: number): void {
    this.before = { first, value: this.genome[first], second, secondValue: this.genome[second] };
    [this.lossBefore, this.excessBefore] = [this.loss, this.excess];
    this.put(first, value);
    this.put(second, secondValue);
    this.measure();
  }

  revert(): void {
    const { first, value, second, secondValue } = this.before;
    this.put(second, secondValue);
    this.put(first, value);
    [this.loss, this.excess] = [this.lossBefore, this.excessBefore];
  }

  private put(gene: number, value: number): void {
    this.genome[gene] = value;
    for (const layer of this.groups[gene]) this.choice[layer] = value;
  }

  private measure(): void {
    this.loss = this.model.value(0, this.choice);
    this.excess = 0;
    for (const { metric, ceiling } of this.limits) {
      const over = this.model.value(metric, this.choice) - ceiling;
      if (over > 0) this.excess += over / (Math.abs(ceiling) || 1);
    }
  }
}

function spread(model: AllocationModel, groups: readonly (readonly number[])[], genome: Int32Array): Int32Array {
  const choice = new Int32Array(model.layerCount);
  groups.forEach((layers, g) => {
    for (const layer of layers) choice[layer] = genome[g];
  });
  return choice;
}

/**
 * An additive (or chained) problem whose every metric is at most the model's: a pair counts half its least value in each
 * layer's row, and what is left of its least in the column; a saturating block counts as its chord, which lies below the
 * concave curve.
 */
export function relax(model: AllocationModel): AllocationModel {
  const { parts } = model;
  const tables = parts.metrics.map((_, metric) => {
    const own = parts.tables[metric];
    const table = model.counts.map((count, layer) =>
      Array.from({ length: count }, (_, choice) => own?.[layer][choice] ?? 0),
    );
    if (metric === 0) for (const { layers, cap } of parts.blocks) flatten(table, layers, cap);
    for (const pair of parts.pairs) if (pair.metric === metric) fold(table, pair);
    return table;
  });
  return new AllocationModel({ ...parts, tables, pairs: [], blocks: [] });
}

function fold(table: number[][], { i, j, table: rows }: Pair): void {
  const rowShares = rows.map((row) => Math.min(...row) / 2);
  rowShares.forEach((share, choice) => {
    table[i][choice] += share;
  });
  table[j].forEach((_, choice) => {
    table[j][choice] += Math.min(...rows.map((row, k) => row[choice] - rowShares[k]));
  });
}

function flatten(table: number[][], layers: readonly number[], cap: number): void {
  const low = layers.reduce((sum, layer) => sum + Math.min(...table[layer]), 0);
  const high = layers.reduce((sum, layer) => sum + Math.max(...table[layer]), 0);
  const slope = high > low ? (saturate(high, cap) - saturate(low, cap)) / (high - low) : 0;
  const constant = saturate(low, cap) - slope * low;
  layers.forEach((layer, k) => {
    table[layer] = table[layer].map((value) => slope * value + (k === 0 ? constant : 0));
  });
}
