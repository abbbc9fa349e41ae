import { type Algorithm, Evolution } from './evolution.ts';
import type { GenerationReport, SearchOptions, SearchResult, StopReason } from './options.ts';
import type { Individual } from './problem.ts';

/** Runs an algorithm from its first generation, or from a saved one, to its end. */
export async function runEvolution(options: SearchOptions, algorithm: Algorithm): Promise<SearchResult> {
  const evolution = new Evolution(options, algorithm);
  let stopped: StopReason | undefined = evolution.stopped;
  while (!stopped) {
    const batch = evolution.ask();
    evolution.tell(batch.length > 0 ? await options.evaluate(batch) : []);
    stopped = evolution.stopped;
    if (options.onGeneration && (await options.onGeneration(report(evolution))) === false) stopped ??= 'callback';
  }
  const { evaluations, generation: generations, refused } = evolution;
  // Not a spread, which would read the lists.
  return Object.assign(lists(evolution), { evaluations, generations, refused, stopped });
}

function report(evolution: Evolution): GenerationReport {
  const { generation, evaluations } = evolution;
  return Object.assign(lists(evolution), { generation, evaluations, save: () => evolution.save() });
}

/** Lists of individuals that cost nothing until they are read. */
function lists(evolution: Evolution): { front: Individual[]; population: Individual[]; archive: Individual[] } {
  let front: Individual[] | undefined;
  let population: Individual[] | undefined;
  let archive: Individual[] | undefined;
  return {
    get front() {
      return (front ??= evolution.front());
    },
    get population() {
      return (population ??= evolution.survivors());
    },
    get archive() {
      return (archive ??= evolution.archive());
    },
  };
}
