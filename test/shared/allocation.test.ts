import { describe, expect, it } from 'vitest';
import { type AllocationProblem, allocate, allocationFront, parseAllocation } from '../../src/search/index.ts';
import { readJson, readProblem } from './allocation-data.ts';
import { explainSkip, hasTestData } from './test-data.ts';

explainSkip('the proven allocation optima');

const EXACT = ['add_resnet20_L18_s1', 'tri_resnet20_L18', 'hard_L18', 'add_mbv2_L53_s1', 'chain_resnet20_L18'];
const COUPLED = ['pair_resnet20_L18', 'sat_resnet20_L18'];

describe.skipIf(!hasTestData)('the proven allocation optima', () => {
  it.each(EXACT)('are found and proven for every budget of %s', async (name) => {
    const problem = readProblem(name);
    const model = parseAllocation(problem);
    for (const budget of problem.budgets) {
      const { choice, metrics, optimal, lowerBound } = await allocate(model, budget.name);
      expect([budget.name, metrics.loss, lowerBound, optimal]).toEqual([
        budget.name,
        budget.optimum!.loss,
        budget.optimum!.loss,
        true,
      ]);
      for (const [metric, limit] of Object.entries(budget.limits)) expect(metrics[metric]).toBeLessThanOrEqual(limit);
      expect(model.describe(choice)).toEqual(metrics);
    }
  });

  it.each(EXACT)('the whole fronts of %s hold every point', (name) => {
    const problem = readProblem(name);
    for (const { keys, file } of Object.values(problem.fronts!)) {
      const { points } = readJson<{ points: number[][] }>(`alloc/${file}`);
      const found = allocationFront(problem, keys).map(({ values }) => values.join());
      expect(found.length).toBe(points.length);
      expect(new Set(found)).toEqual(new Set(points.map((point) => point.join())));
    }
  });

  it.each(COUPLED)('what is not additive is bounded, not claimed: %s', async (name) => {
    const problem = readProblem(name);
    const [tightest] = problem.budgets;
    const { metrics, optimal, lowerBound } = await allocate(problem, tightest.name);
    const regret = (metrics.loss - tightest.best_known!.loss) / (tightest.uniform_ref_loss - tightest.best_known!.loss);
    expect(optimal).toBe(false);
    expect(lowerBound).toBeLessThanOrEqual(tightest.best_known!.loss);
    expect(regret).toBeLessThan(0.02);
  });
});

interface Hawq {
  resnet18: {
    n: number;
    hutchinson_trace_normalised: number[];
    delta_w8_sq: number[];
    delta_w4_sq: number[];
    params_M: number[];
    macs_M: number[];
    latency_int4_ms: number[];
    latency_int8_ms: number[];
    ties: number[][];
    published_bit_configs: Record<string, { bits: number[] }>;
  };
}

describe.skipIf(!hasTestData)("HAWQ-V3's published ResNet-18", () => {
  it.each(['size', 'bops', 'latency'])(
    'configurations under its three budgets of %s are the optima',
    async (metric) => {
      const { resnet18: data } = readJson<Hawq>('hawq/hawqv3_resnet18.json');
      const rows = (four: number[], eight: number[]) => four.map((value, layer) => [value, eight[layer]]);
      const scaled = (values: number[], factor: number) => values.map((value) => value * factor);
      const problem: AllocationProblem = {
        tables: {
          loss: data.hutchinson_trace_normalised.map((trace, layer) => [
            trace * data.delta_w4_sq[layer],
            trace * data.delta_w8_sq[layer],
          ]),
          size: rows(scaled(data.params_M, 0.5), data.params_M), // bytes of 4 and of 8 bits
          bops: rows(scaled(data.macs_M, 16e-3), scaled(data.macs_M, 64e-3)),
          latency: rows(data.latency_int4_ms, data.latency_int8_ms),
        },
        ties: data.ties,
      };
      const model = parseAllocation(problem);
      const uniform = (choice: number) => model.describe(new Array(data.n).fill(choice))[metric];
      for (const share of [0.25, 0.5, 0.75]) {
        const limit = uniform(0) + share * (uniform(1) - uniform(0));
        const { choice, metrics, optimal } = await allocate(model, { [metric]: limit });
        const published = data.published_bit_configs[`${metric}_${share}`].bits;
        expect(optimal).toBe(true);
        expect(metrics[metric]).toBeLessThanOrEqual(limit);
        expect(choice.map((index) => (index === 0 ? 4 : 8))).toEqual(published);
      }
    },
  );
});
