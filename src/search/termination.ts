import type { SearchOptions, StopReason } from './options.ts';

/** A search that finds fewer new genomes than its population in this many generations has seen all it can reach. */
const PATIENCE_GENERATIONS = 10;

/**
 * Why a search is over after a generation, or undefined where it goes on.
 *
 * @param found how many new genomes each of the last generations found, the newest last.
 */
export function stopReason(
  options: Pick<SearchOptions, 'generations' | 'evaluations' | 'population'>,
  generation: number,
  evaluations: number,
  found: readonly number[],
): StopReason | undefined {
  if (options.evaluations !== undefined && evaluations >= options.evaluations) return 'evaluations';
  if (options.generations !== undefined && generation >= options.generations) return 'generations';
  if (found.at(-1) === 0) return 'exhausted';
  const total = found.reduce((sum, count) => sum + count, 0);
  return found.length >= PATIENCE_GENERATIONS && total < options.population ? 'exhausted' : undefined;
}
