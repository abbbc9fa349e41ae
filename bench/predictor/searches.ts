import { Random } from '../../src/core/random.ts';
import {
  AllocationModel,
  guidedSearch,
  nsga2,
  parseAllocation,
  scaledHypervolume,
  surrogateSearch,
} from '../../src/search/index.ts';
import { median } from '../harness.ts';
import { openProblems } from '../search/problems.ts';

const OBJECTIVES = ['loss', 'latency'];
const EVALUATIONS = [100, 200, 300, 600];

/** Hypervolumes of the searches at equal true evaluations, on problems whose loss saturates. */
export async function compareSearches({ seeds, say }: { seeds: number; say(line: string): void }): Promise<void> {
  const { cases, origin } = openProblems();
  say(
    `\nFronts of loss and latency without any prior, ${origin}: hypervolume, median of ${seeds} seeds (least to greatest).\n`,
  );
  say('| problem | evaluations | NSGA-II | guided | surrogate |');
  say('|---|---|---|---|---|');
  const saturating = cases.filter(({ name }) => /^sat_resnet|^saturating-18/.test(name));
  for (const { name, read } of saturating) {
    const problem = read();
    const model = parseAllocation(problem);
    const latency = model.metrics.indexOf('latency');
    const bounds = OBJECTIVES.map((key) => problem.bounds[key]);
    const evaluate = (batch: number[][]) => batch.map((choice) => model.value(0, choice));
    const volumeOf = (choices: readonly (readonly number[])[]) =>
      scaledHypervolume(
        choices.map((choice) => [model.value(0, choice), model.value(latency, choice)]),
        bounds,
        new Random(1),
      );
    for (const evaluations of EVALUATIONS) {
      const reached: number[][] = [[], [], []];
      for (let seed = 1; seed <= seeds; seed++) {
        const request = { tables: new AllocationModel(model.parts), limits: {}, objectives: OBJECTIVES, evaluate };
        reached[0].push(volumeOf(await evolved(model, latency, evaluations, seed)));
        const guided = await guidedSearch(request, { evaluations, seed });
        reached[1].push(volumeOf(guided.archive.map(({ choice }) => choice)));
        const surrogate = await surrogateSearch(request, { evaluations, seed });
        reached[2].push(volumeOf(surrogate.archive.map(({ choice }) => choice)));
      }
      const cells = reached.map(
        (own) => `${median(own).toFixed(4)} (${Math.min(...own).toFixed(4)}–${Math.max(...own).toFixed(4)})`,
      );
      say(`| ${name} | ${evaluations} | ${cells.join(' | ')} |`);
    }
  }
}

async function evolved(
  model: AllocationModel,
  latency: number,
  evaluations: number,
  seed: number,
): Promise<number[][]> {
  const { archive } = await nsga2({
    variables: model.counts.map((count) => ({ kind: 'choice', count })),
    ...{ objectives: 2, seed, evaluations, population: Math.max(8, Math.min(92, Math.round(evaluations / 10))) },
    evaluate: (batch) =>
      batch.map((choice) => ({ objectives: [model.value(0, choice), model.value(latency, choice)] })),
  });
  return archive.map(({ variables }) => variables);
}
