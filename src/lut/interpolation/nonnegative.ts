/** Passes of the outer loop, a few a column; the algorithm is finite, rounding is not. */
const MAXIMUM_PASSES_PER_COLUMN = 10;
/** A column counts as used up where its gradient is below this share of the largest at the start. */
const TOLERANCE = 1e-10;
/** Keeps normal equations of columns that depend on each other solvable; far below any measurement error. */
const RIDGE = 1e-12;

/**
 * Weighted least squares with coefficients that are never negative: minimises Σ weight · (target − row · x)² over x ≥ 0,
 * by the active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23) on the normal
 * equations, with columns scaled to length one. Meant for few columns.
 *
 * @param rows n rows of m features each.
 * @param targets n values.
 * @param weights n weights, all positive.
 * @returns m coefficients.
 * @example nonNegativeLeastSquares([[1, 0], [0, 1]], [2, -3], [1, 1]).map(Math.round) // => [2, 0]
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  weights: readonly number[],
): number[] {
  const columns = rows[0]?.length ?? 0;
  const scales = Array.from({ length: columns }, (_, c) => {
    const length = Math.sqrt(rows.reduce((sum, row, r) => sum + weights[r] * row[c] ** 2, 0));
    return length > 0 ? 1 / length : 0;
  });
  const gram = scales.map((si, i) =>
    scales.map((sj, j) => si * sj * rows.reduce((sum, row, r) => sum + weights[r] * row[i] * row[j], 0)),
  );
  const right = scales.map((s, c) => s * rows.reduce((sum, row, r) => sum + weights[r] * row[c] * targets[r], 0));
  const scaled = solveActiveSet(gram, right);
  return scaled.map((value, c) => value * scales[c]);
}

function solveActiveSet(gram: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  let x = new Array<number>(size).fill(0);
  const passive = new Set<number>();
  const limit = TOLERANCE * Math.max(...right.map(Math.abs), 0);
  for (let pass = 0; pass < MAXIMUM_PASSES_PER_COLUMN * size; pass++) {
    const gradient = right.map((value, i) => value - gram[i].reduce((sum, g, j) => sum + g * x[j], 0));
    let best = -1;
    for (let i = 0; i < size; i++) {
      if (!passive.has(i) && gram[i][i] > 0 && gradient[i] > limit && (best < 0 || gradient[i] > gradient[best]))
        best = i;
    }
    if (best < 0) break;
    passive.add(best);
    x = shrinkToFeasible(gram, right, x, passive);
  }
  return x;
}

/** Solves for the passive columns; those that would turn negative leave the set, one step at a time. */
function shrinkToFeasible(
  gram: readonly (readonly number[])[],
  right: readonly number[],
  start: readonly number[],
  passive: Set<number>,
): number[] {
  let x = [...start];
  while (passive.size > 0) {
    const members = [...passive];
    const solution = solve(
      members.map((i) => members.map((j) => gram[i][j] + (i === j ? RIDGE : 0))),
      members.map((i) => right[i]),
    );
    const next = new Array<number>(x.length).fill(0);
    for (const [place, i] of members.entries()) next[i] = solution[place];
    const leaving = members.filter((i) => next[i] <= 0);
    if (leaving.length === 0) return next;
    const step = Math.min(...leaving.map((i) => (x[i] > 0 ? x[i] / (x[i] - next[i]) : 0)));
    x = x.map((value, i) => value + step * (next[i] - value));
    for (const i of leaving) {
      if (x[i] <= TOLERANCE) {
        x[i] = 0;
        passive.delete(i);
      }
    }
  }
  return x;
}

/** Gaussian elimination with row exchanges. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const size = right.length;
  for (let c = 0; c < size; c++) {
    let pivot = c;
    for (let r = c + 1; r < size; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[pivot][c])) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    if (rows[c][c] === 0) continue;
    for (let r = c + 1; r < size; r++) {
      const factor = rows[r][c] / rows[c][c];
      for (let k = c; k <= size; k++) rows[r][k] -= factor * rows[c][k];
    }
  }
  const x = new Array<number>(size).fill(0);
  for (let r = size - 1; r >= 0; r--) {
    let value = rows[r][size];
    for (let c = r + 1; c < size; c++) value -= rows[r][c] * x[c];
    x[r] = rows[r][r] === 0 ? 0 : value / rows[r][r];
  }
  return x;
}
