import { usage } from '../problem.ts';
import { paretoFront } from './pareto-front.ts';
import { volumeBySweep } from './volume-sweep.ts';

type Point = readonly number[];

/**
 * The volume that the points dominate below the reference point, exactly; all objectives are minimised, the unit is the
 * product of the objectives' units. Points that do not better the reference in every objective count nothing.
 * Sweeps of n log n steps for 2 objectives and for 3; above that the exclusive volumes of While, Bradstreet and Barone's
 * algorithm, which take time exponential in the number of objectives: fine for some hundred points of 4 or 5, beyond
 * which {@link sampledHypervolume} estimates.
 *
 * @throws {BitbudgetError} `usage` where a point and the reference differ in length.
 * @see While, Bradstreet and Barone, A fast way of calculating exact hypervolumes, IEEE TEC 16(1), 2012.
 * @example hypervolume([[1, 2], [2, 1]], [3, 3]) // => 3
 */
export function hypervolume(points: readonly Point[], reference: readonly number[]): number {
  for (const point of points) {
    if (point.length !== reference.length) {
      throw usage(
        `A point has ${point.length} objectives and the reference ${reference.length}.`,
        'Give both the same number.',
      );
    }
  }
  const inside = points.filter((point) => point.every((value, j) => value < reference[j]));
  if (inside.length === 0) return 0;
  switch (reference.length) {
    case 1:
      return reference[0] - inside.reduce((least, point) => Math.min(least, point[0]), reference[0]);
    case 2:
      return area(inside, reference);
    case 3:
      return volumeBySweep(inside, reference);
    default:
      return exclusiveSum(dropEqual(paretoFront(inside)), reference);
  }
}

function area(points: readonly Point[], reference: readonly number[]): number {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  let sum = 0;
  let ceiling = reference[1];
  for (const [x, y] of sorted) {
    if (y >= ceiling) continue;
    sum += (reference[0] - x) * (ceiling - y);
    ceiling = y;
  }
  return sum;
}

/** Each point's volume less what the points after it dominate of it. */
function exclusiveSum(front: readonly Point[], reference: readonly number[]): number {
  // Points that are worse in the last objective first: they limit the others most.
  const last = reference.length - 1;
  const sorted = front.toSorted((a, b) => b[last] - a[last]);
  let sum = 0;
  sorted.forEach((point, i) => {
    const own = point.reduce((product, value, j) => product * (reference[j] - value), 1);
    const limited = sorted.slice(i + 1).map((other) => other.map((value, j) => Math.max(value, point[j])));
    sum += own - (limited.length > 0 ? exclusiveSum(dropEqual(paretoFront(limited)), reference) : 0);
  });
  return sum;
}

/** Limiting makes many points equal, and an equal point adds no volume but doubles the work. */
function dropEqual(front: readonly Point[]): Point[] {
  const sorted = front.toSorted(compare);
  return sorted.filter((point, i) => i === 0 || compare(point, sorted[i - 1]) !== 0);
}

function compare(a: Point, b: Point): number {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return a[j] - b[j];
  return 0;
}
