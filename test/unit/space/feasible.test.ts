import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { metricValue } from '../../../src/cost/metric-values.ts';
import type { CostModel } from '../../../src/cost/types.ts';
import { type Scheme, schemeBits } from '../../../src/quant/scheme.ts';
import {
  type Budgets,
  budgetViolation,
  createBitSpace,
  createRepair,
  findFeasible,
  jointlyInfeasible,
} from '../../../src/space/index.ts';

const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a8'];
const layers = ['a', 'b', 'c', 'd', 'e'];

/**
 * What no table of single layers can say: a change between f32 and integers costs extra at the border, RAM is a maximum,
 * and bit operations are cheap where latency is dear, so that the two exclude each other.
 */
const costModel: CostModel = {
  layers,
  keys: () => [],
  uniform: (scheme) => layers.map(() => scheme),
  estimate(schemes) {
    let latency = 0;
    let bitOps = 0;
    let ramBytes = 0;
    schemes.forEach((scheme, i) => {
      const { weightBits, activationBits } = schemeBits(scheme);
      const border = i > 0 && (scheme === 'f32') !== (schemes[i - 1] === 'f32') ? 5 : 0;
      latency += (scheme === 'w2a8' ? 9 : scheme === 'f32' ? 4 : 2 + weightBits / 8) * (1 + i / 7) + border;
      bitOps += weightBits * (i + 1);
      ramBytes = Math.max(ramBytes, (activationBits + weightBits) * (10 - i));
    });
    const exactly = (value: number) => ({ value, low: value, high: value });
    const energyMj = { ...exactly(latency), source: 'model' as const };
    return { latencyMs: exactly(latency), energyMj, sizeBytes: bitOps, ramBytes, macs: 1, bitOps, parameters: 1 };
  },
};
const space = createBitSpace({ layers, schemes: SCHEMES, fixed: new Map() });
const loss = (schemes: readonly Scheme[]) => schemes.reduce((sum, s) => sum + 1 / schemeBits(s).weightBits, 0);
const all = Array.from({ length: SCHEMES.length ** layers.length }, (_, index) =>
  layers.map((_, i) => Math.floor(index / SCHEMES.length ** i) % SCHEMES.length),
);
const costOf = (genome: number[]) => costModel.estimate(space.decode(genome));
const kept = (budgets: Budgets) => all.filter((genome) => budgetViolation(costOf(genome), budgets) === 0);
const sorted = (metric: 'latencyMs' | 'ramBytes') =>
  all.map((genome) => metricValue(costOf(genome), metric)).sort((a, b) => a - b);

describe('a known feasible candidate', () => {
  it('is found for the tightest reachable budget, and for none below', () => {
    for (const metric of ['latencyMs', 'ramBytes'] as const) {
      const [least] = sorted(metric);
      expect(budgetViolation(costOf(findFeasible(space, costModel, { [metric]: least })!), { [metric]: least })).toBe(
        0,
      );
      expect(findFeasible(space, costModel, { [metric]: least * 0.999 })).toBeUndefined();
    }
  });

  it('is found for two budgets wherever trying all candidates finds one', () => {
    for (let latencyMs = 14; latencyMs <= 60; latencyMs += 2) {
      for (const bitOps of [30, 40, 60, 100, 300]) {
        const budgets = { latencyMs, bitOps };
        expect([budgets, findFeasible(space, costModel, budgets) !== undefined]).toEqual([
          budgets,
          kept(budgets).length > 0,
        ]);
      }
    }
  });
});

describe('repair beyond what adds up over layers', () => {
  it.each<[string, Budgets]>([
    ['the tightest latency', { latencyMs: sorted('latencyMs')[0] }],
    ['a latency across borders of types', { latencyMs: sorted('latencyMs')[200] }],
    ['the tightest RAM, a maximum', { ramBytes: sorted('ramBytes')[0] }],
    ['a RAM that f32 layers break in pairs', { ramBytes: sorted('ramBytes')[100] }],
    ['latency, RAM and bit operations', { latencyMs: 30, ramBytes: 160, bitOps: 55 }],
  ])('brings every candidate of the space inside %s', (_, budgets) => {
    expect(kept(budgets).length).toBeGreaterThan(0);
    const repair = createRepair(space, costModel, budgets, loss);
    const random = new Random(1);
    for (const genome of all) expect(budgetViolation(costOf(repair(genome, random)!), budgets)).toBe(0);
  });

  it('draws all chance from the source it is given', () => {
    const repair = createRepair(space, costModel, { latencyMs: 30, ramBytes: 200 }, loss);
    const run = () => {
      const random = new Random(5);
      return all.map((genome) => repair(genome, random));
    };
    expect(run()).toEqual(run());
  });
});

describe('budgets that exclude each other', () => {
  it('name the pair that does', () => {
    const error = jointlyInfeasible(space, costModel, { sizeBytes: 2048, latencyMs: 17, bitOps: 40 });
    expect(error.kind).toBe('infeasible');
    expect(error.remedy).toBe('17.0000 ms and 40 bit operations exclude each other: loosen one of them.');
  });
});
