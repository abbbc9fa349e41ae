import { defaultDivisions, referenceDirections } from './directions.ts';
import { Evolution } from './evolution.ts';
import type { EvolutionOptions, OperatorSettings, SearchOptions, SearchResult } from './options.ts';
import { runEvolution } from './run.ts';
import { Nsga3Survival } from './survival/nsga3-survival.ts';
import { ReferenceLines } from './survival/reference-lines.ts';

interface Directions {
  /** Of the reference directions; by default as fine as the population can occupy. Several make several layers. */
  divisions?: number | number[];
}

export interface Nsga3Options extends SearchOptions, Directions {}

/** Those of the original paper (table II), but for its crossover index 30 and one mutation: docs/search-algorithms.md. */
const OPERATORS: OperatorSettings = {
  crossoverProbability: 1,
  crossoverIndex: 20,
  mutationIndex: 20,
  realMutations: 0.5,
};

/**
 * NSGA-III: evolution towards a front, spread along reference directions; for any number of objectives, all minimised,
 * in any units. No genome is evaluated twice, and no result depends on anything but the options.
 *
 * @throws {BitbudgetError} `usage` for senseless options, `input` for evaluations that are not finite, `mismatch` for a
 * state to resume that is of another search.
 * @see Deb and Jain, An evolutionary many-objective optimization algorithm using reference-point-based nondominated
 * sorting approach, parts I and II, IEEE TEC 18(4), 2014.
 * @example nsga3({ variables: [{ kind: 'choice', count: 4 }], objectives: 1, evaluate: (batch) => batch.map(([x]) => ({ objectives: [x] })), seed: 1, population: 4, generations: 2 }) instanceof Promise // => true
 */
export async function nsga3(options: Nsga3Options): Promise<SearchResult> {
  return runEvolution(options, createNsga3(options));
}

/**
 * {@link nsga3} without the loop: ask it for genomes and tell it their values until it has stopped. The same options give
 * the same search as the function.
 *
 * @throws {BitbudgetError} `usage` for senseless options, `mismatch` for a state to resume that is of another search.
 * @example createNsga3({ variables: [{ kind: 'choice', count: 9 }], objectives: 1, seed: 1, population: 4, generations: 2 }).ask().length // => 4
 */
export function createNsga3(options: EvolutionOptions & Directions): Evolution {
  const divisions = options.divisions ?? defaultDivisions(options.objectives, options.population);
  const directions = referenceDirections(options.objectives, divisions);
  const lines = new ReferenceLines(directions, typeof divisions === 'number' ? divisions : divisions[0]);
  return new Evolution(options, { name: 'nsga3', survival: new Nsga3Survival(lines), operators: OPERATORS });
}
