import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { EdgeTimer } from '../../../src/measure/edge-timer.ts';
import { leastSquares } from '../../../src/measure/least-squares.ts';
import type { TimedNetwork } from '../../../src/measure/rounds.ts';

const GROUPS = 12;
const alone = new Map(Array.from({ length: GROUPS }, (_, i) => [`${i}`, 10 + 5 * i]));

/** Networks of six random groups, timed with an error of 1%. */
function timed(multiple: (group: number) => number, { count = 100, outliers = 0, groups = GROUPS, seed = 5 } = {}) {
  const random = new Random(seed);
  return Array.from({ length: count }, (): TimedNetwork => {
    const held = Array.from({ length: 6 }, () => random.below(groups));
    const us = held.reduce((sum, group) => sum + alone.get(`${group}`)! * multiple(group), 0);
    const error = 1 + (random.real() - random.real()) * 0.02;
    return {
      ...{ groups: held.map(String), layersUs: [], referenceNs: 1000 },
      wholeUs: us * error * (random.chance(outliers) ? 2 : 1),
    };
  });
}

const multiple = (group: number) => 1.1 + 0.03 * (group % 5);

describe('least squares from whole networks', () => {
  it.each([
    ['clean times', 0],
    ['times of which some are twice too long', 0.05],
  ])('find what each group takes, from %s', (_, outliers) => {
    const { estimates } = leastSquares(timed(multiple, { count: 200, outliers }), alone);
    for (const [name, { median, count }] of estimates) {
      const truth = alone.get(name)! * multiple(Number(name));
      expect(Math.abs(median / truth - 1)).toBeLessThan(0.04);
      expect(count).toBeGreaterThan(50);
    }
  });

  it('give intervals that hold the truth about 95 times in a hundred', () => {
    let outside = 0;
    for (let seed = 0; seed < 30; seed++) {
      for (const [name, { low, high }] of leastSquares(timed(multiple, { seed }), alone).estimates) {
        const truth = alone.get(name)! * multiple(Number(name));
        if (truth < low || truth > high) outside++;
      }
    }
    expect(outside / (30 * GROUPS)).toBeLessThan(0.08);
    expect(outside).toBeGreaterThan(0);
  });

  it('give a group that no network holds the common multiple, and say that it is not sure', () => {
    const { estimates, deviation } = leastSquares(timed(multiple, { groups: GROUPS - 1 }), alone);
    const unseen = estimates.get(`${GROUPS - 1}`)!;
    const seen = estimates.get(`${GROUPS - 2}`)!;
    const width = ({ high, low, median }: typeof seen) => (high - low) / median;
    expect(unseen.count).toBe(0);
    expect(unseen.median / alone.get(`${GROUPS - 1}`)!).toBeCloseTo(1.16, 1);
    expect(width(unseen)).toBeGreaterThan(1.2 * width(seen));
    expect(deviation).toBeGreaterThan(0.005);
  });
});

describe('a timer of edges', () => {
  it('times more finely than the steps of its clock', () => {
    let nowNs = 123;
    const timer = new EdgeTimer({ nowNs: () => Math.floor((nowNs += 250) / 1e6) * 1e6 });
    for (const ns of [50_000, 700_000, 3_333_333]) {
      const measured = timer.timeNs(() => {
        nowNs += ns;
      });
      expect(Math.abs(measured - ns)).toBeLessThan(2000);
    }
  });
});
