import { orderByValue } from './ordering.ts';

/**
 * For every point the set of the points that dominate it, as bits: those before it in the order of every objective.
 * Distinct points are numbered in lexicographic order, so only smaller numbers can dominate, and a tie in one objective
 * is broken by the number. n²/64 words a further objective instead of n²/2 comparisons of points; no memory is allocated
 * once the buffers have grown.
 *
 * @see Moreno, Rodriguez, Nebro and Lozano, Merge nondominated sorting algorithm for many-objective optimization, IEEE
 * Transactions on Cybernetics 51(12), 2021.
 */
export class DominanceSets {
  /** Words a set. */
  words = 0;
  /** Set by set; only the words up to that of the point itself are valid. */
  private sets = new Int32Array(0);
  /** The points of each front found so far. */
  private fronts = new Int32Array(0);
  private before = new Int32Array(0);
  private column = new Float64Array(0);
  private order = new Int32Array(0);
  private spare = new Int32Array(0);

  /**
   * @param points row-major objectives; `which` names n distinct ones in lexicographic order.
   */
  build(points: Float64Array, which: Int32Array, n: number, m: number): void {
    this.reserve(n);
    const { column, order, spare } = this;
    for (let j = 1; j < m; j++) {
      for (let i = 0; i < n; i++) column[i] = points[which[i] * m + j];
      orderByValue(column, n, order, spare);
      this.intersect(n, j === 1);
    }
  }

  /** Keeps in each set the points that come before its own in `order`. */
  private intersect(n: number, first: boolean): void {
    const { sets, before, order, words } = this;
    before.fill(0);
    for (let k = 0; k < n; k++) {
      const point = order[k];
      const own = point >> 5;
      const start = point * words;
      if (first) {
        for (let w = 0; w < own; w++) sets[start + w] = before[w];
        sets[start + own] = before[own] & ((1 << (point & 31)) - 1);
      } else {
        for (let w = 0; w <= own; w++) sets[start + w] &= before[w];
      }
      before[own] |= 1 << (point & 31);
    }
  }

  /**
   * The first front without a point that dominates this one, which is entered there. To be called for the points in
   * their order.
   *
   * @param frontCount how many fronts there are; the answer may be one more.
   */
  enter(point: number, frontCount: number): number {
    const { sets, fronts, words } = this;
    const own = point >> 5;
    const start = point * words;
    let front = 0;
    for (let offset = 0; front < frontCount; front++, offset += words) {
      let w = 0;
      while (w <= own && (sets[start + w] & fronts[offset + w]) === 0) w++;
      if (w > own) break;
    }
    if (front === frontCount) fronts.fill(0, front * words, (front + 1) * words);
    fronts[front * words + own] |= 1 << (point & 31);
    return front;
  }

  private reserve(n: number): void {
    this.words = (n + 31) >> 5;
    if (this.column.length >= n) return;
    this.sets = new Int32Array(n * this.words);
    this.fronts = new Int32Array(n * this.words);
    this.before = new Int32Array(this.words);
    this.column = new Float64Array(n);
    this.order = new Int32Array(n);
    this.spare = new Int32Array(n);
  }
}
