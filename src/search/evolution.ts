import { assert, BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { checkOptions } from './check-options.ts';
import { History, type HistoryEntry } from './history.ts';
import { Mating } from './operators/mating.ts';
import type { EvolutionOptions, OperatorSettings, StopReason } from './options.ts';
import { type Evaluation, type Individual, tabulateVariables } from './problem.ts';
import { checkState, restoreStore, type SearchState } from './state.ts';
import { EvaluationStore } from './store.ts';
import type { Survival } from './survival/survival.ts';
import { stopReason } from './termination.ts';

/** What distinguishes one evolutionary algorithm from another. */
export interface Algorithm {
  name: string;
  survival: Survival;
  operators: OperatorSettings;
}

/** The generations that {@link SearchState.found} looks back on. */
const FOUND_WINDOW = 10;

/**
 * An evolutionary search as a machine to be asked for genomes and told their values; the loop around it is the caller's.
 * All state is here: none in the operators, none in the evaluation.
 */
export class Evolution {
  generation = 0;
  private readonly options: EvolutionOptions;
  private readonly algorithm: Algorithm;
  private readonly store: EvaluationStore;
  private readonly history: History;
  private readonly mating: Mating;
  private readonly random: Random;
  private population = new Int32Array(0);
  private pending: number[] = [];
  private found: number[] = [];
  private readonly startNs: number;

  /**
   * @throws {BitbudgetError} `usage` for senseless options, `mismatch` for the state of another search.
   */
  constructor(options: EvolutionOptions, algorithm: Algorithm) {
    checkOptions(options);
    const table = tabulateVariables(options.variables);
    this.options = options;
    this.algorithm = algorithm;
    this.store = new EvaluationStore(table, options.objectives, options.key);
    this.history = new History(this.store, options.hypervolume);
    const settings = { ...algorithm.operators, ...options.operators };
    this.mating = new Mating(table, this.store, settings, options.repair?.bind(options));
    this.random = options.resume ? Random.restore(options.resume.random) : new Random(options.seed);
    if (options.resume) this.restore(options.resume);
    this.startNs = options.clock?.nowNs() ?? 0;
  }

  get evaluations(): number {
    return this.store.size - this.pending.length;
  }

  get refused(): number {
    return this.mating.refused;
  }

  /** Why the search is over, or undefined while it is not. */
  get stopped(): StopReason | undefined {
    const { generation, evaluations, found, history, options } = this;
    return stopReason(options, {
      generation,
      evaluations,
      found,
      hypervolumes: history.hypervolumes,
      front: () => history.frontRows().map((row) => this.store.objectivesOf(row)),
      elapsedMs: () => ((options.clock?.nowNs() ?? 0) - this.startNs) / 1e6,
    });
  }

  /** The genomes of the next generation; empty where no new one could be made. */
  ask(): number[][] {
    assert(this.pending.length === 0, 'asked again before the last batch was told');
    const { population, evaluations = Number.POSITIVE_INFINITY, initial = [] } = this.options;
    const left = evaluations - this.evaluations;
    const compare = (a: number, b: number) => this.algorithm.survival.compare(this.store, this.population, a, b);
    this.pending =
      this.population.length === 0
        ? this.mating.begin(initial, population, left, this.random)
        : this.mating.breed(this.population, Math.min(population, left), compare, this.random);
    return this.pending.map((row) => this.store.genome(row));
  }

  /**
   * Takes the values of the genomes last asked for, in their order, and completes the generation.
   *
   * @throws {BitbudgetError} `input` where a value is missing or not finite.
   */
  tell(evaluations: readonly Evaluation[]): void {
    const { pending, store } = this;
    if (evaluations.length !== pending.length) {
      throw new BitbudgetError(
        'input',
        `${pending.length} genomes were evaluated to ${evaluations.length} results.`,
        'Return one evaluation for each genome of the batch, in its order.',
      );
    }
    pending.forEach((row, i) => {
      store.record(row, evaluations[i]);
    });
    const rows = new Int32Array(this.population.length + pending.length);
    rows.set(this.population);
    rows.set(pending, this.population.length);
    this.population = this.algorithm.survival
      .survive(store, rows, Math.min(this.options.population, rows.length), this.random)
      .slice();
    this.found = [...this.found, pending.length].slice(-FOUND_WINDOW);
    this.pending = [];
    this.generation++;
    this.history.endGeneration();
  }

  /** Of all feasible points found, after each generation; empty where the options do not ask for it. */
  get hypervolumes(): number[] {
    return this.history.hypervolumes.slice();
  }

  /** Every evaluation so far, in order. */
  evaluated(): HistoryEntry[] {
    return this.history.entries();
  }

  survivors(): Individual[] {
    return Array.from(this.population, (row) => this.store.individual(row));
  }

  archive(): Individual[] {
    return this.store.feasibleRows(this.evaluations).map((row) => this.store.individual(row));
  }

  /** The non-dominated feasible points of everything evaluated. */
  front(): Individual[] {
    return this.history.frontRows().map((row) => this.store.individual(row));
  }

  /** Everything needed to go on; only between generations. */
  save(): SearchState {
    assert(this.pending.length === 0, 'saved in the middle of a generation');
    const rows = Array.from({ length: this.store.size }, (_, row) => row);
    return {
      algorithm: this.algorithm.name,
      generation: this.generation,
      random: this.random.save(),
      population: Array.from(this.population),
      genomes: rows.map((row) => this.store.genome(row)),
      objectives: rows.map((row) => this.store.objectivesOf(row)),
      violations: Array.from(this.store.violations.subarray(0, this.store.size)),
      survival: this.algorithm.survival.save(),
      refused: this.mating.refused,
      found: this.found.slice(),
      generationEnds: this.history.ends.slice(),
      hypervolumes: this.history.hypervolumes.slice(),
    };
  }

  private restore(state: SearchState): void {
    checkState(state, this.algorithm.name, this.store, this.options.hypervolume !== undefined);
    restoreStore(this.store, state);
    this.generation = state.generation;
    this.population = Int32Array.from(state.population);
    this.algorithm.survival.restore(state.survival);
    this.mating.refused = state.refused;
    this.found = state.found.slice();
    this.history.restore(state.generationEnds, state.hypervolumes);
  }
}
