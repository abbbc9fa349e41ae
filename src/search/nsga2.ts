import { Evolution } from './evolution.ts';
import type { EvolutionOptions, OperatorSettings, SearchOptions, SearchResult } from './options.ts';
import { runEvolution } from './run.ts';
import { Nsga2Survival } from './survival/nsga2-survival.ts';

/** The settings usual since the original paper. */
const OPERATORS: OperatorSettings = {
  crossoverProbability: 0.9,
  crossoverIndex: 15,
  mutationIndex: 20,
  realMutations: 1,
};

/**
 * NSGA-II: evolution towards a front, spread by crowding distance; for two objectives, or three.
 *
 * @throws {BitbudgetError} `usage` for senseless options, `input` for evaluations that are not finite, `mismatch` for a
 * state to resume that is of another search.
 * @see Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE TEC 6(2), 2002.
 * @example nsga2({ variables: [{ kind: 'choice', count: 4 }], objectives: 1, evaluate: (batch) => batch.map(([x]) => ({ objectives: [x] })), seed: 1, population: 4, generations: 2 }) instanceof Promise // => true
 */
export async function nsga2(options: SearchOptions): Promise<SearchResult> {
  return runEvolution(options, createNsga2(options));
}

/**
 * {@link nsga2} without the loop; see {@link createNsga3}.
 *
 * @throws {BitbudgetError} `usage` for senseless options, `mismatch` for a state to resume that is of another search.
 * @example createNsga2({ variables: [{ kind: 'choice', count: 9 }], objectives: 1, seed: 1, population: 4, generations: 2 }).ask().length // => 4
 */
export function createNsga2(options: EvolutionOptions): Evolution {
  return new Evolution(options, { name: 'nsga2', survival: new Nsga2Survival(), operators: OPERATORS });
}
