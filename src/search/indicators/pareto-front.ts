import { areEqual, orderByValue, orderLexicographically } from '../survival/ordering.ts';
import { OrderedBits } from './ordered-bits.ts';

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

/** {@link paretoIndices} of a block of n·m numbers: n log n steps up to three objectives, n times the front's size beyond. */
export function paretoRows(points: Float64Array, n: number, m: number): number[] {
  const order = new Int32Array(n);
  orderLexicographically(points, n, m, order, new Int32Array(n));
  const isDominated = m <= 3 ? sweep(points, order, m) : comparison(points, m);
  const rows: number[] = [];
  let kept = false;
  for (let i = 0; i < n; i++) {
    const repeats = i > 0 && areEqual(points, order[i] * m, order[i - 1] * m, m);
    if (!repeats) kept = !isDominated(order[i], i);
    if (kept) rows.push(order[i]);
  }
  return rows.sort((a, b) => a - b);
}

/**
 * Whether an earlier point dominates the one given, for points that come in lexicographic order without repetition: the
 * last two objectives decide, of which the best so far form a staircase.
 */
function sweep(points: Float64Array, order: Int32Array, m: number): (point: number, i: number) => boolean {
  const n = order.length;
  const middle = Math.max(m - 2, 0);
  const values = Float64Array.from(order, (point) => points[point * m + middle]);
  const ranked = new Int32Array(n);
  orderByValue(values, n, ranked, new Int32Array(n));
  const places = new Int32Array(n);
  for (let place = 0; place < n; place++) places[ranked[place]] = place;
  const last = (place: number) => points[order[ranked[place]] * m + m - 1];
  const steps = new OrderedBits(n);
  return (point, i) => {
    const own = points[point * m + m - 1];
    const below = steps.atMost(places[i]);
    if (below >= 0 && last(below) <= own) return true;
    for (let above = steps.atLeast(places[i]); above >= 0 && last(above) >= own; above = steps.atLeast(above + 1)) {
      steps.remove(above);
    }
    steps.add(places[i]);
    return false;
  };
}

function comparison(points: Float64Array, m: number): (point: number) => boolean {
  const front: number[] = [];
  return (point) => {
    const offset = point * m;
    for (let k = front.length - 1; k >= 0; k--) {
      const base = front[k] * m;
      let j = 1; // the first objective is ordered already
      while (j < m && points[base + j] <= points[offset + j]) j++;
      if (j === m) return true;
    }
    front.push(point);
    return false;
  };
}
