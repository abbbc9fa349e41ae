import type { EvolutionOptions, StagnationSettings, StopReason } from './options.ts';

/** A search that finds fewer new genomes than its population in this many generations has seen all it can reach. */
const PATIENCE_GENERATIONS = 10;

/** How a search stands between two generations. */
export interface Standing {
  generation: number;
  evaluations: number;
  /** How many new genomes each of the last generations found, the newest last. */
  found: readonly number[];
  /** After each generation, where it is measured. */
  hypervolumes: readonly number[];
  /** Objectives of the non-dominated feasible points found so far. */
  front(): readonly (readonly number[])[];
  elapsedMs(): number;
}

/** Why a search is over after a generation, or undefined where it goes on. */
export function stopReason(options: EvolutionOptions, standing: Standing): StopReason | undefined {
  const { generation, evaluations, hypervolumes } = standing;
  if (generation > 0 && options.target && isReached(options.target, standing)) return 'target';
  if (options.evaluations !== undefined && evaluations >= options.evaluations) return 'evaluations';
  if (options.generations !== undefined && generation >= options.generations) return 'generations';
  if (isExhausted(standing.found, options.population)) return 'exhausted';
  if (options.stagnation && standsStill(options.stagnation, hypervolumes)) return 'stagnation';
  return options.timeMaxMs !== undefined && standing.elapsedMs() >= options.timeMaxMs ? 'time' : undefined;
}

function isReached(target: NonNullable<EvolutionOptions['target']>, standing: Standing): boolean {
  const { hypervolume, objectives } = target;
  if (hypervolume !== undefined && !((standing.hypervolumes.at(-1) ?? 0) >= hypervolume)) return false;
  return !objectives || standing.front().some((point) => point.every((value, j) => value <= objectives[j]));
}

function isExhausted(found: readonly number[], population: number): boolean {
  if (found.at(-1) === 0) return true;
  const total = found.reduce((sum, count) => sum + count, 0);
  return found.length >= PATIENCE_GENERATIONS && total < population;
}

/** A hypervolume of 0 is that of a search that has found nothing that counts yet: it goes on. */
function standsStill({ generations, tolerance = 0 }: StagnationSettings, hypervolumes: readonly number[]): boolean {
  if (hypervolumes.length <= generations) return false;
  const now = hypervolumes[hypervolumes.length - 1];
  const before = hypervolumes[hypervolumes.length - 1 - generations];
  return before > 0 && now - before <= tolerance * before;
}
