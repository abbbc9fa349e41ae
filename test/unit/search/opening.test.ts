import { describe, expect, it } from 'vitest';
import {
  type AllocationProblem,
  allocationFront,
  type GuidedProblem,
  guidedSearch,
  hypervolume,
  nsga2,
  parseAllocation,
} from '../../../src/search/index.ts';
import { randomProblem } from './allocation-cases.ts';

const SEEDS = [1, 2, 3];
const FRONT = ['loss', 'latency'];

/** A problem whose loss only `evaluate` tells: the tables that the search sees hold nothing in its place. */
function blackBox(problem: AllocationProblem, changes: Pick<GuidedProblem, 'limits' | 'objectives'>) {
  const model = parseAllocation(problem);
  const { loss_blocks, loss_pairs, ...rest } = problem;
  const nothing = problem.tables.loss.map((row) => row.map(() => 0));
  const seen: number[][] = [];
  const guided: GuidedProblem = {
    tables: parseAllocation({ ...rest, tables: { ...problem.tables, loss: nothing } }),
    ...changes,
    evaluate: (batch) => {
      seen.push(...batch);
      return batch.map((choice) => model.value(0, choice));
    },
  };
  return { guided, seen, model };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** NSGA-II as it would be used instead: losses and latencies of all that it evaluates within a limit. */
async function evolved(problem: AllocationProblem, evaluations: number, seed: number, latency?: number) {
  const model = parseAllocation(problem);
  const { archive } = await nsga2({
    variables: model.counts.map((count) => ({ kind: 'choice', count })),
    ...{ objectives: latency === undefined ? 2 : 1, seed, evaluations, population: 8 },
    evaluate: (batch) =>
      batch.map((choice) => {
        const values = [0, 1].map((metric) => model.value(metric, choice));
        return latency === undefined
          ? { objectives: values }
          : { objectives: [values[0]], violation: values[1] - latency };
      }),
  });
  return archive.filter(({ violation = 0 }) => violation <= 0).map(({ objectives }) => objectives);
}

describe.each(['blocks', 'pairs', undefined] as const)('a guided search of few evaluations: %s', (kind) => {
  const problem = randomProblem({ layers: 9, choices: 6, metrics: ['latency'], seed: 11, kind });
  const model = parseAllocation(problem);
  const most = model.counts.map((count) => count - 1);

  it('covers more of the front than evolution', async () => {
    const worst = [0, 1].map((k) =>
      problem.tables[FRONT[k]].reduce((sum, row) => sum + row.reduce((a, b) => Math.max(a, b)), 0),
    );
    for (const evaluations of [10, 16, 40, 60, 120]) {
      const volumes: [number[], number[]] = [[], []];
      for (const seed of SEEDS) {
        const { guided, seen } = blackBox(problem, { limits: {}, objectives: FRONT });
        const { archive } = await guidedSearch(guided, { evaluations, seed });
        expect(seen.length).toBeLessThanOrEqual(evaluations);
        const points = archive.map(({ loss, costs }) => [loss, ...costs]);
        volumes[0].push(hypervolume(points, worst));
        volumes[1].push(hypervolume(await evolved(problem, evaluations, seed), worst));
      }
      expect(medianOf(volumes[0])).toBeGreaterThan(medianOf(volumes[1]));
    }
  });

  it('finds less loss under a limit than evolution', async () => {
    const [low, high] = [most.map(() => 0), most].map((choice) => model.value(1, choice)).sort((a, b) => a - b);
    const latency = low + 0.4 * (high - low);
    for (const evaluations of [10, 16, 40, 60]) {
      const losses: [number[], number[]] = [[], []];
      for (const seed of SEEDS) {
        const { guided, seen } = blackBox(problem, { limits: { latency } });
        const { archive } = await guidedSearch(guided, { evaluations, seed });
        expect(seen.length).toBeLessThanOrEqual(evaluations);
        for (const { costs } of archive) expect(costs[0]).toBeLessThanOrEqual(latency);
        losses[0].push(Math.min(...archive.map(({ loss }) => loss)));
        losses[1].push(Math.min(...(await evolved(problem, evaluations, seed, latency)).map(([loss]) => loss)));
      }
      expect(medianOf(losses[0])).toBeLessThan(medianOf(losses[1]));
    }
  });
});

describe('the opening of a guided search', () => {
  it('tells an additive loss by a handful of evaluations, and finds its whole front right after one probe a choice', async () => {
    const problem = randomProblem({ layers: 9, choices: 6, metrics: ['latency'], seed: 12 });
    const front = allocationFront(parseAllocation(problem), FRONT);
    const { guided } = blackBox(problem, { limits: {}, objectives: FRONT });
    const { archive } = await guidedSearch(guided, { evaluations: 9 * 5 + 1 + front.length + 7, seed: 1 });
    const found = new Set(archive.map(({ loss, costs }) => [loss, ...costs].join()));
    expect(front.filter(({ values }) => !found.has([...values].join()))).toEqual([]);
  });

  it('takes any number of evaluations, is the same again for the same seed, and stops where it is told to', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 5, kind: 'pairs' });
    const request = () => blackBox(problem, { limits: { latency: 2000 }, objectives: FRONT }).guided;
    for (const evaluations of [1, 2, 7, 30]) {
      const once = await guidedSearch(request(), { evaluations, seed: 3 });
      expect(once.evaluations).toBe(evaluations);
      expect(await guidedSearch(request(), { evaluations, seed: 3 })).toEqual(once);
    }
    const onBatch = ({ evaluations }: { evaluations: number }) => evaluations < 25;
    expect((await guidedSearch(request(), { evaluations: 300, seed: 1, onBatch })).evaluations).toBeLessThan(45);
  });

  it('evaluates no two choices that are the same', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 5, kind: 'pairs' });
    const { guided, seen } = blackBox(problem, { limits: {}, objectives: FRONT });
    const alike = (choice: readonly number[]) => choice.with(0, choice[0] >> 1).join();
    const { evaluations } = await guidedSearch({ ...guided, alike }, { evaluations: 40, seed: 1 });
    expect(evaluations).toBe(40);
    expect(new Set(seen.map(alike)).size).toBe(40);
    expect(seen).toHaveLength(40);
  });
});
