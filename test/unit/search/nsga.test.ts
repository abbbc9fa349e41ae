import { describe, expect, it } from 'vitest';
import { c2Dtlz2 } from '../../../bench/search/problems/constrained-dtlz.ts';
import { dtlz1, dtlz2 } from '../../../bench/search/problems/dtlz.ts';
import type { ScalableProblem } from '../../../bench/search/problems/problem.ts';
import { zdt1 } from '../../../bench/search/problems/zdt.ts';
import {
  hypervolume,
  igd,
  type Nsga3Options,
  nsga2,
  nsga3,
  referenceDirections,
  type SearchState,
} from '../../../src/search/index.ts';

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function igdOver(seeds: number[], problem: ScalableProblem, generations: number): Promise<number> {
  const front = problem.front(referenceDirections(3, 12));
  const values: number[] = [];
  for (const seed of seeds) {
    const { population } = await nsga3({ ...problem, seed, population: 92, generations });
    expect(population).toHaveLength(92);
    values.push(
      igd(
        population.map(({ objectives }) => objectives),
        front,
      ),
    );
  }
  return median(values);
}

/** A small discrete problem: ones against zeros, with a valley between them. */
function bits(count: number): Pick<Nsga3Options, 'variables' | 'objectives' | 'evaluate'> {
  return {
    variables: Array.from({ length: count }, () => ({ kind: 'choice', count: 3 })),
    objectives: 2,
    evaluate: (batch) =>
      batch.map((genome) => ({
        objectives: [genome.filter((v) => v !== 1).length, genome.reduce((sum, v, i) => sum + (v === 2 ? i : v), 0)],
      })),
  };
}

describe('nsga3', () => {
  // 1.39e-3, 2.41e-3 and 1.34e-3 are the medians of pymoo 0.6.2 over 11 seeds.
  it('finds the front of DTLZ2 more closely than the best peer', async () => {
    expect(await igdOver([1, 2, 3], dtlz2(3), 250)).toBeLessThan(1.39e-3);
  });

  it('finds the front of DTLZ1 through its local fronts', async () => {
    expect(await igdOver([1, 2, 3], dtlz1(3), 400)).toBeLessThan(2.41e-3);
  });

  it('keeps to the feasible islands of C2-DTLZ2', async () => {
    expect(await igdOver([1, 2, 3], c2Dtlz2(3), 250)).toBeLessThan(1.34e-3);
  });

  it('is the same search whatever the units of the objectives, constrained or not', async () => {
    for (const problem of [dtlz2(3), c2Dtlz2(3)]) {
      const options = { ...problem, seed: 4, population: 92, generations: 60 };
      const plain = await nsga3(options);
      const scaled = await nsga3({
        ...options,
        evaluate: (batch) =>
          problem.evaluate(batch).map(({ objectives: [a, b, c], violation }) => ({
            objectives: [1e6 * a, b - 3, 1e-6 * c],
            violation,
          })),
      });
      expect(scaled.population.map((i) => i.variables)).toEqual(plain.population.map((i) => i.variables));
    }
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const run = async (seed: number) =>
      JSON.stringify((await nsga3({ ...bits(12), seed, population: 20, evaluations: 500 })).archive);
    expect(await run(7)).toBe(await run(7));
    expect(await run(7)).not.toBe(await run(8));
  });

  it('minimises a single objective', async () => {
    const { front } = await nsga3({
      variables: Array.from({ length: 10 }, () => ({ kind: 'choice', count: 4 })),
      objectives: 1,
      evaluate: (batch) => batch.map((genome) => ({ objectives: [genome.reduce((sum, v) => sum + v, 0)] })),
      seed: 1,
      population: 20,
      evaluations: 600,
    });
    expect(front.map(({ objectives }) => objectives)).toEqual([[0]]);
  });

  it('reaches the optimum of integer and mixed genes', async () => {
    const { front } = await nsga3({
      variables: [
        { kind: 'integer', low: -1000, high: 1000 },
        { kind: 'choice', count: 5 },
        { kind: 'real', low: -1, high: 1 },
      ],
      objectives: 1,
      evaluate: (batch) =>
        batch.map(([i, c, r]) => ({ objectives: [Math.abs(i - 321) / 1000 + (c === 3 ? 0 : 1) + r * r] })),
      seed: 1,
      population: 40,
      evaluations: 4000,
    });
    expect(front[0].variables.slice(0, 2)).toEqual([321, 3]);
    expect(Math.abs(front[0].variables[2])).toBeLessThan(1e-2);
  });
});

describe.each([
  ['nsga3', nsga3],
  ['nsga2', nsga2],
])('%s', (_name, search) => {
  it('never evaluates a genome twice, and stops at the evaluation', async () => {
    const seen: string[] = [];
    const problem = bits(8);
    const result = await search({
      ...problem,
      evaluate: (batch) => {
        seen.push(...batch.map(String));
        return problem.evaluate(batch);
      },
      seed: 3,
      population: 30,
      evaluations: 777,
    });
    expect(seen).toHaveLength(777);
    expect(new Set(seen).size).toBe(777);
    expect(result.evaluations).toBe(777);
    expect(result.archive.map(({ variables }) => String(variables))).toEqual(seen);
    expect(result.stopped).toBe('evaluations');
  });

  it('ends when the space is exhausted', async () => {
    const result = await search({ ...bits(4), seed: 1, population: 30, evaluations: 10_000 });
    expect(result.evaluations).toBe(81);
    expect(result.stopped).toBe('exhausted');
  });

  it('resumes from any generation as if it had never stopped', async () => {
    const options = { ...c2Dtlz2(3), seed: 2, population: 40, generations: 12 };
    const states: string[] = [];
    const whole = await search({
      ...options,
      onGeneration: (report) => void states.push(JSON.stringify(report.save())),
    });
    for (const generation of [1, 7, 12]) {
      const resume = JSON.parse(states[generation - 1]) as SearchState;
      const resumed = await search({ ...options, resume });
      expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
    }
  });

  it('prefers less violation while nothing is feasible', async () => {
    const result = await search({
      variables: Array.from({ length: 20 }, () => ({ kind: 'choice', count: 2 })),
      objectives: 2,
      evaluate: (batch) =>
        batch.map((genome) => {
          const ones = genome.reduce((sum, v) => sum + v, 0);
          return { objectives: [-ones, ones], violation: 19 - ones };
        }),
      seed: 1,
      population: 20,
      evaluations: 800,
    });
    expect(result.archive.length).toBeGreaterThan(0);
    expect(result.archive.every(({ violation }) => violation <= 0)).toBe(true);
  });

  it('evaluates the initial genomes first, repaired and without duplicates', async () => {
    const batches: number[][][] = [];
    const problem = bits(5);
    await search({
      ...problem,
      evaluate: (batch) => {
        batches.push(batch);
        return problem.evaluate(batch);
      },
      seed: 1,
      population: 6,
      generations: 3,
      initial: [[0, 0, 0, 0, 0], [0, 0, 0, 0, 2], [2, 2, 2, 2, 2]], // biome-ignore format: a list of genomes
      repair: (genome) => genome.map((v, i) => (i === 4 ? 0 : v)),
    });
    expect(batches[0].slice(0, 2)).toEqual([[0, 0, 0, 0, 0], [2, 2, 2, 2, 0]]); // biome-ignore format: a list of genomes
    expect(batches[0]).toHaveLength(6);
    expect(batches.flat().every((genome) => genome[4] === 0)).toBe(true);
  });

  it('counts the genomes that the repair gives up, and ends where it gives up all', async () => {
    const result = await search({ ...bits(6), seed: 1, population: 10, generations: 5, repair: () => undefined });
    expect(result).toMatchObject({ evaluations: 0, refused: 30, stopped: 'exhausted', front: [] });
  });

  it('takes genomes with equal keys for one', async () => {
    const key = (genome: number[]) => String(genome.slice(0, 2));
    const result = await search({ ...bits(6), seed: 1, population: 10, generations: 50, key });
    expect(result.evaluations).toBe(9);
    expect(new Set(result.archive.map(({ variables }) => key(variables))).size).toBe(9);
  });

  it('stops where the callback returns false', async () => {
    const result = await search({
      ...bits(9),
      seed: 1,
      population: 10,
      generations: 50,
      onGeneration: ({ generation }) => generation < 3,
    });
    expect(result).toMatchObject({ generations: 3, evaluations: 30, stopped: 'callback' });
  });

  it('refuses what makes no sense, naming it', async () => {
    const options = { ...bits(3), seed: 1, population: 10, generations: 2 };
    await expect(search({ ...options, generations: undefined })).rejects.toThrow('no end');
    await expect(search({ ...options, population: 1 })).rejects.toThrow('population is 1');
    await expect(search({ ...options, variables: [] })).rejects.toThrow('at least one variable');
    await expect(search({ ...options, variables: [{ kind: 'choice', count: 0 }] })).rejects.toThrow('0 choices');
    await expect(search({ ...options, initial: [[0, 0, 3]] })).rejects.toThrow('Gene 2');
    await expect(search({ ...options, evaluate: () => [] })).rejects.toThrow('0 results');
    const nan = (batch: number[][]) => batch.map(() => ({ objectives: [Number.NaN, 0] }));
    await expect(search({ ...options, evaluate: nan })).rejects.toThrow('NaN');
  });

  it('refuses the state of another search', async () => {
    const options = { ...bits(6), seed: 1, population: 10, generations: 2 };
    let state: SearchState | undefined;
    await search({ ...options, onGeneration: (report) => void (state = report.save()) });
    await expect(search({ ...options, ...bits(7), resume: state })).rejects.toThrow('saved state');
  });
});

/** Choices, and the share of the whole that they add up to: the shapes below are made of it. */
const choices = Array.from({ length: 8 }, () => ({ kind: 'choice' as const, count: 3 }));
const share = (genome: number[]) => genome.reduce((total, v) => total + v, 0) / 16;

describe.each([
  ['nsga3', nsga3],
  ['nsga2', nsga2],
])('%s on degenerate problems', (_name, search) => {
  // With 28 directions one meets the far end of the line below.
  const options = { variables: choices, objectives: 3, seed: 1, population: 28, generations: 70 };

  it('keeps both ends of a front that is only a line', async () => {
    const evaluate = (batch: number[][]) =>
      batch.map((genome) => ({ objectives: [share(genome), share(genome), 1 - share(genome)] }));
    const { population, history } = await search({ ...options, evaluate });
    const [living, all] = [population, history].map((list) => list.map(({ objectives }) => objectives[0]));
    expect(Math.min(...living)).toBe(Math.min(...all));
    expect(Math.max(...living)).toBe(Math.max(...all));
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(0.8);
  });

  it('minds no objective that is the same everywhere', async () => {
    const evaluate = (batch: number[][]) =>
      batch.map((genome) => ({ objectives: [share(genome), 7, 1 - share(genome)] }));
    const { front } = await search({ ...options, evaluate });
    expect(new Set(front.map(({ objectives }) => objectives[0])).size).toBe(17);
  });

  it('goes on where all genomes are worth the same, and where the front is a single point', async () => {
    const same = await search({ ...options, evaluate: (batch) => batch.map(() => ({ objectives: [1, 2, 3] })) });
    expect(same).toMatchObject({ evaluations: 1960, stopped: 'generations' });
    expect(same.population).toHaveLength(28);
    const allDown = (batch: number[][]) => batch.map((g) => ({ objectives: [share(g), 2 * share(g), share(g) ** 2] }));
    const single = await search({ ...options, evaluate: allDown });
    expect(single.front.map(({ objectives }) => objectives)).toEqual([[0, 0, 0]]);
  });

  it('keeps the one feasible genome, beside those that violate least', async () => {
    const violation = (genome: number[]) => genome.reduce((total, v, i) => total + Math.abs(v - (i % 3)), 0);
    const feasible = choices.map((_, i) => i % 3);
    const result = await search({
      ...options,
      generations: 10,
      initial: [feasible],
      evaluate: (batch) =>
        // The feasible genome is the worst in every objective.
        batch.map((g) => ({ objectives: violation(g) === 0 ? [9, 9, 9] : [1, 1, 1], violation: violation(g) })),
    });
    expect(result.front.map(({ variables }) => variables)).toEqual([feasible]);
    expect(result.population.map(({ variables }) => variables)).toContainEqual(feasible);
    const violations = result.history.map((one) => one.violation).sort((a, b) => a - b);
    expect(result.population.map((one) => one.violation).sort((a, b) => a - b)).toEqual(violations.slice(0, 28));
  });
});

describe('nsga2', () => {
  it('reaches the hypervolume of ZDT1 that the best peer reaches', async () => {
    const { population } = await nsga2({ ...zdt1(), seed: 1, population: 100, generations: 250 });
    const volume = hypervolume(
      population.map(({ objectives }) => objectives),
      [1.1, 1.1],
    );
    expect(volume).toBeGreaterThan(0.8695);
  });
});
