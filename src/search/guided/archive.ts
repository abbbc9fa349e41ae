import { HashIndex } from '../genome-index.ts';
import type { GuidedSpace } from './space.ts';
import type { GuidedPoint } from './types.ts';

/** Every evaluated genome, in order: the cache of duplicates and the unbounded archive in one. */
export class GuidedArchive {
  readonly genomes: Int32Array[] = [];
  readonly losses: number[] = [];
  private readonly space: GuidedSpace;
  private readonly index: HashIndex;
  private bestRow = -1;

  constructor(space: GuidedSpace) {
    this.space = space;
    this.index = new HashIndex(space.counts.length, (row, gene) => this.genomes[row][gene]);
  }

  get size(): number {
    return this.losses.length;
  }

  /** The point with the least loss. */
  get best(): GuidedPoint | undefined {
    return this.bestRow < 0 ? undefined : this.point(this.bestRow);
  }

  has(genome: ArrayLike<number>): boolean {
    return this.index.find(genome) >= 0;
  }

  /** The loss of a genome that was evaluated. */
  lossOf(genome: ArrayLike<number>): number {
    return this.losses[this.index.find(genome)];
  }

  add(genome: Int32Array, loss: number): void {
    if (this.bestRow < 0 || loss < this.losses[this.bestRow]) this.bestRow = this.losses.length;
    this.genomes.push(genome);
    this.losses.push(loss);
    this.index.add(genome, this.genomes.length - 1);
  }

  /** Rows of the `count` least losses, ascending. */
  elites(count: number): number[] {
    const rows = this.losses.map((_, row) => row);
    return rows.sort((a, b) => this.losses[a] - this.losses[b] || a - b).slice(0, count);
  }

  point(row: number): GuidedPoint {
    const genome = this.genomes[row];
    return { choice: this.space.decode(genome), loss: this.losses[row], costs: this.space.costs(genome) };
  }
}
