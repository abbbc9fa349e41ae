/**
 * Crowding distance of the points of one front: the sum over the objectives of the gap between a point's neighbours as a
 * share of the front's range; infinite at the ends.
 *
 * @param points row-major objectives.
 * @param front indices of the points.
 * @param distances written at the points' indices.
 * @see Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE TEC 6(2), 2002, section III-B.
 */
export function crowdingDistances(points: Float64Array, m: number, front: Int32Array, distances: Float64Array): void {
  for (const i of front) distances[i] = 0;
  const sorted = front.slice();
  for (let j = 0; j < m; j++) {
    sorted.sort((a, b) => points[a * m + j] - points[b * m + j] || a - b);
    const first = sorted[0];
    const last = sorted[sorted.length - 1];
    const range = points[last * m + j] - points[first * m + j];
    distances[first] = Number.POSITIVE_INFINITY;
    distances[last] = Number.POSITIVE_INFINITY;
    if (range === 0) continue;
    for (let k = 1; k < sorted.length - 1; k++) {
      distances[sorted[k]] += (points[sorted[k + 1] * m + j] - points[sorted[k - 1] * m + j]) / range;
    }
  }
}
