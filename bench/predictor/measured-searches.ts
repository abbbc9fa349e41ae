import { Random } from '../../src/core/random.ts';
import { createDesignWork } from '../../src/cost/design-costs.ts';
import type { Workbench } from '../../src/node/workbench.ts';
import {
  guidedSearch,
  nsga2,
  paretoIndices,
  parseAllocation,
  scaledHypervolume,
  surrogateSearch,
} from '../../src/search/index.ts';
import { choiceCounts, type SearchSpace } from '../../src/space/index.ts';
import { median } from '../harness.ts';
import type { TruthStore } from './truths.ts';

const OBJECTIVES = ['loss', 'megaBitOps'];

/** What is compared, where the truth is measured. */
export interface MeasuredSearches {
  what: string;
  workbench: Workbench;
  space: SearchSpace;
  /** Losses on the images that the searches look at, and on others that judge their fronts. */
  seen: TruthStore;
  unseen: TruthStore;
  /** By gene and choice: what a proxy says. */
  prior: number[][];
  evaluations: readonly number[];
  seeds: number;
  say(line: string): void;
}

/** Hypervolumes of loss and bit operations at equal true evaluations; every candidate is run once for all searches. */
export async function compareMeasured(options: MeasuredSearches): Promise<void> {
  const { what, space, seen, unseen, prior, seeds, say } = options;
  const cost = bitOpsByGene(options);
  const counts = choiceCounts(space);
  const tables = parseAllocation({
    tables: { loss: counts.map((n) => new Array<number>(n).fill(0)), megaBitOps: cost },
  });
  const costOf = (choice: readonly number[]) => choice.reduce((sum, value, gene) => sum + cost[gene][value], 0);
  const ends = [Math.min, Math.max].map((end) => cost.reduce((sum, row) => sum + end(...row), 0));
  const bounds = [[0, 1] as const, [ends[0], ends[1]] as const];
  const volumeOf = (points: number[][]) => scaledHypervolume(points, bounds, new Random(1));
  const evaluate = (batch: number[][]) => seen.of(batch);
  const request = { tables, limits: {}, objectives: OBJECTIVES, evaluate };
  const searches: Record<string, (evaluations: number, seed: number) => Promise<(readonly number[])[]>> = {
    async 'NSGA-II'(evaluations, seed) {
      const { archive } = await nsga2({
        variables: counts.map((count) => ({ kind: 'choice', count })),
        ...{ objectives: 2, seed, evaluations, population: Math.max(8, Math.round(evaluations / 10)) },
        async evaluate(batch) {
          const losses = await evaluate(batch.map((choice) => [...choice]));
          return batch.map((choice, i) => ({ objectives: [losses[i], costOf(choice)] }));
        },
      });
      return archive.map(({ variables }) => variables);
    },
    guided: async (evaluations, seed) =>
      (await guidedSearch(request, { evaluations, seed })).archive.map(({ choice }) => choice),
    surrogate: async (evaluations, seed) =>
      (await surrogateSearch(request, { evaluations, seed })).archive.map(({ choice }) => choice),
    'surrogate with prior': async (evaluations, seed) =>
      (await surrogateSearch({ ...request, prior }, { evaluations, seed })).archive.map(({ choice }) => choice),
  };
  for (const evaluations of options.evaluations) {
    for (const [name, search] of Object.entries(searches)) {
      const volumes: [number[], number[]] = [[], []];
      for (let seed = 1; seed <= seeds; seed++) {
        const found = await search(evaluations, seed);
        const losses = await seen.of(found);
        const points = found.map((choice, i) => [losses[i], costOf(choice)]);
        volumes[0].push(volumeOf(points));
        const front = paretoIndices(points);
        const truths = await unseen.of(front.map((i) => found[i]));
        volumes[1].push(volumeOf(front.map((i, k) => [truths[k], points[i][1]])));
      }
      const cells = volumes.map(
        (own) => `${median(own).toFixed(3)} (${Math.min(...own).toFixed(3)}–${Math.max(...own).toFixed(3)})`,
      );
      say(`| ${what} | ${evaluations} | ${name} | ${cells.join(' | ')} |`);
    }
  }
}

/** Millions of bit operations, to which each gene adds apart from the others. */
function bitOpsByGene({ workbench, space }: MeasuredSearches): number[][] {
  const workOf = createDesignWork(workbench.opened.network);
  const base = choiceCounts(space).map(() => 0);
  const whole = workOf(space.decode(base)).bitOps;
  return choiceCounts(space).map((count, gene) =>
    Array.from(
      { length: count },
      (_, choice) =>
        (workOf(space.decode(base.with(gene, choice))).bitOps - (whole * (base.length - 1)) / base.length) / 1e6,
    ),
  );
}
