import type { Random } from '../../core/random.ts';
import type { OperatorSettings, RandomSource } from '../options.ts';
import { checkGenome, type VariableTable } from '../problem.ts';
import type { EvaluationStore } from '../store.ts';
import { cross } from './crossover.ts';
import { mutate } from './mutation.ts';
import { sampleGenome } from './sampling.ts';
import { Tournament } from './selection.ts';

/** How often a child that is known already is changed again before it is given up. */
const MAXIMUM_ATTEMPTS = 30;

type Repair = (genome: number[], random: RandomSource) => number[] | undefined;

/** Makes genomes that were never evaluated, and enters them into the store. Every loop is bounded. */
export class Mating {
  /** Genomes that `repair` gave up. */
  refused = 0;
  private readonly table: VariableTable;
  private readonly store: EvaluationStore;
  private readonly settings: OperatorSettings;
  private readonly repair: Repair | undefined;
  private readonly tournament = new Tournament();

  constructor(table: VariableTable, store: EvaluationStore, settings: OperatorSettings, repair?: Repair) {
    this.table = table;
    this.store = store;
    this.settings = settings;
    this.repair = repair;
  }

  /** Rows of at most `wanted` new genomes: the given ones first, then random ones. */
  begin(initial: readonly number[][], wanted: number, limit: number, random: Random): number[] {
    const rows: number[] = [];
    for (const genome of initial) {
      if (rows.length >= limit) break;
      checkGenome(this.table, genome, 'the initial population');
      const row = this.enter(genome.slice(), random);
      if (row >= 0) rows.push(row);
    }
    while (rows.length < Math.min(wanted, limit)) {
      let row = -1;
      for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS && row < 0; attempt++) {
        row = this.enter(sampleGenome(this.table, random), random);
      }
      if (row < 0) break;
      rows.push(row);
    }
    return rows;
  }

  /** Rows of at most `wanted` new children of the population; fewer where the attempts run out. */
  breed(population: Int32Array, wanted: number, compare: (a: number, b: number) => number, random: Random): number[] {
    const { table, store, settings } = this;
    const rows: number[] = [];
    const crossover = { probability: settings.crossoverProbability, distributionIndex: settings.crossoverIndex };
    this.tournament.reset(population.length);
    for (let slot = 0; slot < wanted; slot += 2) {
      const first = store.genome(population[this.tournament.pick(random, compare)]);
      const second = store.genome(population[this.tournament.pick(random, compare)]);
      cross(table, first, second, crossover, random);
      this.enterChild(first, rows, random);
      if (slot + 1 < wanted) this.enterChild(second, rows, random);
    }
    return rows;
  }

  /** Changes a child until it is new, one mutation upon the other, so that it leaves a crowded place step by step. */
  private enterChild(child: number[], rows: number[], random: Random): void {
    const mutation = { realMutations: this.settings.realMutations, distributionIndex: this.settings.mutationIndex };
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
      mutate(this.table, child, mutation, attempt === 0 ? 0 : 1, random);
      const row = this.enter(child, random);
      if (row >= 0) {
        rows.push(row);
        return;
      }
    }
  }

  /** The row of a genome after its repair, or −1 where it is known or given up. */
  private enter(genome: number[], random: Random): number {
    let entering: number[] | undefined = genome;
    if (this.repair) {
      entering = this.repair(genome.slice(), random);
      if (!entering) {
        this.refused++;
        return -1;
      }
      checkGenome(this.table, entering, 'the repair');
    }
    return this.store.find(entering) >= 0 ? -1 : this.store.add(entering);
  }
}
