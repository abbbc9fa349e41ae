import type { Random } from '../../core/random.ts';

/**
 * Binary tournaments over random permutations, so that every member takes part equally often; a draw is a coin's throw.
 */
export class Tournament {
  private pool = new Int32Array(0);
  private position = 0;

  /** Starts afresh for a population of `size` members. */
  reset(size: number): void {
    if (this.pool.length !== size) this.pool = Int32Array.from({ length: size }, (_, i) => i);
    else for (let i = 0; i < size; i++) this.pool[i] = i;
    this.position = size;
  }

  /** The place in the population of one parent. */
  pick(random: Random, compare: (first: number, second: number) => number): number {
    const first = this.draw(random);
    const second = this.draw(random);
    const order = compare(first, second);
    if (order !== 0) return order < 0 ? first : second;
    return random.uint32() & 1 ? first : second;
  }

  private draw(random: Random): number {
    const { pool } = this;
    if (this.position >= pool.length) {
      for (let i = pool.length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        const swapped = pool[i];
        pool[i] = pool[j];
        pool[j] = swapped;
      }
      this.position = 0;
    }
    return pool[this.position++];
  }
}
