/**
 * Inverted generational distance: the mean distance from a point of the true front to the nearest point found, in the
 * objectives' own units. 0 where every true point was found, infinite where nothing was.
 *
 * @see Coello Coello and Reyes Sierra, A study of the parallelization of a coevolutionary algorithm, MICAI 2004.
 * @example igd([[0, 1], [1, 0]], [[0, 1], [1, 0], [1, 1]]) // => 1 / 3
 */
export function igd(points: readonly (readonly number[])[], front: readonly (readonly number[])[]): number {
  if (front.length === 0) return 0;
  let sum = 0;
  for (const target of front) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const point of points) {
      let square = 0;
      for (let j = 0; j < target.length; j++) square += (point[j] - target[j]) * (point[j] - target[j]);
      if (square < nearest) nearest = square;
    }
    sum += Math.sqrt(nearest);
  }
  return sum / front.length;
}
