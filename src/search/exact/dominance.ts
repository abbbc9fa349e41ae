/** How many earlier points are compared where there are three metrics or more. */
const MOST_COMPARED = 48;

/**
 * Tells whether a point is dominated by one seen before, for points that come by ascending loss: then the metrics alone
 * decide. Exact for up to two metrics; beyond, the points that dominated most recently are asked, and some dominated
 * points pass, which costs time but is never wrong.
 */
export class DominanceFilter {
  private readonly count: number;
  private size = 0;
  private points: Float64Array;

  constructor(metricCount: number) {
    this.count = metricCount;
    this.points = new Float64Array(64 * Math.max(1, metricCount));
  }

  reset(): void {
    this.size = 0;
  }

  /** Whether `values[at..at + metrics]` is new; if so it is remembered. */
  admit(values: Float64Array, at: number): boolean {
    switch (this.count) {
      case 0:
        return this.size++ === 0;
      case 1:
        return this.admitOne(values[at]);
      case 2:
        return this.admitTwo(values[at], values[at + 1]);
      default:
        return this.admitMany(values, at);
    }
  }

  private admitOne(value: number): boolean {
    if (this.size > 0 && this.points[0] <= value) return false;
    this.points[0] = value;
    this.size = 1;
    return true;
  }

  /** The points are a staircase: ascending in the first metric, descending in the second. */
  private admitTwo(x: number, y: number): boolean {
    const { points } = this;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[2 * middle] <= x) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && points[2 * low - 1] <= y) return false;
    if (low > 0 && points[2 * low - 2] === x) low--;
    let end = low;
    while (end < this.size && points[2 * end + 1] >= y) end++;
    this.reserve(this.size + 1);
    this.points.copyWithin(2 * (low + 1), 2 * end, 2 * this.size);
    this.size += low + 1 - end;
    this.points[2 * low] = x;
    this.points[2 * low + 1] = y;
    return true;
  }

  /** A list in which a point that dominated moves to the front. */
  private admitMany(values: Float64Array, at: number): boolean {
    const { count, points } = this;
    for (let p = 0; p < this.size; p++) {
      let k = 0;
      while (k < count && points[p * count + k] <= values[at + k]) k++;
      if (k < count) continue;
      for (let j = 0; j < count && p > 0; j++) {
        const held = points[p * count + j];
        points[p * count + j] = points[(p - 1) * count + j];
        points[(p - 1) * count + j] = held;
      }
      return false;
    }
    if (this.size < MOST_COMPARED) this.reserve(++this.size);
    const place = (this.size - 1) * count;
    for (let k = 0; k < count; k++) this.points[place + k] = values[at + k];
    return true;
  }

  private reserve(size: number): void {
    const needed = size * this.count;
    if (needed <= this.points.length) return;
    const grown = new Float64Array(2 * needed);
    grown.set(this.points);
    this.points = grown;
  }
}
