import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { createDesignCosts } from '../../src/cost/design-costs.ts';
import { importTable } from '../../src/lut/import/index.ts';
import { completeLut } from '../../src/lut/serialize.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { deviceFacts } from '../../src/node/tables.ts';
import {
  type Budgets,
  budgetViolation,
  choiceCounts,
  createRepair,
  createSearchSpace,
  reachableMinimum,
  type SpacePoint,
} from '../../src/space/index.ts';
import { APQ_EVOLUTION, apqTable, capacityProxy, runStudy } from '../../src/study/index.ts';
import { memoryFiles } from '../unit/study/toy-study.ts';
import { explainSkip, hasTestData, readTestData } from './test-data.ts';

explainSkip("APQ's own table");

describe.skipIf(!hasTestData)("APQ's space on APQ's own table", { timeout: 240_000 }, async () => {
  if (!hasTestData) return;
  const network = zooNetwork('apq');
  const space = createSearchSpace(network, APQ_EVOLUTION.space(network));
  const bytes = readTestData('luts/apq_bitfusion_lut.json');
  const imported = completeLut(importTable('apq', { name: 'apq.json', bytes }, { network }).content);
  const table = apqTable(imported, network);
  const device = await deviceFacts(nodeFiles, table);
  const costs = createDesignCosts({ network, table, device });

  /** The genome in which every block has the same settings. */
  const uniform = (expansion: number, window: number, depth: number, bits: number) =>
    space.genes.map(({ kind, choices }) => {
      if (kind === 'window') return choices.indexOf(window);
      if (kind === 'drop') return choices.indexOf(4 - depth);
      if (kind === 'keep') return choices.indexOf((Number(choices[choices.length - 1]) * expansion) / 6);
      return choices.indexOf(bits);
    });

  it.each([
    [4, 3, 2, 4, 2.959, 5.107],
    [4, 3, 2, 8, 4.665, 6.644],
    [6, 3, 4, 4, 7.379, 12.853],
    [6, 3, 4, 8, 12.861, 17.582],
    [6, 7, 4, 8, 46.792, 40.685],
  ])('costs what APQ says: expansion %d, window %d, depth %d, %d bits: %f ms, %f mJ', (e, k, d, bits, ms, mj) => {
    const { latencyMs, energyMj } = costs.estimate(space.decode(uniform(e, k, d, bits)));
    expect(latencyMs.value).toBeCloseTo(ms, 3);
    expect(energyMj.value).toBeCloseTo(mj, 3);
    expect(energyMj.source).toBe('model');
  });

  it('is the published space: 21 blocks, 772 choices of blocks, 8e74 of them valid', () => {
    expect(space.genes.filter(({ kind }) => kind === 'drop')).toHaveLength(5);
    const blocks = space.genes.filter(({ kind }) => kind !== 'drop');
    expect(blocks.reduce((sum, { choices }) => sum + choices.length, 0)).toBe(772);
    const all = blocks.reduce((product, { choices }) => product * choices.length, 1);
    expect(all * (8 / 9) ** 21).toBeGreaterThan(8e74);
    expect(all * (8 / 9) ** 21).toBeLessThan(9e74);
  });

  it('prices every design, for windows of 7 never get 4 bits', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 300; trial++) {
      const genome = choiceCounts(space).map((count) => random.below(count));
      expect(costs.estimate(space.decode(genome)).latencyMs.value).toBeGreaterThan(2);
    }
  });

  const largest = space.decode(uniform(6, 7, 4, 8));
  const proxy = capacityProxy(costs, largest);
  const run = (budgets: Record<string, number>) =>
    runStudy<SpacePoint>({
      settings: { ...APQ_EVOLUTION.settings, evaluations: 700, budgets, seed: 1 },
      space,
      costModel: costs,
      proxy,
      initial: APQ_EVOLUTION.initial(space, 1),
      files: memoryFiles(),
      folder: 'run',
      provenance: {},
      toCandidate: ({ genome }) => ({ genome }),
      onProgress: () => {},
      cancellation: { aborted: false },
      pause: async () => {},
    });

  it('charges for bits: fewer of them lose more', () => {
    const [eight, four] = [8, 4].map((bits) => proxy.loss(space.decode(uniform(5, 5, 3, bits))));
    expect(four).toBeGreaterThan(eight);
    expect(proxy.loss(largest)).toBeLessThan(eight);
  });

  it('keeps two budgets at once, with children by crossover and a depth that changes', async () => {
    const budgets = { latencyMs: 8, energyMj: 10 };
    const { points, evaluations, rejections } = await run(budgets);
    expect(evaluations).toBe(700);
    expect(points.every(({ cost }) => cost.latencyMs.value <= 8 && cost.energyMj.value <= 10)).toBe(true);
    expect(new Set(points.map(({ genome }) => genome.join())).size).toBe(700);
    const drops = space.genes.flatMap(({ kind }, gene) => (kind === 'drop' ? [gene] : []));
    const children = points.slice(100);
    for (const gene of drops) expect(new Set(children.map(({ genome }) => genome[gene])).size).toBeGreaterThan(1);
    expect(rejections['over latencyMs']).toBeGreaterThan(50); // random designs are far over
    const early = Math.min(...points.slice(0, 100).map(({ loss }) => loss));
    expect(Math.min(...points.map(({ loss }) => loss))).toBeLessThan(early);
  });

  it('begins within every tight budget, from every seed, where none of the random designs would be', () => {
    const least = reachableMinimum(space, costs, { latencyMs: 1, energyMj: 1 });
    const tight = (latency?: number, energy?: number): Budgets => ({
      ...(latency !== undefined && { latencyMs: latency * least.latencyMs }),
      ...(energy !== undefined && { energyMj: energy * least.energyMj }),
    });
    for (const budgets of [tight(1.02), tight(1.2), tight(undefined, 1.1), tight(1.2, 1.2)]) {
      const repair = createRepair(space, costs, budgets, (point) => proxy.loss(point));
      let keeping = 0;
      for (let seed = 1; seed <= 11; seed++) {
        const random = new Random(seed);
        for (const genome of APQ_EVOLUTION.initial(space, seed)) {
          if (budgetViolation(costs.estimate(space.decode(genome)), budgets) === 0) keeping++;
          const repaired = repair(genome, random);
          expect(repaired && budgetViolation(costs.estimate(space.decode(repaired)), budgets)).toBe(0);
        }
      }
      expect(keeping).toBe(0); // of 1100: drawing until a hundred fit would not end
    }
  });

  it('ends at once where a budget cannot be kept, and says what can', async () => {
    await expect(run({ latencyMs: 1 })).rejects.toMatchObject({
      kind: 'infeasible',
      reachable: { latencyMs: expect.closeTo(2.9, 0) },
    });
  });
});
