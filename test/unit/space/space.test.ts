import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import {
  budgetViolation,
  createBitSpace,
  createRepair,
  describeMetric,
  jointlyInfeasible,
  startingGenomes,
} from '../../../src/space/index.ts';
import { SCHEMES, toyCostModel, toyLoss, toySpace } from '../study/toy-study.ts';

const costModel = toyCostModel();
const space = toySpace(costModel);

function randomGenome(random: Random): number[] {
  return space.genes.map(() => random.below(SCHEMES.length));
}

describe('the bit space', () => {
  it('decodes what it encoded and keeps fixed layers', () => {
    const fixed = toySpace(costModel, new Map([['stem', 'w8a8']]));
    expect(fixed.genes).toHaveLength(space.genes.length - 1);
    const random = new Random(1);
    for (let trial = 0; trial < 50; trial++) {
      const genome = fixed.genes.map(() => random.below(SCHEMES.length));
      const schemes = fixed.decode(genome);
      expect(schemes[0]).toBe('w8a8');
      expect(fixed.encode(schemes)).toEqual(genome);
    }
  });

  it('refuses unknown layers, strange schemes and an empty choice', () => {
    const layers = ['a', 'b'];
    expect(() => createBitSpace({ layers, schemes: SCHEMES, fixed: new Map([['c', 'w8a8']]) })).toThrowError(
      'no layer "c"',
    );
    expect(() => createBitSpace({ layers, schemes: [], fixed: new Map() })).toThrowError('nothing to choose');
    expect(() => space.encode(space.layers.map(() => 'w3a3'))).toThrowError('cannot take w3a3');
  });
});

describe('repair', () => {
  const budgets = { latencyMs: 0.07, sizeBytes: 40_000 };
  const repair = createRepair(space, costModel, budgets, toyLoss);

  it('brings every genome inside all budgets', () => {
    const random = new Random(4);
    for (let trial = 0; trial < 200; trial++) {
      const repaired = repair(randomGenome(random), random)!;
      expect(budgetViolation(costModel.estimate(space.decode(repaired)), budgets)).toBe(0);
    }
  });

  it('leaves a genome alone that is inside', () => {
    const inside = space.genes.map(() => SCHEMES.indexOf('w2a2'));
    expect(repair(inside, new Random(1))).toEqual(inside);
  });

  it('does not send the whole population to one point', () => {
    const random = new Random(9);
    const start = space.genes.map(() => 0);
    const reached = new Set(Array.from({ length: 50 }, () => repair(start, random)!.join('-')));
    expect(reached.size).toBeGreaterThan(10);
  });

  it('gives up on what cannot be kept, after a bounded number of moves', () => {
    const impossible = createRepair(space, costModel, { latencyMs: 1e-6 }, toyLoss);
    expect(impossible(randomGenome(new Random(2)), new Random(2))).toBeUndefined();
  });

  it('starts from uniform candidates and the cheapest one', () => {
    const starts = startingGenomes(space, costModel, budgets);
    expect(starts).toHaveLength(SCHEMES.length + 2);
    expect(starts[SCHEMES.length]).toEqual(space.genes.map(() => SCHEMES.indexOf('w2a2')));
  });
});

describe('budgets that exclude each other', () => {
  it('are named with what each could reach alone', () => {
    const error = jointlyInfeasible(space, costModel, { latencyMs: 0.06, ramBytes: 1 });
    expect(error.message).toMatch(/0\.0600 ms and 0\.01 KiB of RAM at once/);
    expect(Object.keys(error.reachable!)).toEqual(['latencyMs', 'ramBytes']);
  });
});

describe('a minimum that is named', () => {
  it.each([0.1 + 0.2, 0.07, 0.05, 1 / 3, 2, 0.7 + 0.1])('can be asked for: %d', (value) => {
    const named = Number.parseFloat(describeMetric('latencyMs', value));
    expect(named).toBeGreaterThanOrEqual(value);
    expect(named).toBeLessThan(value + 1.01e-4);
  });

  it('is not rounded up where it is exact', () => {
    expect(describeMetric('latencyMs', 0.07)).toBe('0.0700 ms');
    expect(describeMetric('macs', 12_501_632)).toBe('12501632 MACs');
  });
});
