import { NonDominatedSort } from '../survival/non-dominated-sort.ts';

/**
 * The indices of the points that no other point dominates, ascending; all objectives are minimised. Equal points do not
 * dominate each other, so all of them stay.
 *
 * @example paretoIndices([[1, 2], [2, 1], [2, 2]]) // => [0, 1]
 */
export function paretoIndices(points: readonly (readonly number[])[]): number[] {
  if (points.length === 0) return [];
  const m = points[0].length;
  const flat = new Float64Array(points.length * m);
  points.forEach((point, i) => {
    flat.set(point, i * m);
  });
  return paretoRows(flat, points.length, m);
}

/**
 * The points that no other point dominates, in the given order; all objectives are minimised.
 *
 * @example paretoFront([[1, 2], [2, 1], [2, 2]]) // => [[1, 2], [2, 1]]
 */
export function paretoFront<Point extends readonly number[]>(points: readonly Point[]): Point[] {
  return paretoIndices(points).map((i) => points[i]);
}

/** {@link paretoIndices} of a block of n·m numbers. */
export function paretoRows(points: Float64Array, n: number, m: number): number[] {
  if (n === 0) return [];
  const sort = new NonDominatedSort();
  sort.sort(points, n, m);
  return Array.from(sort.byFront.subarray(0, sort.frontEnds[0])).sort((a, b) => a - b);
}
