import { GuidedArchive } from '../guided/archive.ts';
import type { GuidedSpace } from '../guided/space.ts';
import type { CheckedProblem } from '../guided/types.ts';
import { paretoIndices } from '../indicators/pareto-front.ts';

/** Everything that was evaluated, what of it is the same, and its front. */
export class Ledger {
  readonly archive: GuidedArchive;
  readonly objectives: readonly string[];
  private readonly space: GuidedSpace;
  private readonly problem: CheckedProblem;
  private readonly byLikeness = new Map<string, number>();

  constructor(space: GuidedSpace, problem: CheckedProblem, objectives: readonly string[]) {
    this.space = space;
    this.problem = problem;
    this.objectives = objectives;
    this.archive = new GuidedArchive(space);
  }

  /** True evaluations so far. */
  get evaluations(): number {
    return this.byLikeness.size;
  }

  /** Whether a genome, or one that means the same, was evaluated. */
  knows(genome: Int32Array): boolean {
    return this.archive.has(genome) || this.byLikeness.has(this.likenessOf(genome));
  }

  likenessOf(genome: Int32Array): string {
    return this.problem.alike ? this.problem.alike(this.space.decode(genome)) : genome.join();
  }

  /**
   * Evaluates genomes, none of which it knows and no two of which mean the same.
   *
   * @returns their losses.
   */
  async evaluate(genomes: readonly Int32Array[]): Promise<readonly number[]> {
    if (genomes.length === 0) return [];
    const losses = await this.problem.evaluate(genomes.map((genome) => this.space.decode(genome)));
    genomes.forEach((genome, i) => {
      this.byLikeness.set(this.likenessOf(genome), losses[i]);
      this.archive.add(genome, losses[i]);
    });
    return losses;
  }

  /** The objectives of a genome with a given loss, true or predicted. */
  values(genome: Int32Array, loss: number, costs = this.space.costs(genome)): number[] {
    const { metrics } = this.space.tables;
    return this.objectives.map((name) => (name === 'loss' ? loss : costs[metrics.indexOf(name) - 1]));
  }

  valuesOf(row: number): number[] {
    const { archive } = this;
    return this.values(archive.genomes[row], archive.losses[row], archive.costsOf(row));
  }

  /** Rows that nothing dominates. */
  front(): number[] {
    return paretoIndices(this.archive.losses.map((_, row) => this.valuesOf(row)));
  }
}
