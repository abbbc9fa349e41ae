import type { Clock } from '../core/ports.ts';
import type { HistoryEntry } from './history.ts';
import type { Evaluation, Individual, Variable } from './problem.ts';
import type { SearchState } from './state.ts';

/** What a search is about and when it ends, without the evaluation: all that {@link createNsga3} wants to know. */
export interface EvolutionOptions {
  variables: Variable[];
  /** How many objectives an evaluation has. */
  objectives: number;
  /** The same seed and options give the same bytes. */
  seed: number;
  /** Members that live on from one generation to the next. */
  population: number;
  /** Stops after this many generations; the first is the initial population. */
  generations?: number;
  /** Stops after this many evaluations, to the evaluation. */
  evaluations?: number;
  /** Stops after the first generation that ends this many milliseconds after the start (or the resumption); needs a clock. */
  timeMaxMs?: number;
  clock?: Clock;
  /** Measures the hypervolume of all feasible points found after each generation. */
  hypervolume?: HypervolumeSettings;
  /** Stops where the hypervolume stands still. */
  stagnation?: StagnationSettings;
  /** Stops where all that is given here is reached. */
  target?: TargetSettings;
  /** Genomes to begin with; random ones fill up the population. */
  initial?: number[][];
  /**
   * Moves a genome to where it may be evaluated, or gives it up by returning undefined. Must draw all chance from the
   * source it is given.
   */
  repair?(genome: number[], random: RandomSource): number[] | undefined;
  /** Genomes with equal keys count as one; by default equal genes. */
  key?(genome: number[]): string;
  /** Goes on from a saved state, as if it had never stopped. */
  resume?: SearchState;
  operators?: Partial<OperatorSettings>;
}

/** What a search wants to know; see {@link nsga3}. */
export interface SearchOptions extends EvolutionOptions {
  /** Values a batch of genomes, none of which it has seen before; the results in the batch's order. */
  evaluate(batch: number[][]): Evaluation[] | Promise<Evaluation[]>;
  /** Called after each generation; returning false ends the search. */
  onGeneration?(report: GenerationReport): unknown;
}

/** Exact up to three objectives, estimated beyond. */
export interface HypervolumeSettings {
  /** Worse than all that counts, in the objectives' units. */
  reference: number[];
  /** Random points of the estimate (10,000). */
  samples?: number;
}

/** Stops where in so many generations the hypervolume grew by no more than a share of itself. */
export interface StagnationSettings {
  generations: number;
  /** The share, 0 by default. */
  tolerance?: number;
}

export interface TargetSettings {
  /** Reached where the hypervolume is as great. */
  hypervolume?: number;
  /** Reached where one feasible point is as low in every objective. */
  objectives?: number[];
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
  /** A real gene is mutated with this probability divided by the number of genes. */
  realMutations: number;
}

/** How a search stands after a generation. The lists are built when they are first read. */
export interface GenerationReport {
  /** 1 for the initial population. */
  generation: number;
  evaluations: number;
  readonly population: Individual[];
  readonly front: Individual[];
  readonly archive: Individual[];
  /** Of all feasible points found, where the option `hypervolume` asks for it. */
  hypervolume: number | undefined;
  /** Everything needed to go on; plain JSON. */
  save(): SearchState;
}

/** Why a search ended. */
export type StopReason = 'target' | 'evaluations' | 'generations' | 'exhausted' | 'stagnation' | 'time' | 'callback';

/** The outcome of a search. The lists are built when they are first read. */
export interface SearchResult {
  /** The non-dominated feasible points of everything evaluated. */
  readonly front: Individual[];
  /** The survivors of the last generation. */
  readonly population: Individual[];
  /** Every feasible point evaluated, in the order of evaluation. */
  readonly archive: Individual[];
  /** Every evaluation, the infeasible too, in order. */
  readonly history: HistoryEntry[];
  /** After each generation, where the option `hypervolume` asks for it; else empty. */
  hypervolumes: number[];
  evaluations: number;
  generations: number;
  /** Genomes that `repair` gave up. */
  refused: number;
  stopped: StopReason;
}
