import { describe, expect, it } from 'vitest';
import type { Cost } from '../../../src/cost/types.ts';
import { type Scheme, schemeBits } from '../../../src/quant/scheme.ts';
import { allocateSpace, type Budgets, budgetViolation, createBitSpace } from '../../../src/space/index.ts';

const layers = ['a', 'b', 'c', 'd', 'e', 'f'];
const exactly = (value: number) => ({ value, low: value, high: value * 1.1 });

/** Latency adds up but for borders between f32 and integers, RAM is a maximum. */
function price(schemes: readonly Scheme[], slowness: number): Cost {
  let latency = 0;
  let sizeBytes = 0;
  let ramBytes = 0;
  schemes.forEach((scheme, i) => {
    const { weightBits, activationBits } = schemeBits(scheme);
    const border = i > 0 && (scheme === 'f32') !== (schemes[i - 1] === 'f32') ? 3 : 0;
    latency += slowness * (1 + weightBits / 8 + activationBits / (5 + i)) + border;
    sizeBytes += weightBits * (100 + 7 * i);
    ramBytes = Math.max(ramBytes, (weightBits + 2 * activationBits) * (9 - i));
  });
  const energyMj = { ...exactly(latency / 2), source: 'model' as const };
  return { latencyMs: exactly(latency), energyMj, sizeBytes, ramBytes, macs: 1, bitOps: sizeBytes, parameters: 1 };
}

const lossOf = (schemes: readonly Scheme[]) =>
  schemes.reduce((sum, scheme, i) => {
    const { weightBits, activationBits } = schemeBits(scheme);
    return sum + (1 / weightBits + 0.7 / activationBits) / (1 + ((i * 5) % 6));
  }, 0);

function setUp(schemes: Scheme[], devices: Record<string, number> = { one: 1 }) {
  const space = createBitSpace({ layers, schemes, fixed: new Map() });
  const estimate = (assigned: readonly Scheme[]): Cost => {
    const prices = Object.entries(devices).map(([name, slowness]) => [name, price(assigned, slowness)] as const);
    const [[, first]] = prices;
    return prices.length === 1 ? first : { ...first, byDevice: Object.fromEntries(prices) };
  };
  const all = Array.from({ length: schemes.length ** layers.length }, (_, index) =>
    space.decode(layers.map((_, i) => Math.floor(index / schemes.length ** i) % schemes.length)),
  );
  const leastLoss = (budgets: Budgets, confidence = 0) =>
    all
      .filter((assigned) => budgetViolation(estimate(assigned), budgets, confidence) === 0)
      .reduce((least, assigned) => Math.min(least, lossOf(assigned)), Number.POSITIVE_INFINITY);
  return { space, pricer: { estimate }, leastLoss };
}

const INTEGERS: Scheme[] = ['w8a8', 'w4a8', 'w4a4', 'w2a2'];

describe('allocateSpace', () => {
  it.each<[string, Budgets]>([
    ['latency', { latencyMs: 16 }],
    ['RAM, a maximum', { ramBytes: 130 }],
    ['RAM, size and latency at once', { ramBytes: 150, sizeBytes: 3600, latencyMs: 17 }],
    ['nothing', {}],
  ])('proves the optimum under budgets on %s', async (_, budgets) => {
    const { space, pricer, leastLoss } = setUp(INTEGERS);
    const found = await allocateSpace(space, pricer, budgets, lossOf);
    expect(found.loss).toBeCloseTo(leastLoss(budgets), 9);
    expect([found.optimal, found.lowerBound]).toEqual([true, found.loss]);
    expect(budgetViolation(found.cost, budgets)).toBe(0);
  });

  it('proves it on several devices at once, each with its own budget or one for all', async () => {
    const { space, pricer, leastLoss } = setUp(INTEGERS, { slow: 2, quick: 0.5 });
    for (const budgets of [{ latencyMs: 30 }, { 'latencyMs@slow': 31, 'latencyMs@quick': 7.4 }] as Budgets[]) {
      const found = await allocateSpace(space, pricer, budgets, lossOf);
      expect([found.optimal, budgetViolation(found.cost, budgets)]).toEqual([true, 0]);
      expect(found.loss).toBeCloseTo(leastLoss(budgets), 9);
    }
  });

  it('keeps a budget for the upper end of the interval where a confidence is asked for', async () => {
    const { space, pricer, leastLoss } = setUp(INTEGERS);
    const budgets = { latencyMs: 16 };
    const sure = await allocateSpace(space, pricer, budgets, lossOf, 0.95);
    expect(sure.cost.latencyMs.high).toBeLessThanOrEqual(16);
    expect(sure.loss).toBeCloseTo(leastLoss(budgets, 0.95), 9);
    expect(sure.loss).toBeGreaterThan(leastLoss(budgets));
  });

  it('keeps budgets on what does not add up, and claims no more', async () => {
    const { space, pricer, leastLoss } = setUp(['f32', 'w8a8', 'w4a4', 'w2a2']);
    for (let latencyMs = 14; latencyMs <= 50; latencyMs += 4) {
      const budgets = { latencyMs, ramBytes: 400 };
      const found = await allocateSpace(space, pricer, budgets, lossOf);
      const least = leastLoss(budgets);
      expect([latencyMs, budgetViolation(found.cost, budgets), found.optimal]).toEqual([latencyMs, 0, false]);
      expect(found.lowerBound).toBeLessThanOrEqual(least + 1e-9);
      expect(found.loss).toBeLessThan(least * 1.25);
    }
  });

  it('refuses budgets that exclude each other, and names the pair', async () => {
    const { space, pricer, leastLoss } = setUp(['w8a1', 'w1a8']);
    const budgets = { sizeBytes: 2000, latencyMs: 13, ramBytes: 10_000 };
    expect(leastLoss(budgets)).toBe(Number.POSITIVE_INFINITY);
    await expect(allocateSpace(space, pricer, budgets, lossOf)).rejects.toMatchObject({
      kind: 'infeasible',
      conflict: ['sizeBytes', 'latencyMs'],
      reachable: { sizeBytes: expect.any(Number), latencyMs: expect.any(Number), ramBytes: expect.any(Number) },
    });
  });
});
