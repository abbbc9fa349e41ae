import { describe, expect, it } from 'vitest';
import { paretoFront } from '../../../src/search/index.ts';
import { allocateSpace, type Budgets } from '../../../src/space/index.ts';
import type { StudySettings } from '../../../src/study/index.ts';
import { memoryFiles, runToyStudy, SCHEMES, toyCostModel, toyLoss, toySpace } from './toy-study.ts';

/** The toy study as it runs where no strategy is asked for. */
const guided = (settings: Partial<StudySettings> = {}, changes: Parameters<typeof runToyStudy>[1] = {}) =>
  runToyStudy({ strategy: undefined, ...settings }, changes);

const costModel = toyCostModel();
const latencyOf = (genome: readonly number[]) => costModel.estimate(toySpace(costModel).decode(genome)).latencyMs.value;

/** Layers make each other worse: nothing that a sum over layers can say. */
const joint = {
  name: 'joint',
  loss: (schemes: Parameters<typeof toyLoss>[0]) => Math.sqrt(toyLoss(schemes)) + pairs(schemes),
};

function pairs(schemes: Parameters<typeof toyLoss>[0]): number {
  return schemes.reduce((sum, scheme, i) => sum + (i > 0 && scheme !== schemes[i - 1] ? 0.05 / i : 0), 0);
}

describe('a study without a strategy', () => {
  it('is guided, and evolves where genes are too many for the evaluations or it is not asked for accuracy', async () => {
    expect((await guided()).strategy).toBe('guided');
    expect((await guided({ evaluations: 40 })).strategy).toBe('guided');
    const narrow = toySpace(costModel);
    const space = {
      ...narrow,
      variables: Array.from({ length: 130 }, () => ({ kind: 'choice' as const, count: 2 })),
      decode: (genome: readonly number[]) => narrow.decode(genome.slice(0, narrow.variables.length)),
    };
    expect((await guided({ evaluations: 40 }, { space })).strategy).toBe('evolution');
    expect((await guided({ objectives: ['latency', 'size'] })).strategy).toBe('evolution');
    expect((await guided({ generations: 3 })).strategy).toBe('evolution');
  });

  it('finds the optimum of an additive loss under each budget in few evaluations, all of them within it', async () => {
    const fastest = latencyOf(costModel.layers.map(() => SCHEMES.indexOf('w2a2')));
    for (const budgets of [{ latencyMs: 0.1 }, { latencyMs: fastest }, { latencyMs: 0.09, sizeBytes: 30_000 }]) {
      const { points } = await guided({ objectives: ['accuracy'], budgets });
      const { optimal, loss: least } = await allocateSpace(toySpace(costModel), costModel, budgets, toyLoss);
      expect(optimal).toBe(true);
      expect(points.every(({ feasible }) => feasible)).toBe(true);
      expect(Math.min(...points.map(({ loss }) => loss))).toBeCloseTo(least, 9);
      expect(points.findIndex(({ loss }) => Math.abs(loss - least) < 1e-9)).toBeLessThan(80);
    }
  });

  it.each<[string, Budgets]>([
    ['no budget', {}],
    ['a budget on an objective', { latencyMs: 0.1 }],
    ['a budget on another metric', { sizeBytes: 40_000 }],
    ['budgets on three metrics', { latencyMs: 0.11, sizeBytes: 45_000, ramBytes: 60_000 }],
  ])('holds a front that evolution does not beat: %s', async (kind, budgets) => {
    const { points, rejections } = await guided({ budgets });
    const evolved = await runToyStudy({ budgets, evaluations: 2000 });
    const values = (all: typeof points) => all.map(({ loss, cost }) => [loss, cost.latencyMs.value]);
    const front = paretoFront(values(points));
    const beaten = paretoFront(values(evolved.points)).filter(
      ([loss, latency]) =>
        !front.some((point) => point[0] <= loss * (1 + 1e-9) && point[1] <= latency * (1 + 1e-9)) &&
        front.every((point) => point[0] > loss * 1.02 || point[1] > latency * 1.02),
    );
    expect(beaten).toEqual([]);
    expect(points.every(({ feasible }) => feasible)).toBe(true);
    if (kind === 'a budget on an objective') expect(rejections['over latencyMs']).toBeGreaterThan(0);
  });

  it('spends what it may where the loss does not add up, and evaluates nothing twice', async () => {
    const { points, evaluations, modelCorrelation } = await guided({ budgets: { latencyMs: 0.11 } }, { proxy: joint });
    expect(evaluations).toBe(300);
    expect(new Set(points.map(({ genome }) => genome.join())).size).toBe(300);
    expect(points.every(({ feasible }) => feasible)).toBe(true);
    expect(modelCorrelation).toBeGreaterThan(-1);
  });

  it('gives the same bytes again, and when it was interrupted and resumed', async () => {
    const run = (changes: Parameters<typeof runToyStudy>[1] = {}) =>
      guided({ budgets: { latencyMs: 0.11 } }, { proxy: joint, ...changes });
    const whole = await run();
    expect([...(await run()).files.contents]).toEqual([...whole.files.contents]);
    const files = memoryFiles();
    await expect(run({ files, stopAfter: 7 })).rejects.toMatchObject({ kind: 'interrupted', exitCode: 130 });
    expect([...files.contents.keys()]).toEqual(['runs/toy/checkpoint.json']);
    let evaluated = 0;
    const counting = {
      ...joint,
      loss(schemes: Parameters<typeof toyLoss>[0]) {
        evaluated++;
        return joint.loss(schemes);
      },
    };
    const resumed = await run({ files, resume: true, proxy: counting });
    expect(new Map(resumed.files.contents)).toEqual(new Map(whole.files.contents));
    expect(evaluated).toBeLessThan(300);
  });

  it('refuses the checkpoint of another strategy', async () => {
    const files = memoryFiles();
    await expect(guided({}, { files, stopAfter: 2, proxy: joint })).rejects.toThrow();
    await expect(runToyStudy({}, { files, resume: true, proxy: joint })).rejects.toMatchObject({ kind: 'mismatch' });
  });

  it('keeps every budget on the fastest candidates alone, from the first evaluation on', async () => {
    const budgets = { latencyMs: latencyOf(costModel.layers.map(() => SCHEMES.indexOf('w2a2'))) * 1.03 };
    const { points } = await guided({ budgets });
    expect(points[0].feasible && points.every(({ feasible }) => feasible)).toBe(true);
  });

  it('minimises RAM under a budget on RAM', async () => {
    const free = await guided({ objectives: ['accuracy', 'ram'] });
    const ramBytes = free.front[0].cost.ramBytes;
    const { points, front } = await guided({ objectives: ['accuracy', 'ram'], budgets: { ramBytes } });
    expect(points.every(({ cost }) => cost.ramBytes <= ramBytes)).toBe(true);
    expect(front.length).toBeGreaterThan(0);
  });

  it('writes study.json with every rejection by its reason', async () => {
    const { files, rejections, hypervolume, evaluations } = await guided({ budgets: { latencyMs: 0.1 } });
    const study = JSON.parse(files.contents.get('runs/toy/study.json')!);
    expect(study).toMatchObject({ strategy: 'guided', evaluations, hypervolume, rejections });
    expect(Object.keys(study.rejections)).toEqual(['over latencyMs']);
  });

  it.each(['nsga2', 'nsga3'] as const)('selects by %s where it is asked to', async (algorithm) => {
    const { evaluations } = await guided({ algorithm }, { proxy: joint });
    expect(evaluations).toBe(300);
  });
});
