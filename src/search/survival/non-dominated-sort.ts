/**
 * Sorts points into fronts: a point is in the first front in which none dominates it. Points are visited in
 * lexicographic order, so that only those before can dominate, and a front is searched from its newest member
 * (Zhang et al., efficient non-dominated sort, IEEE TEC 2015). O(n²·m) comparisons at worst, usually far fewer; no
 * memory is allocated once the buffers have grown.
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
  private merged = new Int32Array(0);
  private head = new Int32Array(0);
  private next = new Int32Array(0);

  /**
   * @param points n·m numbers, row-major, all minimised.
   */
  sort(points: Float64Array, n: number, m: number): void {
    this.reserve(n);
    sortLexicographically(points, n, m, this.order, this.merged);
    const { order, head, next, rank } = this;
    this.frontCount = 0;
    for (let i = 0; i < n; i++) {
      const point = order[i];
      let front = 0;
      while (front < this.frontCount && this.isDominatedIn(front, points, point * m, m)) front++;
      if (front === this.frontCount) head[this.frontCount++] = -1;
      next[point] = head[front];
      head[front] = point;
      rank[point] = front;
    }
    this.collect(n);
  }

  private isDominatedIn(front: number, points: Float64Array, offset: number, m: number): boolean {
    const { head, next } = this;
    if (m === 3) return this.isDominatedOfThree(head[front], points, offset);
    for (let other = head[front]; other >= 0; other = next[other]) {
      const base = other * m;
      let j = 1; // the first objective is ordered already
      while (j < m && points[base + j] <= points[offset + j]) j++;
      if (j < m) continue;
      for (j = 0; j < m; j++) if (points[base + j] < points[offset + j]) return true;
    }
    return false;
  }

  /** {@link isDominatedIn} for three objectives without an inner loop: the search spends much of its time here. */
  private isDominatedOfThree(first: number, points: Float64Array, offset: number): boolean {
    const { next } = this;
    const x = points[offset];
    const y = points[offset + 1];
    const z = points[offset + 2];
    for (let other = first; other >= 0; other = next[other]) {
      const base = 3 * other;
      if (points[base + 1] > y || points[base + 2] > z) continue;
      if (points[base] < x || points[base + 1] < y || points[base + 2] < z) return true;
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
    for (const name of ['rank', 'frontEnds', 'byFront', 'order', 'merged', 'head', 'next'] as const) {
      this[name] = new Int32Array(n);
    }
  }
}

/** Bottom-up merge sort, stable: equal points keep the order of their indices. */
function sortLexicographically(points: Float64Array, n: number, m: number, order: Int32Array, spare: Int32Array): void {
  for (let i = 0; i < n; i++) order[i] = i;
  let from = order;
  let to = spare;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        const takeLeft = left < middle && (right >= end || !precedes(points, from[right] * m, from[left] * m, m));
        to[i] = takeLeft ? from[left++] : from[right++];
      }
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from.subarray(0, n));
}

function precedes(points: Float64Array, a: number, b: number, m: number): boolean {
  if (points[a] !== points[b]) return points[a] < points[b];
  for (let j = 1; j < m; j++) {
    if (points[a + j] !== points[b + j]) return points[a + j] < points[b + j];
  }
  return false;
}
