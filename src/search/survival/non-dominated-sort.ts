import { DominanceSets } from './dominance-sets.ts';
import { areEqual, orderLexicographically } from './ordering.ts';

/** Above this many points the sets of dominating points, of n² bits, would not fit into a cache. */
const MOST_FOR_SETS = 4096;

/**
 * Sorts points into fronts: a point is in the first front in which none dominates it. Points are visited in
 * lexicographic order, so that only those before can dominate (Zhang et al., efficient non-dominated sort, IEEE TEC
 * 2015). Two objectives need one comparison a front, for the newest member is the one to beat; more have their
 * {@link DominanceSets}, or beyond some thousand points are searched front by front. No memory is allocated once the
 * buffers have grown.
 */
export class NonDominatedSort {
  /** Front of each point, 0 for the non-dominated. */
  rank = new Int32Array(0);
  /** How many points the first k fronts hold together is `frontEnds[k − 1]`. */
  frontEnds = new Int32Array(0);
  /** The points front by front, in lexicographic order within a front. */
  byFront = new Int32Array(0);
  frontCount = 0;
  private order = new Int32Array(0);
  private spare = new Int32Array(0);
  private head = new Int32Array(0);
  private next = new Int32Array(0);
  private readonly sets = new DominanceSets();

  /**
   * @param points n·m numbers, row-major, all minimised.
   */
  sort(points: Float64Array, n: number, m: number): void {
    this.reserve(n);
    orderLexicographically(points, n, m, this.order, this.spare);
    this.frontCount = 0;
    if (m > 2 && n <= MOST_FOR_SETS) this.rankBySets(points, n, m);
    else this.rankBySearch(points, n, m);
    this.collect(n);
  }

  private rankBySets(points: Float64Array, n: number, m: number): void {
    const { order, rank, sets, next } = this;
    let distinct = 0;
    for (let i = 0; i < n; i++) {
      if (i > 0 && areEqual(points, order[i] * m, order[i - 1] * m, m)) continue;
      next[distinct++] = order[i];
    }
    sets.build(points, next, distinct, m);
    for (let i = 0, number = -1; i < n; i++) {
      if (number + 1 < distinct && next[number + 1] === order[i]) {
        const front = sets.enter(++number, this.frontCount);
        if (front === this.frontCount) this.frontCount++;
        rank[order[i]] = front;
      } else {
        rank[order[i]] = rank[order[i - 1]];
      }
    }
  }

  private rankBySearch(points: Float64Array, n: number, m: number): void {
    const { order, head, next, rank } = this;
    for (let i = 0; i < n; i++) {
      const point = order[i];
      let front = 0;
      while (front < this.frontCount && this.isDominatedIn(front, points, point, m)) front++;
      if (front === this.frontCount) head[this.frontCount++] = -1;
      next[point] = head[front];
      head[front] = point;
      rank[point] = front;
    }
  }

  private isDominatedIn(front: number, points: Float64Array, point: number, m: number): boolean {
    const { head, next } = this;
    const offset = point * m;
    if (m <= 2) {
      const newest = head[front] * m;
      return points[newest + m - 1] <= points[offset + m - 1] && !areEqual(points, newest, offset, m);
    }
    for (let other = head[front]; other >= 0; other = next[other]) {
      const base = other * m;
      let j = 1; // the first objective is ordered already
      while (j < m && points[base + j] <= points[offset + j]) j++;
      if (j === m && !areEqual(points, base, offset, m)) return true;
    }
    return false;
  }

  private collect(n: number): void {
    const { order, rank, frontEnds, byFront, head } = this;
    for (let front = 0; front < this.frontCount; front++) head[front] = 0;
    for (let i = 0; i < n; i++) head[rank[i]]++;
    let start = 0;
    for (let front = 0; front < this.frontCount; front++) {
      const size = head[front];
      head[front] = start;
      start += size;
      frontEnds[front] = start;
    }
    for (let i = 0; i < n; i++) byFront[head[rank[order[i]]]++] = order[i];
  }

  private reserve(n: number): void {
    if (this.rank.length >= n) return;
    for (const name of ['rank', 'frontEnds', 'byFront', 'order', 'spare', 'head', 'next'] as const) {
      this[name] = new Int32Array(n);
    }
  }
}
