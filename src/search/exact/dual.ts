import type { Potentials } from './potentials.ts';

/** A path that the dual looked at. */
export interface PricedPath {
  choice: Int32Array;
  /** The loss, then the limited metrics. */
  totals: Float64Array;
}

/** A lower bound of the loss by multipliers: min over paths of loss + Σ λ·(metric − limit). */
export interface DualBound {
  bound: number;
  /** 1 for the loss, then λ of each limit. */
  weights: Float64Array;
}

export interface DualResult {
  /** The best bound; infinite where the limits exclude each other. */
  best: DualBound;
  /** All bounds that were computed, the best last. */
  bounds: DualBound[];
  paths: PricedPath[];
}

/** Column generation ends after a few dozen in practice. */
const MOST_ROUNDS = 250;
/** Relative gap at which the bound is as good as the linear relaxation's. */
const GAP = 1e-9;
/** A multiplier never rises above this many ranges of the loss for one range of its metric. */
const STEEPEST = 1e5;

/**
 * The best Lagrangian bound under some limits, which is that of the linear relaxation over paths: Dantzig and Wolfe's
 * column generation, a linear program of one row a limit whose columns are the cheapest paths for its own multipliers.
 * Each round's bound is computed from the path itself, so rounding in the linear program cannot make it wrong.
 *
 * @see Fisher, The Lagrangian relaxation method for solving integer programming problems, Management Science 27(1), 1981.
 */
export function solveDual(potentials: Potentials, limits: readonly number[]): DualResult {
  const price = (weights: Float64Array): { bound: DualBound; path: PricedPath } => {
    const path = potentials.follow(weights, potentials.toEnd(weights));
    let bound = path.totals[0];
    for (let k = 0; k < limits.length; k++) bound += weights[k + 1] * (path.totals[k + 1] - limits[k]);
    return { bound: { bound, weights }, path };
  };
  const start = new Float64Array(limits.length + 1);
  start[0] = 1;
  const first = price(start);
  const bounds = [first.bound];
  const paths = [first.path];
  const scales = rangesOf(potentials, limits);
  const master = new Master(scales, limits, first.path.totals);
  let best = first.bound;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { multipliers, value } = master.solve();
    const weights = new Float64Array(limits.length + 1);
    weights[0] = 1;
    multipliers.forEach((multiplier, k) => {
      weights[k + 1] = Math.max(0, multiplier);
    });
    const { bound, path } = price(weights);
    bounds.push(bound);
    paths.push(path);
    if (bound.bound > best.bound) best = bound;
    if (value - best.bound <= GAP * Math.max(scales[0], Math.abs(value)) || !master.add(path.totals)) break;
  }
  bounds.push(best);
  return { best, bounds, paths };
}

/** How much each value can vary over the paths: the units in which the linear program is well scaled. */
function rangesOf(potentials: Potentials, limits: readonly number[]): Float64Array {
  const { width } = potentials.graph;
  return Float64Array.from({ length: width }, (_, k) => {
    const weights = new Float64Array(width);
    weights[k] = 1;
    const low = potentials.toEnd(weights)[0];
    weights[k] = -1;
    const high = -potentials.toEnd(weights)[0];
    return high - low || Math.abs(k > 0 ? limits[k - 1] : low) || 1;
  });
}

/**
 * min Σ μ·loss with Σ μ·(metric − limit) ≤ 0 and Σ μ = 1, by the revised simplex method with a dense basis: as many
 * rows as limits, and one. A column is [cost, rows…]; artificial ones pay for breaking a limit.
 */
class Master {
  private readonly scales: Float64Array;
  private readonly limits: readonly number[];
  private readonly size: number;
  private readonly basis: Float64Array[];

  constructor(scales: Float64Array, limits: readonly number[], first: Float64Array) {
    this.scales = scales;
    this.limits = limits;
    this.size = limits.length + 1;
    const column = this.columnOf(first);
    this.basis = limits.map((_, k) => (column[k + 1] <= 0 ? this.unit(k, 0, 1) : this.unit(k, STEEPEST, -1)));
    this.basis.push(column);
  }

  /** The multipliers of the present basis in the problem's own units, and its value. */
  solve(): { multipliers: number[]; value: number } {
    const duals = this.duals();
    const multipliers = this.limits.map((_, k) => (-duals[k] * this.scales[0]) / this.scales[k + 1]);
    return { multipliers, value: duals[this.limits.length] * this.scales[0] };
  }

  /** Takes a path in as a column and re-optimises; false where nothing improves any more. */
  add(totals: Float64Array): boolean {
    const columns = [this.columnOf(totals)];
    for (let k = 0; k < this.limits.length; k++) columns.push(this.unit(k, 0, 1), this.unit(k, STEEPEST, -1));
    let pivoted = false;
    for (let pivots = 0; pivots < 50; pivots++) {
      const duals = this.duals();
      const reduced = columns.map((column) => column[0] - duals.reduce((sum, y, r) => sum + y * column[r + 1], 0));
      const entering = reduced.indexOf(Math.min(...reduced));
      if (reduced[entering] >= -1e-12 || !this.pivot(columns[entering])) return pivoted;
      pivoted = true;
    }
    return pivoted;
  }

  private columnOf(totals: Float64Array): Float64Array {
    const column = new Float64Array(this.size + 1);
    column[0] = totals[0] / this.scales[0];
    this.limits.forEach((limit, k) => {
      column[k + 1] = (totals[k + 1] - limit) / this.scales[k + 1];
    });
    column[this.size] = 1;
    return column;
  }

  private unit(row: number, cost: number, value: number): Float64Array {
    const column = new Float64Array(this.size + 1);
    column[0] = cost;
    column[row + 1] = value;
    return column;
  }

  private duals(): Float64Array {
    // Rows of the transposed basis: one a basic column.
    const matrix = this.basis.map((column) => [...column.subarray(1), column[0]]);
    return eliminate(matrix) ?? new Float64Array(this.size);
  }

  private pivot(entering: Float64Array): boolean {
    const system = (right: (row: number) => number) =>
      eliminate(
        Array.from({ length: this.size }, (_, row) => [...this.basis.map((column) => column[row + 1]), right(row)]),
      );
    const levels = system((row) => (row === this.size - 1 ? 1 : 0));
    const step = system((row) => entering[row + 1]);
    if (!levels || !step) return false;
    let leaving = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < this.size; k++) {
      if (step[k] <= 1e-12) continue;
      const ratio = Math.max(0, levels[k]) / step[k];
      if (ratio < least) [leaving, least] = [k, ratio];
    }
    if (leaving < 0) return false;
    this.basis[leaving] = entering;
    return true;
  }
}

/** Solves a small dense system [matrix | right] by Gaussian elimination; undefined where it is singular. */
function eliminate(rows: number[][]): Float64Array | undefined {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) pivot = row;
    }
    if (Math.abs(rows[pivot][column]) < 1e-13) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = column + 1; row < n; row++) {
      const factor = rows[row][column] / rows[column][column];
      if (factor === 0) continue;
      for (let k = column; k <= n; k++) rows[row][k] -= factor * rows[column][k];
    }
  }
  const solution = new Float64Array(n);
  for (let row = n - 1; row >= 0; row--) {
    let sum = rows[row][n];
    for (let k = row + 1; k < n; k++) sum -= rows[row][k] * solution[k];
    solution[row] = sum / rows[row][row];
  }
  return solution;
}
