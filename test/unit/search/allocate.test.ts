import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { solveCoupled } from '../../../src/search/exact/coupled.ts';
import { finishWithHighs } from '../../../src/search/exact/fallback.ts';
import { buildGraph } from '../../../src/search/exact/graph.ts';
import { solveWithHighs } from '../../../src/search/exact/highs.ts';
import { ceilingsOf } from '../../../src/search/exact/limits.ts';
import { allocate, allocationFront, paretoFront, parseAllocation } from '../../../src/search/index.ts';
import { type CaseOptions, enumerate, limitsAt, randomProblem } from './allocation-cases.ts';

const CASES: [string, Omit<CaseOptions, 'seed'>][] = [
  ['one metric', { layers: 6, choices: 4, metrics: ['latency'] }],
  ['two metrics', { layers: 6, choices: 4, metrics: ['latency', 'size'] }],
  ['four metrics', { layers: 5, choices: 4, metrics: ['latency', 'size', 'energy', 'ram'] }],
  ['real numbers', { layers: 6, choices: 4, metrics: ['latency', 'size'], real: true }],
  [
    'ties',
    {
      layers: 6,
      choices: 4,
      metrics: ['latency', 'size'],
      ties: [
        [0, 3],
        [4, 3],
        [1, 5],
      ],
    },
  ],
  ['a chain', { layers: 5, choices: 6, metrics: ['latency', 'size'], kind: 'chain' }],
  [
    'a chain with ties',
    {
      layers: 5,
      choices: 6,
      metrics: ['latency'],
      kind: 'chain',
      ties: [
        [0, 4],
        [1, 2],
      ],
    },
  ],
  ['pairs', { layers: 5, choices: 4, metrics: ['latency', 'size'], kind: 'pairs' }],
  ['pairs with ties', { layers: 5, choices: 4, metrics: ['latency'], kind: 'pairs', ties: [[1, 3]] }],
  ['saturating blocks', { layers: 5, choices: 4, metrics: ['latency'], kind: 'blocks' }],
];

describe('allocate', () => {
  it.each(CASES)('finds what enumeration finds: %s', async (_, options) => {
    let limited = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const problem = randomProblem({ ...options, seed });
      const points = enumerate(problem);
      const limits = limitsAt(problem, 0.12 + 0.06 * seed);
      const names = Object.keys(limits);
      const allowed = points.filter(({ values }) =>
        names.every((name, k) => values[k + 1] <= limits[name] * (1 + 1e-9)),
      );
      const best = Math.min(...allowed.map(({ values }) => values[0]));
      if (best > Math.min(...points.map(({ values }) => values[0]))) limited++;
      const solving = allocate(problem, limits);
      if (allowed.length === 0) {
        await expect(solving).rejects.toMatchObject({ kind: 'infeasible' });
        continue;
      }
      const { choice, metrics, optimal, lowerBound } = await solving;
      expect(optimal).toBe(true);
      expect(metrics.loss).toBeCloseTo(best, 6);
      expect(lowerBound).toBe(metrics.loss);
      expect(parseAllocation(problem).keepsTies(choice)).toBe(true);
      for (const name of names) expect(metrics[name]).toBeLessThanOrEqual(limits[name] * (1 + 1e-9));
      expect(parseAllocation(problem).describe(choice)).toEqual(metrics);
    }
    expect(limited).toBeGreaterThan(3); // else the limits decided nothing
  });

  it('loses no choice to rounding where limits are loose and costs are multiples of a step', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed);
      const steps = (step: number) =>
        Array.from({ length: 7 }, () => Array.from({ length: 3 }, () => step * random.below(7)));
      const loss = Array.from({ length: 7 }, () => Array.from({ length: 3 }, () => random.real() - 0.5));
      const problem = { tables: { loss, latency: steps(0.00102), size: steps(576.1) } };
      const limits = limitsAt(problem, 0.5 + 0.012 * seed);
      const kept = enumerate(problem).filter(({ values }) => values[1] <= limits.latency && values[2] <= limits.size);
      const { metrics, optimal } = await allocate(problem, limits);
      expect(optimal).toBe(true);
      expect(metrics.loss).toBeCloseTo(Math.min(...kept.map(({ values }) => values[0])), 12);
    }
  });

  it('agrees with HiGHS on problems too large to enumerate', async () => {
    for (const [seed, kind] of [
      [1, 'additive'],
      [2, 'additive'],
      [3, 'chain'],
      [4, 'pairs'],
    ] as const) {
      const problem = randomProblem({ layers: 9, choices: 5, metrics: ['latency', 'size'], seed, kind });
      const model = parseAllocation(problem);
      const random = new Random(seed);
      const middle = model.evaluate(model.counts.map((count) => random.below(count)));
      const limits = { latency: middle[1], size: middle[2] };
      const graph = buildGraph(model, [1, 2])!;
      const general = await solveWithHighs(graph, [limits.latency, limits.size]);
      const { metrics, optimal } = await allocate(problem, limits);
      expect([optimal, general?.proven]).toEqual([true, true]);
      expect(metrics.loss).toBe(model.value(0, general!.choice));
    }
  });

  it('lets HiGHS finish what label setting could not', async () => {
    const problem = randomProblem({ layers: 8, choices: 4, metrics: ['latency'], seed: 5 });
    const model = parseAllocation(problem);
    const { loss, latency } = model.describe(model.counts.map(() => 2));
    const limits = ceilingsOf(model, { latency });
    const unfinished = { choice: Int32Array.from(model.counts, () => 2), loss, lowerBound: 0, optimal: false };
    const finished = await finishWithHighs(model, limits, unfinished);
    const { metrics } = await allocate(problem, { latency });
    expect(finished).toMatchObject({ loss: metrics.loss, lowerBound: metrics.loss, optimal: true });
    expect(model.value(0, finished.choice!)).toBe(metrics.loss);
  });

  it('solves sixty layers of 36 choices under two limits', async () => {
    const problem = randomProblem({ layers: 60, choices: 36, metrics: ['latency', 'energy'], seed: 3 });
    const model = parseAllocation(problem);
    const middle = model.evaluate(model.counts.map(() => 9));
    const { metrics, optimal } = await allocate(problem, { latency: middle[1], energy: middle[2] });
    expect(optimal).toBe(true);
    expect(metrics.latency).toBeLessThanOrEqual(middle[1]);
    expect(metrics.loss).toBeLessThan(middle[0]);
  });

  it('takes limits inline, by name and as a budget, and none at all', async () => {
    const problem = {
      tables: {
        loss: [
          [3, 1],
          [2, 0],
        ],
        latency: [
          [1, 2],
          [1, 3],
        ],
      }, // two layers
      budgets: [{ name: 'tight', limits: { latency: 3 } }],
    };
    const tight = { choice: [1, 0], metrics: { loss: 3, latency: 3 }, optimal: true, lowerBound: 3 };
    expect(await allocate(problem, 'tight')).toEqual(tight);
    expect(await allocate(problem, { latency: 3 })).toEqual(tight);
    expect(await allocate(problem, { limits: { latency: 3 } })).toEqual(tight);
    expect((await allocate(problem)).choice).toEqual([1, 1]);
  });

  it('solves a single layer, a single choice, and metrics that are all alike', async () => {
    expect((await allocate({ tables: { loss: [[5]], latency: [[2]] } }, { latency: 2 })).choice).toEqual([0]);
    const alike = {
      tables: {
        loss: [
          [1, 1],
          [1, 1],
        ],
        latency: [
          [2, 2],
          [2, 2],
        ],
      },
    };
    expect(await allocate(alike, { latency: 4 })).toMatchObject({ optimal: true, metrics: { loss: 2 } });
    const zero = { tables: { loss: [[4, 1]], latency: [[0, 0.5]] } };
    expect((await allocate(zero, { latency: 0 })).choice).toEqual([0]);
  });

  it('names the smallest reachable value of every limit, and which two exclude each other', async () => {
    const problem = {
      tables: { loss: [[1, 1]], latency: [[1, 5]], size: [[5, 1]], energy: [[1, 1]] },
    };
    await expect(allocate(problem, { latency: 0.5 })).rejects.toMatchObject({
      kind: 'infeasible',
      exitCode: 3,
      reachable: { latency: 1 },
      message: expect.stringMatching(/latency 0\.5: the smallest reachable value is latency 1\./),
    });
    await expect(allocate(problem, { latency: 2, size: 2, energy: 9 })).rejects.toMatchObject({
      reachable: { latency: 1, size: 1, energy: 1 },
      message: expect.stringMatching(/at once/),
      remedy: expect.stringMatching(/latency 2 and size 2 exclude each other/),
      conflict: ['latency', 'size'],
    });
  });

  it.each([
    ['an unknown budget', 'tigh', /no budget "tigh"/, /Did you mean tight\?/],
    ['an unknown metric', { speed: 3 }, /limits "speed"/, /loss, latency/],
    ['a limit that is no number', { latency: Number.NaN }, /NaN/, /finite/],
  ])('refuses %s', async (_, budget, message, remedy) => {
    const problem = { tables: { loss: [[1]], latency: [[1]] }, budgets: [{ name: 'tight', limits: { latency: 3 } }] };
    const expected = { kind: 'usage', message: expect.stringMatching(message), remedy: expect.stringMatching(remedy) };
    await expect(allocate(problem, budget)).rejects.toMatchObject(expected);
  });

  it('bounds what it cannot solve, and never claims more', () => {
    for (let seed = 1; seed <= 2; seed++) {
      for (const kind of ['pairs', 'blocks'] as const) {
        const problem = randomProblem({ layers: 5, choices: 4, metrics: ['latency'], seed, kind });
        const limits = limitsAt(problem, 0.4);
        const allowed = enumerate(problem).filter(({ values }) => values[1] <= limits.latency);
        const best = Math.min(...allowed.map(({ values }) => values[0]));
        const model = parseAllocation(problem);
        const found = solveCoupled(model, ceilingsOf(model, limits));
        expect(found.lowerBound).toBeLessThanOrEqual(best * (1 + 1e-9));
        expect(found.loss).toBeCloseTo(best, 6); // small enough for the walk to find it
        if (found.optimal) expect(found.lowerBound).toBeCloseTo(best, 6);
      }
    }
  });
});

describe('allocationFront', () => {
  it.each(CASES.filter(([name]) => name !== 'four metrics'))('holds every non-dominated point: %s', (_, options) => {
    for (let seed = 1; seed <= 4; seed++) {
      const problem = randomProblem({ ...options, seed });
      const metrics = ['loss', ...options.metrics.slice(0, 2)];
      const points = enumerate(problem).map(({ values }) => values.slice(0, metrics.length));
      const expected = new Set(paretoFront(points).map(rounded));
      const front = allocationFront(problem, metrics);
      expect(new Set(front.map(({ values }) => rounded(values)))).toEqual(expected);
      expect(front.length).toBe(expected.size);
    }
  });

  it('refuses a metric it does not know, and a front that is too large', () => {
    const problem = randomProblem({ layers: 6, choices: 4, metrics: ['latency'], seed: 1 });
    expect(() => allocationFront(problem, ['loss', 'speed'])).toThrow(/no metric "speed"/);
    expect(() => allocationFront(problem, ['loss', 'latency'], 3)).toThrow(/more than 3 points/);
  });
});

function rounded(values: number[]): string {
  return values.map((value) => value.toPrecision(9)).join();
}
