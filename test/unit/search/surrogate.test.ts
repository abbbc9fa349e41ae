import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { nsga2, parseAllocation, scaledHypervolume, surrogateSearch } from '../../../src/search/index.ts';
import { cholesky, solveLower, solveUpper } from '../../../src/search/surrogate/cholesky.ts';
import { GaussianProcess } from '../../../src/search/surrogate/gaussian-process.ts';
import { DEFAULT_KERNEL, GenomeKernel, type GenomeSpace } from '../../../src/search/surrogate/genome-kernel.ts';
import { largestGains, leastKnown } from '../../../src/search/surrogate/infill.ts';

const GENES = 10;
const LOSS = [9, 3, 0];
const LATENCY = [1, 2, 4];

/** Genes matter differently, the whole saturates, and neighbours spoil each other. */
const problem = {
  tables: {
    loss: Array.from({ length: GENES }, () => LOSS),
    latency: Array.from({ length: GENES }, (_, gene) => LATENCY.map((value) => value * (1 + (gene % 3)))),
  },
};
function lossOf(choice: readonly number[]): number {
  const sum = choice.reduce((total, value, gene) => total + LOSS[value] * (1 + ((gene * 7) % 5)), 0);
  const pairs = choice.filter((value, gene) => gene > 0 && value !== choice[gene - 1]).length;
  return (100 * sum) / (60 + sum) + pairs;
}
const evaluate = (batch: readonly number[][]) => batch.map(lossOf);
const latencyOf = (choice: readonly number[]) =>
  choice.reduce((sum, value, gene) => sum + problem.tables.latency[gene][value], 0);
const prior = Array.from({ length: GENES }, () => LOSS);
const bounds: [number, number][] = [
  [0, 100],
  [latencyOf(new Array(GENES).fill(0)), latencyOf(new Array(GENES).fill(2))],
];
const volumeOf = (choices: readonly (readonly number[])[]) =>
  scaledHypervolume(
    choices.map((choice) => [lossOf(choice), latencyOf(choice)]),
    bounds,
    new Random(1),
  );
const objectives = ['loss', 'latency'];

describe('a Gaussian process over genomes', () => {
  it('factors and solves', () => {
    const matrix = [
      [4, 2, 1],
      [2, 5, 3],
      [1, 3, 6],
    ];
    const lower = cholesky(3, (i, j) => matrix[i][j])!;
    const x = solveUpper(lower, solveLower(lower, [1, 2, 3]));
    matrix.forEach((row, i) => {
      expect(row.reduce((sum, value, k) => sum + value * x[k], 0)).toBeCloseTo(i + 1, 12);
    });
    expect(cholesky(2, () => 1)).toBeUndefined();
  });

  it('learns from what looks at the genomes showed, which genes alone do not tell', () => {
    const random = new Random(4);
    const shown = new Map<string, number>();
    const genomes = Array.from({ length: 90 }, () => Array.from({ length: 6 }, () => random.below(3)));
    for (const genome of genomes) shown.set(genome.join(), random.real());
    const lossAt = (genome: ArrayLike<number>) => shown.get(Array.from(genome).join())! ** 2 + 0.1 * genome[0];
    const errorOf = (space: GenomeSpace, settings = DEFAULT_KERNEL) => {
      const [learned, fresh] = [genomes.slice(0, 60), genomes.slice(60)];
      const process = new GaussianProcess(space, settings).tune(learned, learned.map(lossAt));
      process.fit(learned, learned.map(lossAt));
      return fresh.reduce((sum, genome) => sum + Math.abs(process.predictValue(genome) - lossAt(genome)), 0) / 30;
    };
    const counts = genomes[0].map(() => 3);
    const seen = (genome: ArrayLike<number>) => shown.get(Array.from(genome).join())!;
    const looking = { ...DEFAULT_KERNEL, seen: 4, seenReach: 0.5 };
    expect(errorOf({ counts, seen }, looking)).toBeLessThan(0.2 * errorOf({ counts }));
    expect(errorOf({ counts, seen })).toBe(errorOf({ counts })); // not unless it is to count
    const kernel = new GenomeKernel({ counts, seen }, looking);
    expect(kernel.value(genomes[0], genomes[0])).toBeCloseTo(kernel.variance, 12);
  });

  it('predicts two points as the closed form says', () => {
    const space = { counts: [3, 3] };
    const kernel = new GenomeKernel(space, DEFAULT_KERNEL);
    const process = new GaussianProcess(space).fit(
      [
        [0, 0],
        [2, 2],
      ],
      [1, 3],
    );
    const own = kernel.variance + DEFAULT_KERNEL.noise;
    const other = kernel.value([0, 0], [2, 2]);
    const [near, far] = [kernel.value([0, 1], [0, 0]), kernel.value([0, 1], [2, 2])];
    const weight = 1 / (own - other); // of losses −1 and 1, standardised
    const { value, deviation } = process.predict([0, 1]);
    expect(value).toBeCloseTo(2 + weight * (far - near), 12);
    const explained = (own * (near * near + far * far) - 2 * other * near * far) / (own * own - other * other);
    expect(deviation).toBeCloseTo(Math.sqrt(own - explained), 12);
    expect(process.predictValue([0, 1])).toBe(value);
  });

  it('knows less of what is unlike all it has seen, and more with a prior', () => {
    const random = new Random(1);
    const draw = () => Array.from({ length: GENES }, () => random.below(3));
    const [seen, fresh] = [Array.from({ length: 60 }, draw), Array.from({ length: 60 }, draw)];
    const counts = new Array<number>(GENES).fill(3);
    const errorWith = (space: ConstructorParameters<typeof GaussianProcess>[0]) => {
      const process = new GaussianProcess(space).tune(seen, evaluate(seen)).fit(seen, evaluate(seen));
      expect(process.predict(seen[0]).deviation).toBeLessThan(process.predict(new Array(GENES).fill(2)).deviation);
      return fresh.reduce((sum, genome) => sum + Math.abs(process.predictValue(genome) - lossOf(genome)), 0) / 60;
    };
    const [blind, told] = [errorWith({ counts }), errorWith({ counts, prior })];
    expect(told).toBeLessThan(blind);
    const mean = evaluate(seen).reduce((sum, loss) => sum + loss, 0) / 60;
    expect(blind).toBeLessThan(fresh.reduce((sum, genome) => sum + Math.abs(mean - lossOf(genome)), 0) / 60);
  });
});

describe('infill', () => {
  const candidate = (expected: number[], deviation: number) => ({
    ...{ genome: Int32Array.of(expected[0]), expected, deviation },
    hoped: [expected[0] - deviation, expected[1]],
  });

  it('takes what adds most volume, given what it took before', () => {
    const front = [
      [0, 10],
      [10, 0],
    ];
    const [middle, twin, corner, beaten] = [
      [4, 4],
      [4, 5],
      [1, 8],
      [11, 1],
    ].map((point) => candidate(point, 0));
    const chosen = largestGains([beaten, twin, corner, middle], front, 3, 'expected');
    expect(chosen).toEqual([middle, corner]); // the twin adds nothing beside the middle
  });

  it('looks where least is known among what may still beat the front', () => {
    const front = [[5, 5]];
    const [sure, unsure, hopeless] = [candidate([4, 6], 1), candidate([6, 4], 3), candidate([20, 6], 9)];
    expect(leastKnown([sure, hopeless, unsure], front, 5)).toEqual([unsure, sure]);
  });
});

describe('surrogate search', () => {
  it('reaches more than evolution in as many evaluations, and more still with a prior', async () => {
    const evolved: number[] = [];
    const blind: number[] = [];
    const told: number[] = [];
    for (const seed of [1, 2, 3]) {
      const settings = { evaluations: 80, seed };
      const { archive } = await nsga2({
        variables: Array.from({ length: GENES }, () => ({ kind: 'choice', count: 3 })),
        ...{ objectives: 2, seed, population: 16, evaluations: 80 },
        evaluate: (batch) => batch.map((choice) => ({ objectives: [lossOf(choice), latencyOf(choice)] })),
      });
      evolved.push(volumeOf(archive.map(({ variables }) => variables)));
      const request = { tables: problem, limits: {}, objectives, evaluate };
      blind.push(volumeOf((await surrogateSearch(request, settings)).archive.map(({ choice }) => choice)));
      told.push(volumeOf((await surrogateSearch({ ...request, prior }, settings)).archive.map(({ choice }) => choice)));
    }
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[1];
    expect(median(blind)).toBeGreaterThan(median(evolved));
    expect(median(told)).toBeGreaterThan(median(evolved));
    expect(Math.min(...told)).toBeGreaterThan(0.9 * Math.max(...told));
  });

  it('keeps limits, evaluates nothing twice, spends what it may, and is the same again', async () => {
    const limits = { latency: 45 };
    const run = () => surrogateSearch({ tables: problem, limits, evaluate, prior }, { evaluations: 60, seed: 4 });
    const { archive, evaluations, batches } = await run();
    expect(evaluations).toBe(60);
    expect(new Set(archive.map(({ choice }) => choice.join())).size).toBe(60);
    expect(archive.every(({ choice }) => latencyOf(choice) <= 45)).toBe(true);
    expect(batches.at(-1)!.evaluations).toBe(60);
    expect(batches[0]).toMatchObject({ batch: 1, choice: 'start', correlation: null, error: null });
    expect((await run()).archive).toEqual(archive);
    const random = new Random(9);
    const draws = Array.from({ length: 4000 }, () => Array.from({ length: GENES }, () => random.below(3)));
    const best = Math.min(...draws.filter((choice) => latencyOf(choice) <= 45).map(lossOf));
    expect(Math.min(...archive.map(({ loss }) => loss))).toBeLessThanOrEqual(best);
  });

  it('reports how it ranked each batch, and leaves the choice to evolution where it cannot rank', async () => {
    const random = new Random(3);
    const chance = (batch: readonly number[][]) => batch.map(() => random.real());
    const lost = await surrogateSearch(
      { tables: problem, limits: {}, objectives, evaluate: chance },
      { evaluations: 160, seed: 2 },
    );
    for (const [i, { choice }] of lost.batches.entries()) {
      if (i < 2) continue;
      const { correlation } = lost.batches[i - 1];
      expect(choice).toBe(correlation === null || correlation >= 0.3 ? 'model' : 'evolution');
    }
    expect(lost.batches.filter(({ choice }) => choice === 'evolution').length).toBeGreaterThan(3);
    const found = await surrogateSearch(
      { tables: problem, limits: {}, objectives, evaluate },
      { evaluations: 160, seed: 2 },
    );
    expect(found.batches.at(-1)!.correlation).toBeGreaterThan(0.8);
    expect(found.batches.slice(4).every(({ choice }) => choice === 'model')).toBe(true);
  });

  it('falls back when the truth changes its mind, and trusts the model again once it has learned the new one', async () => {
    let evaluated = 0;
    const fickle = (batch: readonly number[][]) =>
      batch.map((choice) => {
        evaluated++;
        return evaluated <= 96 ? lossOf(choice) : 100 - lossOf(choice); // what was good is bad from now on
      });
    const seen: { choice: string; correlation: number | null }[] = [];
    const { batches } = await surrogateSearch(
      { tables: problem, limits: {}, objectives, evaluate: fickle },
      { evaluations: 320, seed: 5, batch: 16, onBatch: (report) => void seen.push(report) },
    );
    expect(seen.map(({ choice, correlation }) => [choice, correlation])).toEqual(
      batches.map(({ choice, correlation }) => [choice, correlation]),
    );
    const changed = batches.findIndex(({ evaluations }) => evaluations > 96);
    expect(batches[changed - 1].correlation).toBeGreaterThan(0.6);
    const low = batches.findIndex(({ correlation }, i) => i >= changed && correlation! < 0.3);
    expect(low - changed).toBeLessThan(3); // the last three batches are what it is judged by
    expect(batches[low + 1].choice).toBe('evolution');
    const again = batches.findIndex(({ choice }, i) => i > low + 1 && choice === 'model');
    expect(again).toBeGreaterThan(low + 1);
    expect(batches[again - 1].correlation).toBeGreaterThanOrEqual(0.3);
  });

  it('evaluates choices that are the same once, and ends with a space that has no more', async () => {
    const tables = {
      tables: {
        loss: [
          [0, 0, 0],
          [0, 0],
        ],
        latency: [
          [1, 1, 2],
          [1, 2],
        ],
      },
    };
    let evaluated = 0;
    const { evaluations } = await surrogateSearch(
      {
        ...{ tables, limits: {}, objectives },
        alike: ([a, b]) => `${Math.max(a, 1)},${b}`,
        evaluate(batch) {
          evaluated += batch.length;
          return batch.map(([a, b]) => a + b);
        },
      },
      { evaluations: 100, seed: 1 },
    );
    expect([evaluations, evaluated]).toEqual([4, 4]);
  });

  it('ends when it is told to, and refuses objectives that are none and budgets that cannot be', async () => {
    const request = { tables: problem, limits: {}, evaluate };
    const stopped = await surrogateSearch(request, { evaluations: 100, seed: 1, onBatch: () => false });
    expect(stopped.batches.length).toBe(1);
    const asked = surrogateSearch({ ...request, objectives: ['loss', 'colour'] }, { evaluations: 9, seed: 1 });
    await expect(asked).rejects.toMatchObject({ kind: 'usage' });
    await expect(surrogateSearch(request, { evaluations: 0, seed: 1 })).rejects.toMatchObject({ kind: 'usage' });
    const tight = surrogateSearch({ ...request, limits: { latency: 1 } }, { evaluations: 9, seed: 1 });
    await expect(tight).rejects.toMatchObject({ kind: 'infeasible' });
    expect(parseAllocation(problem).counts).toEqual(new Array(GENES).fill(3));
  });
});
