import type { Random } from '../../core/random.ts';

/** Distances closer than this share of the normalised box are a tie: rounding must not decide who survives. */
const TIE = 1e-12;

/** Reference directions, and which of them each point belongs to. */
export class Niches {
  readonly count: number;
  /** Niche of each point. */
  niche = new Int32Array(0);
  /** Distance of each point from its reference line, in the normalised box. */
  distance = new Float64Array(0);
  private readonly m: number;
  /** Unit vectors, row-major. */
  private readonly directions: Float64Array;
  private readonly members: Int32Array;
  private readonly open: Int32Array;
  private readonly head: Int32Array;
  private next = new Int32Array(0);

  constructor(directions: readonly (readonly number[])[]) {
    this.count = directions.length;
    this.m = directions[0].length;
    this.directions = new Float64Array(this.count * this.m);
    directions.forEach((direction, i) => {
      const length = Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0));
      for (let j = 0; j < this.m; j++) this.directions[i * this.m + j] = direction[j] / length;
    });
    this.members = new Int32Array(this.count);
    this.open = new Int32Array(this.count);
    this.head = new Int32Array(this.count);
  }

  /**
   * Associates points with the nearest reference line.
   *
   * @param points row-major objectives; `which` names the points to associate.
   */
  associate(
    points: Float64Array,
    n: number,
    which: Int32Array,
    ideal: ArrayLike<number>,
    nadir: ArrayLike<number>,
  ): void {
    const { m } = this;
    if (this.niche.length < n) {
      this.niche = new Int32Array(n);
      this.distance = new Float64Array(n);
      this.next = new Int32Array(n);
    }
    const scale = new Float64Array(m);
    for (let j = 0; j < m; j++) scale[j] = nadir[j] > ideal[j] ? 1 / (nadir[j] - ideal[j]) : 1;
    const point = new Float64Array(m);
    for (const i of which) {
      for (let j = 0; j < m; j++) point[j] = (points[i * m + j] - ideal[j]) * scale[j];
      const best = m === 3 ? this.nearestOfThree(point[0], point[1], point[2]) : this.nearestLine(point);
      this.niche[i] = best;
      this.distance[i] = this.distanceFrom(point, best);
    }
  }

  /** All lines start at the origin, so the nearest is the one along which the point reaches furthest. */
  private nearestLine(point: Float64Array): number {
    const { m, count, directions } = this;
    let best = 0;
    let furthest = Number.NEGATIVE_INFINITY;
    for (let d = 0, offset = 0; d < count; d++) {
      let reach = 0;
      for (let j = 0; j < m; j++) reach += point[j] * directions[offset++];
      // A tie goes to the first direction, whatever the last bit of the product says.
      if (reach > furthest) {
        furthest = reach + TIE * reach;
        best = d;
      }
    }
    return best;
  }

  /** {@link nearestLine} for three objectives without an inner loop: twice as fast, and the hottest loop of a search. */
  private nearestOfThree(x: number, y: number, z: number): number {
    const { directions } = this;
    let best = 0;
    let furthest = Number.NEGATIVE_INFINITY;
    for (let offset = 0; offset < directions.length; offset += 3) {
      const reach = x * directions[offset] + y * directions[offset + 1] + z * directions[offset + 2];
      if (reach > furthest) {
        furthest = reach + TIE * reach;
        best = offset;
      }
    }
    return best / 3;
  }

  private distanceFrom(point: Float64Array, direction: number): number {
    const { m, directions } = this;
    const offset = direction * m;
    let reach = 0;
    for (let j = 0; j < m; j++) reach += point[j] * directions[offset + j];
    let square = 0;
    for (let j = 0; j < m; j++) {
      const off = point[j] - reach * directions[offset + j];
      square += off * off;
    }
    return Math.sqrt(square);
  }

  /**
   * Niche preservation (Deb and Jain 2014, algorithm 4): fills the least crowded niches first, an empty one with its
   * nearest candidate, others with any. Niches that are equally crowded are served in random order.
   *
   * @param survivors points that live on already.
   * @param candidates points of the front that does not fit whole; `wanted` of them are written to `chosen`.
   */
  fill(survivors: Int32Array, candidates: Int32Array, wanted: number, random: Random, chosen: Int32Array): void {
    const { members, head, next, niche } = this;
    members.fill(0);
    head.fill(-1);
    for (const i of survivors) members[niche[i]]++;
    for (const i of candidates) {
      next[i] = head[niche[i]];
      head[niche[i]] = i;
    }
    let filled = 0;
    while (filled < wanted) {
      const openCount = this.leastCrowded();
      for (let k = 0; k < openCount && filled < wanted; k++) {
        const other = k + random.below(openCount - k);
        const served = this.open[other];
        this.open[other] = this.open[k];
        const taken = members[served] === 0 ? this.nearest(served, random) : this.any(served, random);
        this.remove(served, taken);
        members[served]++;
        chosen[filled++] = taken;
      }
    }
  }

  /** Lists the niches that have candidates and the fewest members of these. */
  private leastCrowded(): number {
    const { members, head, open } = this;
    let fewest = Number.POSITIVE_INFINITY;
    let count = 0;
    for (let d = 0; d < this.count; d++) {
      if (head[d] < 0 || members[d] > fewest) continue;
      if (members[d] < fewest) {
        fewest = members[d];
        count = 0;
      }
      open[count++] = d;
    }
    return count;
  }

  private nearest(niche: number, random: Random): number {
    let best = this.head[niche];
    let ties = 1;
    for (let i = this.next[best]; i >= 0; i = this.next[i]) {
      const gain = this.distance[best] - this.distance[i];
      if (gain > TIE) {
        best = i;
        ties = 1;
      } else if (gain >= -TIE && random.below(++ties) === 0) {
        best = i;
      }
    }
    return best;
  }

  private any(niche: number, random: Random): number {
    let length = 0;
    for (let i = this.head[niche]; i >= 0; i = this.next[i]) length++;
    let i = this.head[niche];
    for (let skip = random.below(length); skip > 0; skip--) i = this.next[i];
    return i;
  }

  private remove(niche: number, point: number): void {
    const { head, next } = this;
    if (head[niche] === point) {
      head[niche] = next[point];
      return;
    }
    let i = head[niche];
    while (next[i] !== point) i = next[i];
    next[i] = next[point];
  }
}
