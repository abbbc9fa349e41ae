import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { ModelLandscape } from '../../../src/search/guided/model-landscape.ts';
import { type PairwiseTables, tabulateMetric } from '../../../src/search/guided/pairwise-tables.ts';
import { planLocalProbes } from '../../../src/search/guided/probes.ts';
import { rankCorrelation } from '../../../src/search/guided/rank-correlation.ts';
import { GuidedSpace } from '../../../src/search/guided/space.ts';
import { Surrogate } from '../../../src/search/guided/surrogate.ts';
import {
  type AllocationProblem,
  allocate,
  type GuidedProblem,
  guidedSearch,
  hypervolume,
  paretoFront,
  parseAllocation,
  scaledHypervolume,
} from '../../../src/search/index.ts';
import { enumerate, limitsAt, randomProblem } from './allocation-cases.ts';

/** A problem whose loss only `evaluate` tells: the tables that the search sees hold nonsense in its place. */
function blackBox(problem: AllocationProblem, limits: Record<string, number>, objectives?: string[]) {
  const model = parseAllocation(problem);
  const { loss_blocks, loss_pairs, ...rest } = problem;
  const nonsense = problem.tables.loss.map((row) => row.map((_, choice) => -choice));
  const seen: number[][] = [];
  const guided: GuidedProblem = {
    tables: parseAllocation({ ...rest, tables: { ...problem.tables, loss: nonsense } }),
    limits,
    objectives,
    evaluate: (batch) => {
      seen.push(...batch);
      return batch.map((choice) => model.value(0, choice));
    },
  };
  return { guided, seen, model };
}

const leastLoss = (archive: readonly { loss: number }[]) => Math.min(...archive.map(({ loss }) => loss));

describe('guidedSearch', () => {
  it.each([
    ['one limit', 8, 5, ['latency'], undefined],
    ['two limits', 8, 5, ['latency', 'size'], undefined],
    [
      'ties',
      8,
      5,
      ['latency', 'size'],
      [
        [0, 3],
        [2, 5, 7],
      ],
    ],
  ] as const)(
    'finds an additive optimum with little more than one probe a choice: %s',
    async (_, layers, choices, metrics, ties) => {
      for (let seed = 1; seed <= 5; seed++) {
        const problem = randomProblem({
          layers,
          choices,
          metrics: [...metrics],
          seed,
          ties: ties?.map((tie) => [...tie]),
        });
        const model = parseAllocation(problem);
        const middle = model.describe(model.counts.map(() => 1));
        const limits = Object.fromEntries(metrics.map((name) => [name, middle[name]]));
        const { metrics: optimum } = await allocate(problem, limits);
        const { guided, seen } = blackBox(problem, limits);
        const { archive, evaluations } = await guidedSearch(guided, { evaluations: layers * (choices - 1) + 30, seed });
        expect(leastLoss(archive)).toBe(optimum.loss);
        expect(evaluations).toBe(seen.length);
        expect(new Set(seen.map((choice) => choice.join())).size).toBe(seen.length);
        for (const { choice, costs } of archive) {
          expect(costs).toEqual(model.evaluate(choice).slice(1));
          expect(model.keepsTies(choice)).toBe(true);
          for (const name of metrics) expect(model.describe(choice)[name]).toBeLessThanOrEqual(limits[name]);
        }
      }
    },
  );

  it.each(['pairs', 'blocks'] as const)('finds the optimum where layers interact: %s', async (kind) => {
    for (let seed = 1; seed <= 3; seed++) {
      const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed, kind });
      const limits = limitsAt(problem, 0.4);
      const allowed = enumerate(problem).filter(({ values }) => values[1] <= limits.latency);
      const best = Math.min(...allowed.map(({ values }) => values[0]));
      const { guided } = blackBox(problem, limits);
      const { archive } = await guidedSearch(guided, { evaluations: 400, seed });
      expect(leastLoss(archive)).toBeCloseTo(best, 9);
    }
  });

  it('gives the same points for the same seed, and others for another', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 2, kind: 'pairs' });
    const limits = limitsAt(problem, 0.4);
    const run = async (seed: number) =>
      (await guidedSearch(blackBox(problem, limits).guided, { evaluations: 200, seed })).archive;
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  it('spends no evaluation where the limits cannot be kept', async () => {
    const { guided, seen } = blackBox(randomProblem({ layers: 4, choices: 3, metrics: ['latency'], seed: 1 }), {
      latency: -1,
    });
    await expect(guidedSearch(guided, { evaluations: 50, seed: 1 })).rejects.toMatchObject({ kind: 'infeasible' });
    expect(seen).toEqual([]);
  });

  it('keeps limits that the tables only approximate', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 3 });
    const limits = limitsAt(problem, 0.5);
    const { guided, model } = blackBox(problem, limits);
    const costs = (choice: readonly number[]) => [model.value(1, choice) + 5 * (choice[0] % 2) + 3 * (choice[1] % 3)];
    const { archive } = await guidedSearch({ ...guided, costs }, { evaluations: 120, seed: 1 });
    expect(archive.length).toBe(120);
    for (const point of archive) expect(costs(point.choice)[0]).toBeLessThanOrEqual(limits.latency);
  });

  it('stops where it is told to, and never spends more than it may', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 2, kind: 'pairs' });
    const { guided } = blackBox(problem, limitsAt(problem, 0.5));
    const settings = { seed: 1, onBatch: ({ evaluations }: { evaluations: number }) => evaluations < 25 };
    expect((await guidedSearch(guided, { ...settings, evaluations: 500 })).evaluations).toBeLessThan(45);
    for (const evaluations of [1, 2, 7]) {
      expect((await guidedSearch(guided, { evaluations, seed: 1 })).evaluations).toBe(evaluations);
    }
  });

  it('evaluates every point of an additive front', async () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 4 });
    const { guided } = blackBox(problem, {}, ['loss', 'latency']);
    const { archive } = await guidedSearch(guided, { evaluations: 2000, seed: 1 });
    const expected = new Set(paretoFront(enumerate(problem).map(({ values }) => values)).map(String));
    const found = new Set(paretoFront(archive.map(({ loss, costs }) => [loss, ...costs])).map(String));
    expect(found).toEqual(expected);
  });

  it.each(['nsga2', 'nsga3'] as const)('traces the front of layers that interact with %s', async (algorithm) => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 5, kind: 'pairs' });
    const all = enumerate(problem).map(({ values }) => values);
    const reference = [0, 1].map((k) => Math.max(...all.map((values) => values[k])) * 1.01);
    const { guided } = blackBox(problem, {}, ['loss', 'latency']);
    const { archive } = await guidedSearch(guided, { evaluations: 900, seed: 1, algorithm, population: 24 });
    const volume = hypervolume(
      archive.map(({ loss, costs }) => [loss, ...costs]),
      reference,
    );
    expect(volume / hypervolume(all, reference)).toBeGreaterThan(0.995);
  });

  it.each([
    [['loss', 'speed'], /"speed" is no metric/],
    [['latency'], /The objectives are latency\./],
    [['loss', 'loss'], /The objectives are loss, loss\./],
  ])('refuses the objectives %j', async (objectives, message) => {
    const { guided } = blackBox(
      randomProblem({ layers: 3, choices: 2, metrics: ['latency'], seed: 1 }),
      {},
      objectives,
    );
    await expect(guidedSearch(guided, { evaluations: 9, seed: 1 })).rejects.toThrow(message);
  });
});

describe('the model', () => {
  it('learns effects and pairs from points alone', () => {
    const problem = randomProblem({ layers: 5, choices: 4, metrics: ['latency'], seed: 6, kind: 'pairs' });
    const truth = parseAllocation(problem);
    const random = new Random(3);
    const draw = () => truth.counts.map((count) => random.below(count));
    const model = new Surrogate(truth.counts);
    for (let i = 0; i < 600; i++) {
      const genome = draw();
      model.add(genome, truth.value(0, genome));
    }
    model.fit();
    const fresh = Array.from({ length: 200 }, draw);
    const correlation = rankCorrelation(
      fresh.map((genome) => model.predict(genome)),
      fresh.map((genome) => truth.value(0, genome)),
    );
    expect(correlation).toBeGreaterThan(0.98);
  });

  it('knows what one change does: tables, chains, pairs and ties', () => {
    const chain = randomProblem({
      layers: 5,
      choices: 6,
      metrics: ['latency'],
      seed: 7,
      kind: 'chain',
      ties: [[1, 2]],
    });
    const pairs = randomProblem({
      layers: 5,
      choices: 6,
      metrics: ['latency'],
      seed: 7,
      kind: 'pairs',
      ties: [[0, 2]],
    });
    for (const problem of [chain, pairs]) {
      const model = parseAllocation(problem);
      const groups = problem === chain ? [[0], [1, 2], [3], [4]] : [[0, 2], [1], [3], [4]];
      const sheet: PairwiseTables = tabulateMetric(model, 1, groups);
      const random = new Random(1);
      const spread = (genome: number[]) =>
        model.counts.map((_, layer) => genome[groups.findIndex((g) => g.includes(layer))]);
      for (let k = 0; k < 50; k++) {
        const genome = groups.map(() => random.below(6));
        const gene = random.below(groups.length);
        const changed = genome.with(gene, random.below(6));
        expect(sheet.value(genome)).toBe(model.value(1, spread(genome)));
        expect(sheet.change(genome, gene, changed[gene])).toBe(sheet.value(changed) - sheet.value(genome));
      }
    }
  });

  it('ranks with ties', () => {
    expect(rankCorrelation([1, 2, 3, 4], [2, 4, 6, 8])).toBe(1);
    expect(rankCorrelation([1, 2, 3, 4], [8, 6, 4, 2])).toBe(-1);
    expect(rankCorrelation([1, 2, 3, 4], [5, 5, 5, 5])).toBe(0);
    expect(rankCorrelation([1, 2, 3], [1, 1, 2])).toBeCloseTo(Math.sqrt(3) / 2, 12); // scipy.stats.spearmanr
  });
});

describe('the landscape of a model', () => {
  it('knows loss and excess after every attempt, whether it stands or not', () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 8, kind: 'pairs' });
    const model = parseAllocation(problem);
    const groups = model.counts.map((_, layer) => [layer]);
    const [loss, latency] = [0, 1].map((metric) => tabulateMetric(model, metric, groups));
    const ceiling = latency.value([1, 1, 1, 1, 1, 1]);
    const landscape = new ModelLandscape(loss, [latency], [ceiling]);
    const anchor = [0, 1, 2, 3, 0, 1];
    landscape.stayNear(anchor, 7);
    const genome = Int32Array.from(anchor);
    landscape.enter(genome);
    const random = new Random(4);
    for (let k = 0; k < 400; k++) {
      const [first, second] = [random.below(6), random.below(6)];
      const value = (genome[first] + 1 + random.below(3)) % 4;
      const secondValue = second === first ? value : (genome[second] + 1 + random.below(3)) % 4;
      const before = genome.slice();
      landscape.attempt(first, value, second, secondValue);
      if (random.chance(0.5)) {
        landscape.revert();
        expect(genome).toEqual(before);
      } else {
        expect(genome).toEqual(before.with(first, value).with(second, secondValue));
      }
      const away = genome.reduce((sum, own, gene) => sum + Number(own !== anchor[gene]), 0);
      expect(landscape.loss).toBe(loss.value(genome) + 7 * away);
      expect(landscape.excess).toBe(Math.max(0, latency.value(genome) - ceiling) / ceiling);
    }
  });
});

describe('scaledHypervolume', () => {
  it('estimates four objectives close to the exact volume', () => {
    const random = new Random(9);
    const points = Array.from({ length: 12 }, () => Array.from({ length: 4 }, () => 10 * random.real()));
    const bounds = points[0].map((): [number, number] => [0, 10]);
    const exact = hypervolume(
      points.map((point) => point.map((value) => value / 10)),
      [1.1, 1.1, 1.1, 1.1],
    );
    expect(Math.abs(scaledHypervolume(points, bounds, new Random(1)) - exact)).toBeLessThan(0.01);
  });
});

describe('planLocalProbes', () => {
  it('reaches every value that room can be made for, with one other gene changed at most', () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 3 });
    const limits = limitsAt(problem, 0.4);
    const space = new GuidedSpace({ tables: parseAllocation(problem), limits, evaluate: () => [] });
    const base = space.allocate(problem.tables.loss.map((row) => [...row]))!;
    const changesOf = (genome: Int32Array) =>
      genome.reduce((sum, value, gene) => sum + Number(value !== base[gene]), 0);
    const probes = planLocalProbes(
      space,
      base,
      problem.tables.loss.map((row) => [...row]),
      new Random(1),
    );
    const within = enumerate(problem).filter(({ values }) => values[1] <= limits.latency);
    const near = within.filter(({ choice }) => [1, 2].includes(changesOf(Int32Array.from(choice))));
    const reachable = new Set(
      near.flatMap(({ choice }) => choice.flatMap((value, gene) => (value === base[gene] ? [] : [`${gene}:${value}`]))),
    );
    expect(new Set(probes.map(({ gene, value }) => `${gene}:${value}`))).toEqual(reachable);
    expect(probes.some(({ genome }) => changesOf(genome) === 2)).toBe(true);
    for (const { genome, gene, value } of probes) {
      expect(genome[gene]).toBe(value);
      expect(space.excess(genome)).toBe(0);
      expect(changesOf(genome)).toBeLessThanOrEqual(2);
    }
  });
});

describe('a recentred model', () => {
  it('is exact at the point and at each single change, whatever its pairs say', () => {
    const model = new Surrogate([3, 3, 2]);
    model.start(5, [
      [0, 1, 2],
      [0, 3, 4],
      [0, 7],
    ]);
    model.setPair(
      0,
      1,
      Float64Array.from({ length: 9 }, (_, cell) => cell * cell),
    );
    const base = [1, 2, 1];
    const effects = [
      [4, 0, -3],
      [9, 2, 0],
      [6, 0],
    ];
    model.recentre(base, 100, effects);
    expect(model.predict(base)).toBeCloseTo(100, 9);
    effects.forEach((own, gene) => {
      own.forEach((effect, value) => {
        expect(model.predict(base.with(gene, value))).toBeCloseTo(100 + effect, 9);
      });
    });
    model.setPair(0, 1, new Float64Array(9));
    expect(model.predict([0, 0, 1]) - model.predict([1, 0, 1])).toBeCloseTo(
      model.predict([0, 2, 1]) - model.predict([1, 2, 1]),
      9,
    );
  });

  it('learns joint effects from points near, and leaves alone what was measured', () => {
    const problem = randomProblem({ layers: 5, choices: 4, metrics: ['latency'], seed: 9, kind: 'pairs' });
    const truth = parseAllocation(problem);
    const base = [1, 2, 0, 3, 1];
    const at = (genome: readonly number[]) => truth.value(0, genome);
    const effects = truth.counts.map((count, gene) =>
      Array.from({ length: count }, (_, value) => at(base.with(gene, value)) - at(base)),
    );
    const model = new Surrogate(truth.counts);
    for (let gene = 0; gene + 1 < base.length; gene++) model.setPair(gene, gene + 1, new Float64Array(16));
    model.recentre(base, at(base), effects);
    const random = new Random(2);
    const near = () => base.with(random.below(5), random.below(4)).with(random.below(5), random.below(4));
    for (let k = 0; k < 600; k++) {
      const genome = near();
      model.add(genome, at(genome));
    }
    const errorOf = (genomes: number[][]) =>
      genomes.reduce((sum, genome) => sum + Math.abs(model.predict(genome) - at(genome)), 0);
    const fresh = Array.from({ length: 100 }, () => near().with(random.below(5), random.below(4)));
    const before = errorOf(fresh);
    for (let k = 0; k < 5; k++) model.fitAround(base);
    expect(errorOf(fresh)).toBeLessThan(0.2 * before);
    const singles = base.flatMap((_, gene) => [0, 1, 2, 3].map((value) => base.with(gene, value)));
    expect(errorOf(singles)).toBeLessThan(1e-9);
  });

  it('is solved with its pairs as enumeration would', () => {
    const problem = randomProblem({ layers: 5, choices: 3, metrics: ['latency'], seed: 10, ties: [[0, 3]] });
    const limits = limitsAt(problem, 0.4);
    const space = new GuidedSpace({ tables: parseAllocation(problem), limits, evaluate: () => [] });
    const random = new Random(6);
    const table = () => Float64Array.from({ length: 9 }, () => random.below(60) - 30);
    const joint = [
      { first: 0, second: 2, values: table() },
      { first: 1, second: 3, values: table() },
    ];
    const own = space.counts.map((count) => Array.from({ length: count }, () => random.below(40)));
    const lossOf = (genome: ArrayLike<number>) =>
      own.reduce((sum, row, gene) => sum + row[genome[gene]], 0) +
      joint.reduce((sum, { first, second, values }) => sum + values[genome[first] * 3 + genome[second]], 0);
    const genomes = enumerate(problem).map(({ choice }) => space.groups.map(([layer]) => choice[layer]));
    const best = Math.min(...genomes.filter((genome) => space.excess(genome) === 0).map(lossOf));
    const found = space.allocateJointly(own, joint)!;
    expect(space.excess(found)).toBe(0);
    expect(lossOf(found)).toBe(best);
  });
});
