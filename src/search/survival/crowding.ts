/**
 * Crowding distances of the points of one front, from which points can be taken away: the sum over the objectives of the
 * gap between a point's neighbours as a share of the front's range; infinite at the ends.
 *
 * @see Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE TEC 6(2), 2002, section III-B.
 */
export class CrowdedFront {
  /** By place in the front. */
  readonly distances: Float64Array;
  private readonly points: Float64Array;
  private readonly m: number;
  private readonly front: Int32Array;
  /** Neighbours of each place in each objective, objective by objective; −1 beyond the ends. */
  private readonly before: Int32Array;
  private readonly after: Int32Array;
  private readonly ranges: Float64Array;

  /**
   * @param points row-major objectives.
   * @param front indices of the points.
   */
  constructor(points: Float64Array, m: number, front: Int32Array) {
    const n = front.length;
    this.points = points;
    this.m = m;
    this.front = front;
    this.distances = new Float64Array(n);
    this.before = new Int32Array(m * n);
    this.after = new Int32Array(m * n);
    this.ranges = new Float64Array(m);
    const order = Int32Array.from(front, (_, place) => place);
    for (let j = 0; j < m; j++) {
      order.sort((a, b) => this.value(a, j) - this.value(b, j) || front[a] - front[b]);
      this.ranges[j] = this.value(order[n - 1], j) - this.value(order[0], j);
      for (let k = 0; k < n; k++) {
        this.before[j * n + order[k]] = k > 0 ? order[k - 1] : -1;
        this.after[j * n + order[k]] = k + 1 < n ? order[k + 1] : -1;
      }
    }
    for (let place = 0; place < n; place++) this.measure(place);
  }

  private value(place: number, objective: number): number {
    return this.points[this.front[place] * this.m + objective];
  }

  private measure(place: number): void {
    const { m, front, before, after, ranges } = this;
    let distance = 0;
    for (let j = 0; j < m; j++) {
      const lower = before[j * front.length + place];
      const upper = after[j * front.length + place];
      if (lower < 0 || upper < 0) distance = Number.POSITIVE_INFINITY;
      else if (ranges[j] > 0) distance += (this.value(upper, j) - this.value(lower, j)) / ranges[j];
    }
    this.distances[place] = distance;
  }

  /**
   * Takes the most crowded point away until `count` are left, and measures its neighbours anew each time: points that
   * crowd each other would else all go, and leave a gap. Returns the places left, ascending.
   *
   * @see Kukkonen and Deb, Improved pruning of non-dominated solutions based on crowding distance for bi-objective
   * optimization problems, CEC 2006.
   */
  thin(count: number): number[] {
    const { distances } = this;
    const left = Array.from(this.front, (_, place) => place);
    while (left.length > count) {
      let most = 0;
      for (let k = 1; k < left.length; k++) if (distances[left[k]] <= distances[left[most]]) most = k;
      this.remove(left[most]);
      left.splice(most, 1);
    }
    return left;
  }

  private remove(place: number): void {
    const { m, front, before, after } = this;
    const n = front.length;
    for (let j = 0; j < m; j++) {
      const lower = before[j * n + place];
      const upper = after[j * n + place];
      if (lower >= 0) after[j * n + lower] = upper;
      if (upper >= 0) before[j * n + upper] = lower;
    }
    for (let j = 0; j < m; j++) {
      const lower = before[j * n + place];
      const upper = after[j * n + place];
      if (lower >= 0) this.measure(lower);
      if (upper >= 0) this.measure(upper);
    }
  }
}
