import { HashIndex } from '../genome-index.ts';
import type { GuidedSpace } from './space.ts';
import type { GuidedPoint } from './types.ts';

/** As many of the best rows are kept in order. */
const MOST_ELITES = 256;

/** Every evaluated genome, in order: the cache of duplicates and the unbounded archive in one. */
export class GuidedArchive {
  readonly genomes: Int32Array[] = [];
  readonly losses: number[] = [];
  private readonly space: GuidedSpace;
  private readonly index: HashIndex;
  private readonly least: number[] = [];

  constructor(space: GuidedSpace) {
    this.space = space;
    this.index = new HashIndex(space.counts.length, (row, gene) => this.genomes[row][gene]);
  }

  get size(): number {
    return this.losses.length;
  }

  /** The point with the least loss. */
  get best(): GuidedPoint | undefined {
    return this.least.length === 0 ? undefined : this.point(this.least[0]);
  }

  has(genome: ArrayLike<number>): boolean {
    return this.index.find(genome) >= 0;
  }

  /** The loss of a genome that was evaluated. */
  lossOf(genome: ArrayLike<number>): number {
    return this.losses[this.index.find(genome)];
  }

  add(genome: Int32Array, loss: number): void {
    this.rank(this.losses.length, loss);
    this.genomes.push(genome);
    this.losses.push(loss);
    this.index.add(genome, this.genomes.length - 1);
  }

  /** Rows of the least losses, ascending, at most `count` of them (and 256). */
  elites(count: number): number[] {
    return this.least.slice(0, count);
  }

  point(row: number): GuidedPoint {
    const genome = this.genomes[row];
    return { choice: this.space.decode(genome), loss: this.losses[row], costs: this.space.costs(genome) };
  }

  private rank(row: number, loss: number): void {
    let place = this.least.length;
    while (place > 0 && this.losses[this.least[place - 1]] > loss) place--;
    if (place === MOST_ELITES) return;
    this.least.splice(place, 0, row);
    if (this.least.length > MOST_ELITES) this.least.pop();
  }
}
