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
  private readonly worstOfPoints: Float64Array;
  private readonly worstOfFront: Float64Array;
  private readonly range: Float64Array;
  /** Lowest achievement on each axis so far, and the shares of the point at hand. */
  private readonly lowest: Float64Array;
  private readonly shares: Float64Array;
  private readonly found: Float64Array;
  private readonly matrix: Float64Array;
  private readonly plane: Float64Array;

  constructor(objectiveCount: number) {
    this.m = objectiveCount;
    this.ideal = new Float64Array(objectiveCount).fill(Number.POSITIVE_INFINITY);
    this.nadir = new Float64Array(objectiveCount);
    this.worst = new Float64Array(objectiveCount).fill(Number.NEGATIVE_INFINITY);
    this.extremes = new Float64Array(0);
    this.worstOfPoints = new Float64Array(objectiveCount);
    this.worstOfFront = new Float64Array(objectiveCount);
    this.range = new Float64Array(objectiveCount);
    this.lowest = new Float64Array(objectiveCount);
    this.shares = new Float64Array(objectiveCount);
    this.found = new Float64Array(objectiveCount ** 2);
    this.matrix = new Float64Array(objectiveCount ** 2);
    this.plane = new Float64Array(objectiveCount);
  }

  /**
   * @param points n·M objectives, row-major.
   * @param front indices of the non-dominated points.
   */
  update(points: Float64Array, n: number, front: Int32Array): void {
    const { m, ideal, worst, worstOfPoints, worstOfFront } = this;
    worstOfPoints.fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        const value = points[i * m + j];
        if (value < ideal[j]) ideal[j] = value;
        if (value > worstOfPoints[j]) worstOfPoints[j] = value;
      }
    }
    worstOfFront.fill(Number.NEGATIVE_INFINITY);
    for (let k = 0; k < front.length; k++) {
      for (let j = 0, offset = front[k] * m; j < m; j++) {
        if (points[offset + j] > worstOfFront[j]) worstOfFront[j] = points[offset + j];
      }
    }
    for (let j = 0; j < m; j++) worst[j] = Math.max(worst[j], worstOfPoints[j]);
    this.measureRange();
    this.updateExtremes(points, front);
    if (!this.intersectAxes()) this.nadir.set(worstOfFront);
    for (let j = 0; j < m; j++) {
      const seen = worst[j] - ideal[j];
      if (this.nadir[j] - ideal[j] <= NARROWEST_INTERCEPT * seen) this.nadir[j] = worstOfPoints[j];
    }
  }

  /**
   * Widths to measure shares by: the last box, or the front where that is narrower. A far outlier that nothing dominates
   * widens the front, and would let points well off an axis pass for being on it.
   */
  private measureRange(): void {
    const { ideal, nadir, extremes, range, worstOfFront } = this;
    for (let j = 0; j < this.m; j++) {
      const ofBox = extremes.length > 0 && nadir[j] > ideal[j] ? nadir[j] - ideal[j] : Number.POSITIVE_INFINITY;
      const width = Math.min(worstOfFront[j] - ideal[j], ofBox);
      range[j] = width > 0 ? width : 1;
    }
  }

  private updateExtremes(points: Float64Array, front: Int32Array): void {
    const { m, found, lowest } = this;
    lowest.fill(Number.POSITIVE_INFINITY);
    for (let k = 0; k < this.extremes.length; k += m) this.tryExtreme(this.extremes, k);
    for (let k = 0; k < front.length; k++) this.tryExtreme(points, front[k] * m);
    if (this.extremes.length === 0) this.extremes = new Float64Array(m * m);
    this.extremes.set(found);
  }

  /**
   * Keeps a point as the extreme one of each axis on which it achieves less than all before it. Its achievement is the
   * greatest of its shares, those off the axis weighted; so the two greatest weighted shares serve all axes.
   */
  private tryExtreme(points: Float64Array, offset: number): void {
    const { m, ideal, range, shares, lowest, found } = this;
    let greatest = 0;
    let second = 0;
    let greatestAxis = -1;
    for (let j = 0; j < m; j++) {
      const share = (points[offset + j] - ideal[j]) / range[j];
      shares[j] = share;
      const weighted = share < ON_AXIS ? 0 : share * OFF_AXIS_WEIGHT;
      if (weighted > greatest) {
        second = greatest;
        greatest = weighted;
        greatestAxis = j;
      } else if (weighted > second) {
        second = weighted;
      }
    }
    for (let axis = 0; axis < m; axis++) {
      const achievement = Math.max(shares[axis], axis === greatestAxis ? second : greatest);
      if (achievement >= lowest[axis]) continue;
      lowest[axis] = achievement;
      for (let j = 0; j < m; j++) found[axis * m + j] = points[offset + j];
    }
  }

  /** Sets the nadir from the plane through the extreme points; false where they span no usable plane. */
  private intersectAxes(): boolean {
    const { m, ideal, worst, extremes, range, matrix, plane } = this;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) matrix[i * m + j] = (extremes[i * m + j] - ideal[j]) / range[j];
    }
    if (!solveForOnes(matrix, m, plane)) return false;
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

/**
 * Solves rows · x = (1, …, 1) by elimination with partial pivots, which overwrites the rows; false where they are as good
 * as singular.
 */
function solveForOnes(rows: Float64Array, m: number, x: Float64Array): boolean {
  x.fill(1);
  for (let column = 0; column < m; column++) {
    let pivot = column;
    for (let i = column + 1; i < m; i++) {
      if (Math.abs(rows[i * m + column]) > Math.abs(rows[pivot * m + column])) pivot = i;
    }
    // The entries are shares of ranges, near 1 at most, so this compares like with like.
    if (!(Math.abs(rows[pivot * m + column]) > 1e-10)) return false;
    if (pivot !== column) swapRows(rows, m, x, pivot, column);
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
  return true;
}

function swapRows(rows: Float64Array, m: number, x: Float64Array, a: number, b: number): void {
  for (let j = 0; j < m; j++) {
    const kept = rows[a * m + j];
    rows[a * m + j] = rows[b * m + j];
    rows[b * m + j] = kept;
  }
  const kept = x[a];
  x[a] = x[b];
  x[b] = kept;
}
