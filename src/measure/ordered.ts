/** The newest values of a series, kept in order so that any quantile is at hand. */
export class Ordered {
  private readonly capacity: number;
  private readonly sorted: number[] = [];
  private readonly byAge: number[] = [];

  /** @param capacity values kept; older ones are forgotten. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.sorted.length;
  }

  add(value: number): void {
    if (this.byAge.length === this.capacity) this.sorted.splice(this.position(this.byAge.shift()!), 1);
    this.byAge.push(value);
    this.sorted.splice(this.position(value), 0, value);
  }

  /**
   * The value that a share `p` of all lies below; NaN without values.
   *
   * @param p in [0, 1].
   */
  quantile(p: number): number {
    const { sorted } = this;
    return sorted.length === 0 ? Number.NaN : sorted[Math.min(Math.floor(p * sorted.length), sorted.length - 1)];
  }

  clear(): void {
    this.sorted.length = 0;
    this.byAge.length = 0;
  }

  /** Where a value stands, or would stand. */
  private position(value: number): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
