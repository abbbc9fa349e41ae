import type { Evolution } from './evolution.ts';
import type { GenerationReport, SearchOptions, SearchResult, StopReason } from './options.ts';

/** Runs an algorithm from its first generation, or from a saved one, to its end. */
export async function runEvolution(options: SearchOptions, evolution: Evolution): Promise<SearchResult> {
  let stopped: StopReason | undefined = evolution.stopped;
  while (!stopped) {
    const batch = evolution.ask();
    evolution.tell(batch.length > 0 ? await options.evaluate(batch) : []);
    stopped = evolution.stopped;
    if (options.onGeneration && (await options.onGeneration(report(evolution))) === false) stopped ??= 'callback';
  }
  const lists = listsOf(evolution);
  return {
    get front() {
      return lists.front();
    },
    get population() {
      return lists.population();
    },
    get archive() {
      return lists.archive();
    },
    get history() {
      return lists.history();
    },
    hypervolumes: evolution.hypervolumes,
    evaluations: evolution.evaluations,
    generations: evolution.generation,
    refused: evolution.refused,
    stopped,
  };
}

function report(evolution: Evolution): GenerationReport {
  const lists = listsOf(evolution);
  return {
    generation: evolution.generation,
    evaluations: evolution.evaluations,
    get front() {
      return lists.front();
    },
    get population() {
      return lists.population();
    },
    get archive() {
      return lists.archive();
    },
    hypervolume: evolution.hypervolumes.at(-1),
    save: () => evolution.save(),
  };
}

/** Lists of individuals that cost nothing until they are read. */
function listsOf(evolution: Evolution) {
  return {
    front: once(() => evolution.front()),
    population: once(() => evolution.survivors()),
    archive: once(() => evolution.archive()),
    history: once(() => evolution.evaluated()),
  };
}

function once<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= make());
}
