import type { EvolutionOptions, SearchResult } from '../search/index.ts';
import { proxyScore } from './rows.ts';
import type { StudyOptions } from './types.ts';

/** When a study's search ends, and what is measured of it on the way. */
export function endsOf<Point>({
  settings,
  accuracy,
  timeMaxMs,
  clock,
}: Pick<StudyOptions<Point>, 'settings' | 'accuracy' | 'timeMaxMs' | 'clock'>): Partial<EvolutionOptions> {
  const { objectives, evaluations, generations, stagnation, target } = settings;
  const accuracyOf = accuracy ? (loss: number) => accuracy.accuracyOf(loss) : proxyScore;
  const isMet = (objective: string, value: number) => {
    const wanted = target?.[objective];
    if (wanted === undefined) return true;
    return objective === 'accuracy' ? accuracyOf(value) >= wanted : value <= wanted;
  };
  return {
    ...(generations === undefined ? { evaluations } : { generations }),
    ...(timeMaxMs !== undefined && { timeMaxMs, clock }),
    hypervolume: {},
    ...(stagnation !== undefined && { stagnation: { generations: stagnation } }),
    ...(target && { target: { accepts: (values) => objectives.every((name, k) => isMet(name, values[k])) } }),
  };
}

/** The options that lead to the same bytes again: of a search that ran out of time, as many generations as it took. */
export function asItWent<Options extends Pick<StudyOptions, 'settings'>>(
  options: Options,
  { stopped, generations }: Partial<Pick<SearchResult, 'stopped' | 'generations'>>,
): Options {
  return stopped === 'time' ? { ...options, settings: { ...options.settings, generations } } : options;
}
