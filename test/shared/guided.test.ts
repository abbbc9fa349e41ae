import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { guidedSearch, parseAllocation, scaledHypervolume } from '../../src/search/index.ts';
import { readProblem } from './allocation-data.ts';
import { explainSkip, hasTestData } from './test-data.ts';

explainSkip('guided search on the allocation problems');

function minimise(name: string, evaluations: number, seed: number, budgets: (all: string[]) => string[]) {
  const problem = readProblem(name);
  const model = parseAllocation(problem);
  const evaluate = (batch: number[][]) => batch.map((choice) => model.value(0, choice));
  const chosen = budgets(problem.budgets.map((budget) => budget.name));
  return Promise.all(
    problem.budgets
      .filter((budget) => chosen.includes(budget.name))
      .map(async ({ name: budget, limits, optimum, best_known, uniform_ref_loss }) => {
        const { archive } = await guidedSearch({ tables: model, limits, evaluate }, { evaluations, seed });
        const known = (optimum ?? best_known)!.loss;
        const least = Math.min(...archive.map(({ loss }) => loss));
        const kept = archive.every(({ choice }) =>
          Object.entries(limits).every(([metric, limit]) => model.describe(choice)[metric] <= limit),
        );
        return { budget, regret: (least - known) / (uniform_ref_loss - known), kept };
      }),
  );
}

describe.skipIf(!hasTestData)('guided search on the allocation problems', () => {
  it.each([
    ['add_resnet20_L18_s1', 200],
    ['tri_resnet20_L18', 200],
    ['add_mbv2_L53_s1', 500],
  ])('finds every optimum of %s in %i evaluations, all within the budget', async (name, evaluations) => {
    for (const { budget, regret, kept } of await minimise(name, evaluations, 1, (all) => all)) {
      expect([budget, regret, kept]).toEqual([budget, 0, true]);
    }
  });

  it('reaches the best known choice where layers interact', async () => {
    for (const name of ['pair_resnet20_L18', 'sat_resnet20_L18']) {
      for (const { regret, kept } of await minimise(name, 3500, 1, (all) => all.slice(-1))) {
        expect(kept).toBe(true);
        expect(regret).toBeLessThan(0.002);
      }
    }
  });

  it('holds the whole front of two objectives', async () => {
    const problem = readProblem('add_resnet20_L18_s1');
    const model = parseAllocation(problem);
    const objectives = ['loss', 'latency'];
    const evaluate = (batch: number[][]) => batch.map((choice) => model.value(0, choice));
    const { archive } = await guidedSearch(
      { tables: model, limits: {}, objectives, evaluate },
      { evaluations: 20000, seed: 1 },
    );
    const bounds = objectives.map((name) => problem.bounds[name]);
    const volume = scaledHypervolume(
      archive.map(({ loss, costs }) => [loss, costs[0]]),
      bounds,
      new Random(1),
    );
    expect(volume).toBeCloseTo(problem.fronts!.loss_latency.hv_full, 9);
  });
});
