import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { createDesignCosts, createDesignWork } from '../../../../src/cost/design-costs.ts';
import { parseDevice } from '../../../../src/cost/device.ts';
import { completeLut } from '../../../../src/lut/serialize.ts';
import { zooNetwork } from '../../../../src/network/zoo/index.ts';
import { createSearchSpace, type SpaceConfigInput } from '../../../../src/space/index.ts';
import { drawAtBudget, drawVaried } from '../../../../src/study/proxy-check/draw-candidates.ts';
import { compareWithTruth } from '../../../../src/study/proxy-check/report.ts';
import { tableFor } from '../../lut/toy-table.ts';

const network = zooNetwork('resnet8');
const BITS: SpaceConfigInput = { bits: { schemes: ['w8a8', 'w4a8', 'w4a4', 'w2a4', 'w2a2'] } };
const PRUNED: SpaceConfigInput = { ...BITS, keep: { ratios: [0.25, 0.5, 0.75, 1] } };
const keys = (genomes: number[][]) => genomes.map((genome) => genome.join('-'));

describe('varied candidates', () => {
  it('are different ones, uniform ones among them, and the same for the same seed', () => {
    for (const config of [BITS, PRUNED]) {
      const space = createSearchSpace(network, config);
      const drawn = keys(drawVaried(space, 40, new Random(3)));
      expect(new Set(drawn).size).toBe(40);
      expect(drawn).toContain(space.genes.map(() => 0).join('-'));
      expect(keys(drawVaried(space, 40, new Random(3)))).toEqual(drawn);
      expect(keys(drawVaried(space, 40, new Random(4)))).not.toEqual(drawn);
    }
  });

  it('spread wider in their bit operations than purely random ones', () => {
    const space = createSearchSpace(network, BITS);
    const work = createDesignWork(network);
    const spread = (genomes: number[][]) => {
      const values = genomes.map((genome) => work(space.decode(genome)).bitOps).sort((a, b) => a - b);
      return values[Math.floor(0.9 * values.length)] / values[Math.floor(0.1 * values.length)];
    };
    const random = new Random(1);
    const plain = Array.from({ length: 100 }, () => space.genes.map(({ choices }) => random.below(choices.length)));
    expect(spread(drawVaried(space, 100, new Random(1)))).toBeGreaterThan(1.1 * spread(plain));
  });

  it('are all there are where a space has fewer', () => {
    const space = createSearchSpace(network, { bits: { schemes: ['w8a8', 'w4a4'], per: 'network' } });
    expect(keys(drawVaried(space, 50, new Random(1))).sort()).toEqual(['0', '1']);
  });
});

describe('candidates of one cost', () => {
  it('are within the tolerance, and differ', () => {
    for (const config of [BITS, PRUNED]) {
      const space = createSearchSpace(network, config);
      const work = createDesignWork(network);
      const costOf = (genome: readonly number[]) => work(space.decode(genome)).sizeBytes;
      const value = 50_000;
      const drawn = drawAtBudget(space, { costOf, value, tolerance: 0.02 }, 30, new Random(2));
      expect(new Set(keys(drawn)).size).toBe(30);
      for (const genome of drawn) expect(Math.abs(costOf(genome) / value - 1)).toBeLessThanOrEqual(0.02);
    }
  });

  it('are none where none can be, and the search for them ends', () => {
    const space = createSearchSpace(network, BITS);
    const window = { costOf: () => 1, value: 2, tolerance: 0.02 };
    expect(drawAtBudget(space, window, 5, new Random(1))).toEqual([]);
  });
});

describe('what needs no table', () => {
  it('is what the cost model says with one', () => {
    const table = completeLut(tableFor(network, ['w8a8', 'w4a8', 'w4a4', 'w2a4', 'w2a2'], () => 1));
    const file = new URL('../../../../devices/raspberry-pi-4.json', import.meta.url);
    const device = parseDevice(readFileSync(file, 'utf8'), 'pi');
    const costs = createDesignCosts({ network, table, device });
    const space = createSearchSpace(network, BITS);
    for (const genome of drawVaried(space, 10, new Random(5))) {
      const { sizeBytes, macs, bitOps } = costs.estimate(space.decode(genome));
      expect(createDesignWork(network)(space.decode(genome))).toEqual({ sizeBytes, macs, bitOps });
    }
  });
});

describe('a proxy beside the truth', () => {
  const draw = (count: number, seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: count }, () => random.below(1000));
  };
  const truth = { varied: draw(60, 1), atBudget: draw(40, 2) };
  const facts = { name: 'planted', kind: 'bits' as const, seconds: 1 };

  it('agrees entirely where it is the truth', () => {
    const found = compareWithTruth(facts, truth, truth, 1);
    expect(found.spearman).toBeCloseTo(1, 12);
    expect(found.topFifth).toMatchObject({ candidates: 12 });
    expect(found.topFifth.spearman).toBeCloseTo(1, 12);
    expect(found.atFixedBudget?.low).toBeCloseTo(1, 12);
    expect(found.evaluationsSaved).toBeCloseTo(19, 6); // all but one of half of the 40
  });

  it('has an interval over 0 where it is drawn at random', () => {
    const found = compareWithTruth(facts, { varied: draw(60, 8), atBudget: draw(40, 9) }, truth, 1);
    for (const { low, high } of [found, found.atFixedBudget!]) {
      expect(low).toBeLessThan(0);
      expect(high).toBeGreaterThan(0);
    }
    expect(found.evaluationsSaved).toBeLessThan(3);
  });

  it('is looked at among the truly best alone for the best fifth', () => {
    const best = [...truth.varied].sort((a, b) => a - b)[11];
    const losses = truth.varied.map((loss) => (loss <= best ? -loss : 2000 + loss));
    const found = compareWithTruth(facts, { varied: losses, atBudget: truth.atBudget }, truth, 1);
    expect(found.spearman).toBeGreaterThan(0.7);
    expect(found.topFifth.spearman).toBeCloseTo(-1, 12);
  });

  it('is judged by the varied candidates where none share a cost', () => {
    const alone = { varied: truth.varied, atBudget: [] };
    const found = compareWithTruth(facts, alone, alone, 1);
    expect(found.atFixedBudget).toBeNull();
    expect(found.evaluationsSaved).toBeCloseTo(29, 6);
  });
});
