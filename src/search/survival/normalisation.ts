/** Below this share of an objective's range a coordinate counts as being on the axis. */
const ON_AXIS = 1e-3;
/** Weight of the coordinates off the axis in the achievement-scalarising function. */
const OFF_AXIS_WEIGHT = 1e6;
/** Intercepts narrower than this share of all that was seen of an objective are an accident of the plane. */
const NARROWEST_INTERCEPT = 1e-6;

/**
 * The box that objectives are normalised by: from the ideal point to the intercepts of the hyperplane through the
 * extreme points, as in Deb and Jain 2014, section IV-C. The ideal point and the extreme points are kept over
 * generations. All tolerances are shares of an objective's own range, so no result depends on its unit.
 */
export class Normalisation {
  readonly ideal: Float64Array;
  /** Upper corner of the box. */
  readonly nadir: Float64Array;
  /** Worst value ever seen of each objective. */
  readonly worst: Float64Array;
  /** M points of M objectives; empty until the first update. */
  extremes: Float64Array;
  private readonly m: number;

  constructor(objectiveCount: number) {
    this.m = objectiveCount;
    this.ideal = new Float64Array(objectiveCount).fill(Number.POSITIVE_INFINITY);
    this.nadir = new Float64Array(objectiveCount);
    this.worst = new Float64Array(objectiveCount).fill(Number.NEGATIVE_INFINITY);
    this.extremes = new Float64Array(0);
  }

  /**
   * @param points n·M objectives, row-major.
   * @param front indices of the non-dominated points.
   */
  update(points: Float64Array, n: number, front: Int32Array): void {
    const { m, ideal, worst } = this;
    const worstOfPoints = new Float64Array(m).fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        const value = points[i * m + j];
        if (value < ideal[j]) ideal[j] = value;
        if (value > worstOfPoints[j]) worstOfPoints[j] = value;
      }
    }
    const worstOfFront = new Float64Array(m).fill(Number.NEGATIVE_INFINITY);
    for (const i of front) {
      for (let j = 0; j < m; j++) worstOfFront[j] = Math.max(worstOfFront[j], points[i * m + j]);
    }
    for (let j = 0; j < m; j++) worst[j] = Math.max(worst[j], worstOfPoints[j]);
    const range = this.widths(worstOfFront);
    this.updateExtremes(points, front, range);
    if (!this.intersectAxes(range)) this.nadir.set(worstOfFront);
    for (let j = 0; j < m; j++) {
      const seen = worst[j] - ideal[j];
      if (this.nadir[j] - ideal[j] <= NARROWEST_INTERCEPT * seen) this.nadir[j] = worstOfPoints[j];
    }
  }

  /**
   * Widths to measure shares by: the last box, or the front where that is narrower. A far outlier that nothing dominates
   * widens the front, and would let points well off an axis pass for being on it.
   */
  private widths(worstOfFront: Float64Array): Float64Array {
    const { ideal, nadir, extremes } = this;
    return worstOfFront.map((worst, j) => {
      const ofBox = extremes.length > 0 && nadir[j] > ideal[j] ? nadir[j] - ideal[j] : Number.POSITIVE_INFINITY;
      const width = Math.min(worst - ideal[j], ofBox);
      return width > 0 ? width : 1;
    });
  }

  private updateExtremes(points: Float64Array, front: Int32Array, range: Float64Array): void {
    const { m } = this;
    const kept = this.extremes;
    const extremes = new Float64Array(m * m);
    for (let axis = 0; axis < m; axis++) {
      let best = Number.POSITIVE_INFINITY;
      for (let k = 0; k < kept.length / m; k++) {
        const value = this.achievement(kept, k * m, axis, range);
        if (value < best) {
          best = value;
          extremes.set(kept.subarray(k * m, (k + 1) * m), axis * m);
        }
      }
      for (const i of front) {
        const value = this.achievement(points, i * m, axis, range);
        if (value < best) {
          best = value;
          extremes.set(points.subarray(i * m, (i + 1) * m), axis * m);
        }
      }
    }
    this.extremes = extremes;
  }

  private achievement(points: Float64Array, offset: number, axis: number, range: Float64Array): number {
    let value = 0;
    for (let j = 0; j < this.m; j++) {
      const share = (points[offset + j] - this.ideal[j]) / range[j];
      const weighted = j === axis ? share : share < ON_AXIS ? 0 : share * OFF_AXIS_WEIGHT;
      if (weighted > value) value = weighted;
    }
    return value;
  }

  /** Sets the nadir from the plane through the extreme points; false where they span no usable plane. */
  private intersectAxes(range: Float64Array): boolean {
    const { m, ideal, worst, extremes } = this;
    const matrix = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) matrix[i * m + j] = (extremes[i * m + j] - ideal[j]) / range[j];
    }
    const plane = solveForOnes(matrix, m);
    if (!plane) return false;
    for (let j = 0; j < m; j++) {
      const intercept = range[j] / plane[j];
      if (!(intercept > NARROWEST_INTERCEPT * (worst[j] - ideal[j])) || !Number.isFinite(intercept)) return false;
    }
    for (let j = 0; j < m; j++) this.nadir[j] = Math.min(ideal[j] + range[j] / plane[j], worst[j]);
    return true;
  }

  save(): Record<string, number[]> {
    const { ideal, nadir, worst, extremes } = this;
    if (extremes.length === 0) return {};
    return {
      ideal: Array.from(ideal),
      nadir: Array.from(nadir),
      worst: Array.from(worst),
      extremes: Array.from(extremes),
    };
  }

  restore(state: Record<string, number[]>): void {
    if (!state.extremes) return;
    this.ideal.set(state.ideal);
    this.nadir.set(state.nadir);
    this.worst.set(state.worst);
    this.extremes = Float64Array.from(state.extremes);
  }
}

/** Solves matrix · x = (1, …, 1) by elimination with partial pivots; undefined where the matrix is as good as singular. */
function solveForOnes(matrix: Float64Array, m: number): Float64Array | undefined {
  const rows = matrix.slice();
  const x = new Float64Array(m).fill(1);
  for (let column = 0; column < m; column++) {
    let pivot = column;
    for (let i = column + 1; i < m; i++) {
      if (Math.abs(rows[i * m + column]) > Math.abs(rows[pivot * m + column])) pivot = i;
    }
    // The entries are shares of ranges, near 1 at most, so this compares like with like.
    if (!(Math.abs(rows[pivot * m + column]) > 1e-10)) return undefined;
    if (pivot !== column) {
      for (let j = 0; j < m; j++) {
        [rows[pivot * m + j], rows[column * m + j]] = [rows[column * m + j], rows[pivot * m + j]];
      }
      [x[pivot], x[column]] = [x[column], x[pivot]];
    }
    for (let i = column + 1; i < m; i++) {
      const factor = rows[i * m + column] / rows[column * m + column];
      for (let j = column; j < m; j++) rows[i * m + j] -= factor * rows[column * m + j];
      x[i] -= factor * x[column];
    }
  }
  for (let i = m - 1; i >= 0; i--) {
    for (let j = i + 1; j < m; j++) x[i] -= rows[i * m + j] * x[j];
    x[i] /= rows[i * m + i];
  }
  return x;
}
