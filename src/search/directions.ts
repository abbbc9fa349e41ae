import { usage } from './problem.ts';

/** More directions than this are a slip of the keyboard, not a search. */
const MAXIMUM_DIRECTIONS = 1_000_000;

/**
 * Das and Dennis's evenly spaced directions on the unit simplex, without a unit. Several divisions make several layers,
 * the outermost first; layer k is shrunk towards the centre by 2^−k, so two layers are those of Deb and Jain.
 *
 * @param objectives M, at least 1.
 * @param divisions parts along each edge of the simplex: p gives (M+p−1 choose p) directions.
 * @throws {BitbudgetError} `usage` where an argument is not a whole number in range.
 * @see Das and Dennis, Normal-boundary intersection, SIAM J. Optim. 1998; Deb and Jain, NSGA-III, IEEE TEC 2014, section IV-B.
 * @example referenceDirections(2, 2) // => [[0, 1], [0.5, 0.5], [1, 0]]
 * @example referenceDirections(3, 12).length // => 91
 */
export function referenceDirections(objectives: number, divisions: number | readonly number[]): number[][] {
  const layers = typeof divisions === 'number' ? [divisions] : divisions;
  if (!Number.isInteger(objectives) || objectives < 1) {
    throw usage(`Reference directions of ${objectives} objectives.`, 'Give a whole number of at least 1.');
  }
  let total = 0;
  for (const parts of layers) {
    if (!Number.isInteger(parts) || parts < 0) {
      throw usage(`Reference directions with ${parts} divisions.`, 'Give a whole number of at least 0.');
    }
    total += directionCount(objectives, parts);
  }
  if (layers.length === 0 || total > MAXIMUM_DIRECTIONS) {
    throw usage(
      `Divisions ${layers.join(', ')} make ${total} directions.`,
      `Use between 1 and ${MAXIMUM_DIRECTIONS} directions.`,
    );
  }
  return layers.flatMap((parts, layer) => {
    const scale = 1 / 2 ** layer;
    return simplexLattice(objectives, parts).map((counts) =>
      counts.map((count) => (parts === 0 ? 1 / objectives : (count / parts) * scale + (1 - scale) / objectives)),
    );
  });
}

/**
 * How many directions one layer has: (M+p−1 choose p).
 *
 * @example directionCount(5, 6) // => 210
 */
export function directionCount(objectives: number, parts: number): number {
  let count = 1;
  for (let i = 1; i < objectives; i++) count = (count * (parts + i)) / i;
  return Math.round(count);
}

/**
 * The finest divisions whose directions do not outnumber the population; two layers where one layer fine enough to have
 * a point inside the simplex would be too many.
 *
 * @example defaultDivisions(3, 92) // => [12]
 * @example defaultDivisions(8, 156) // => [3, 2]
 */
export function defaultDivisions(objectives: number, population: number): number[] {
  if (objectives === 1) return [1];
  let parts = 1;
  while (directionCount(objectives, parts + 1) <= population) parts++;
  if (parts >= objectives) return [parts];
  let outer = 1;
  while (directionCount(objectives, outer + 1) + directionCount(objectives, outer) <= population) outer++;
  return outer > 1 ? [outer, outer - 1] : [parts];
}

/** All vectors of M whole numbers from 0 that sum to `parts`, in lexicographic order. */
function simplexLattice(objectives: number, parts: number): number[][] {
  const points: number[][] = [];
  const counts = new Array<number>(objectives).fill(0);
  const place = (position: number, left: number): void => {
    if (position === objectives - 1) {
      counts[position] = left;
      points.push(counts.slice());
      return;
    }
    for (let count = 0; count <= left; count++) {
      counts[position] = count;
      place(position + 1, left - count);
    }
  };
  place(0, parts);
  return points;
}
