import type { Evaluation, Individual, Variable } from './problem.ts';
import { usage } from './problem.ts';
import type { SearchState } from './state.ts';

/** What a search wants to know; see {@link nsga3}. */
export interface SearchOptions {
  variables: Variable[];
  /** How many objectives an evaluation has. */
  objectives: number;
  /** Values a batch of genomes, none of which it has seen before; the results in the batch's order. */
  evaluate(batch: number[][]): Evaluation[] | Promise<Evaluation[]>;
  /** The same seed and options give the same bytes. */
  seed: number;
  /** Members that live on from one generation to the next. */
  population: number;
  /** Stops after this many generations; the first is the initial population. */
  generations?: number;
  /** Stops after this many evaluations, to the evaluation. */
  evaluations?: number;
  /** Genomes to begin with; random ones fill up the population. */
  initial?: number[][];
  /**
   * Moves a genome to where it may be evaluated, or gives it up by returning undefined. Must draw all chance from the
   * source it is given.
   */
  repair?(genome: number[], random: RandomSource): number[] | undefined;
  /** Genomes with equal keys count as one; by default equal genes. */
  key?(genome: number[]): string;
  /** Called after each generation; returning false ends the search. */
  onGeneration?(report: GenerationReport): unknown;
  /** Goes on from a saved state, as if it had never stopped. */
  resume?: SearchState;
  operators?: Partial<OperatorSettings>;
}

/** The part of `Random` that hooks may use. */
export interface RandomSource {
  uint32(): number;
  below(bound: number): number;
  real(): number;
  chance(p: number): boolean;
}

export interface OperatorSettings {
  /** Chance that two parents are crossed. */
  crossoverProbability: number;
  /** η of simulated binary crossover (real genes). */
  crossoverIndex: number;
  /** η of polynomial mutation (real genes). */
  mutationIndex: number;
}

/** How a search stands after a generation. The lists are built when they are first read. */
export interface GenerationReport {
  /** 1 for the initial population. */
  generation: number;
  evaluations: number;
  readonly population: Individual[];
  readonly front: Individual[];
  readonly archive: Individual[];
  /** Everything needed to go on; plain JSON. */
  save(): SearchState;
}

/** Why a search ended. */
export type StopReason = 'generations' | 'evaluations' | 'exhausted' | 'callback';

/** The outcome of a search. The lists are built when they are first read. */
export interface SearchResult {
  /** The non-dominated feasible points of everything evaluated. */
  readonly front: Individual[];
  /** The survivors of the last generation. */
  readonly population: Individual[];
  /** Every feasible point evaluated, in the order of evaluation. */
  readonly archive: Individual[];
  evaluations: number;
  generations: number;
  /** Genomes that `repair` gave up. */
  refused: number;
  stopped: StopReason;
}

/**
 * @throws {BitbudgetError} `usage` for the first option that makes no sense.
 */
export function checkOptions(options: SearchOptions): void {
  const whole = (name: string, value: number | undefined, least: number) => {
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      throw usage(`The option ${name} is ${value}.`, `Give a whole number of at least ${least}.`);
    }
  };
  whole('objectives', options.objectives, 1);
  whole('population', options.population, 2);
  whole('generations', options.generations, 1);
  whole('evaluations', options.evaluations, 1);
  whole('seed', options.seed, 0);
  if (options.generations === undefined && options.evaluations === undefined) {
    throw usage('The search has no end.', 'Give generations, evaluations or both.');
  }
}
