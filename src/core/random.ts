/**
 * A seeded source of integers, the same on every engine: xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix32.
 * Only 32-bit integer operations are used, so a sequence is a function of its seed alone.
 *
 * @example new Random(1).below(10) === new Random(1).below(10) // => true
 */
export class Random {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.s0 = next();
    this.s1 = next();
    this.s2 = next();
    this.s3 = next() | 1; // the all-zero state would never leave zero
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    const product = Math.imul(this.s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const t = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= t;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result >>> 0;
  }

  /** An unbiased integer in [0, bound), bound ≤ 2³². */
  below(bound: number): number {
    if (bound === 2 ** 32) return this.uint32();
    // In 32-bit arithmetic throughout, which is twice as fast as a remainder of doubles.
    const divisor = bound >>> 0;
    const lastWhole = -divisor >>> 0;
    for (;;) {
      const value = this.uint32() >>> 0;
      const remainder = (value % divisor) >>> 0;
      // A draw from the incomplete last run is refused, with probability below ½: bounded in practice.
      if ((value - remainder) >>> 0 <= lastWhole) return remainder;
    }
  }

  /** A real in [0, 1) with 32 random bits; exact, so the same everywhere. */
  real(): number {
    return this.uint32() / 2 ** 32;
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.real() < p;
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /** The whole state, for checkpoints. */
  save(): [number, number, number, number] {
    return [this.s0, this.s1, this.s2, this.s3];
  }

  static restore(state: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    [random.s0, random.s1, random.s2, random.s3] = state;
    return random;
  }
}
