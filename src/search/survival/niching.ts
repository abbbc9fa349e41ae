import type { Random } from '../../core/random.ts';
import type { ReferenceLines } from './reference-lines.ts';

/** Distances closer than this share of the normalised box are a tie: rounding must not decide who survives. */
const TIE = 1e-12;

/** Which reference line each point belongs to, and who of them lives on. */
export class Niches {
  readonly count: number;
  /** Niche of each point. */
  niche = new Int32Array(0);
  /** Distance of each point from its reference line, in the normalised box. */
  distance = new Float64Array(0);
  private readonly lines: ReferenceLines;
  private readonly members: Int32Array;
  private readonly open: Int32Array;
  private readonly head: Int32Array;
  private readonly scale: Float64Array;
  private readonly point: Float64Array;
  private next = new Int32Array(0);

  constructor(lines: ReferenceLines) {
    this.lines = lines;
    this.count = lines.count;
    this.members = new Int32Array(this.count);
    this.open = new Int32Array(this.count);
    this.head = new Int32Array(this.count);
    this.scale = new Float64Array(lines.m);
    this.point = new Float64Array(lines.m);
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
    const { lines, scale, point } = this;
    const { m } = lines;
    if (this.niche.length < n) {
      this.niche = new Int32Array(n);
      this.distance = new Float64Array(n);
      this.next = new Int32Array(n);
    }
    for (let j = 0; j < m; j++) scale[j] = nadir[j] > ideal[j] ? 1 / (nadir[j] - ideal[j]) : 1;
    for (let k = 0; k < which.length; k++) {
      const i = which[k];
      for (let j = 0; j < m; j++) point[j] = (points[i * m + j] - ideal[j]) * scale[j];
      const nearest = lines.nearest(point);
      this.niche[i] = nearest;
      this.distance[i] = lines.distance(point, nearest);
    }
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
