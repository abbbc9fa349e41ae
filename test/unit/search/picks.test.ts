import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { achievementPick, bestPerBudget, kneePoint, paretoFront } from '../../../src/search/index.ts';

describe('the knee', () => {
  it('is where the front bulges furthest, in any units', () => {
    // On 1/x the slope is −1 in shares where x = √(1 · 10).
    const xs = Array.from({ length: 91 }, (_, i) => 1 + i / 10);
    const knee = kneePoint(xs.map((x) => [x, 1 / x]))!;
    expect(xs[knee]).toBeCloseTo(Math.sqrt(10), 1);
    expect(kneePoint(xs.map((x) => [1000 * x, 1e-6 / x - 5]))).toBe(knee);
  });

  it('is the only point of one, and none of none', () => {
    expect(kneePoint([[3, 3, 3]])).toBe(0);
    expect(kneePoint([])).toBeUndefined();
    expect(kneePoint([[1, 5], [1, 5]])).toBe(0); // biome-ignore format: a set of points
  });
});

describe('the achievement pick', () => {
  const front = [[0, 10], [2, 6], [4, 4], [7, 2], [10, 0]]; // biome-ignore format: a set of points

  it('comes as near to a wish as its worst objective can', () => {
    expect(achievementPick(front)).toBe(2);
    expect(achievementPick(front, { wish: [2, 5] })).toBe(1);
    expect(achievementPick(front, { wish: [6, 1] })).toBe(3);
    expect(achievementPick([], { wish: [6, 1] })).toBeUndefined();
  });

  it('heeds the weights', () => {
    expect(achievementPick(front, { weights: [10, 1] })).toBe(0);
    expect(achievementPick(front, { weights: [1, 10] })).toBe(4);
  });

  it('never takes a point that another dominates', () => {
    const random = new Random(3);
    for (let trial = 0; trial < 200; trial++) {
      const points = Array.from({ length: 12 }, () => Array.from({ length: 3 }, () => random.below(4)));
      const wish = Array.from({ length: 3 }, () => random.below(6) - 1);
      expect(paretoFront(points)).toContain(points[achievementPick(points, { wish })!]);
    }
  });

  it('refuses a wish or weights that make no sense', () => {
    expect(() => achievementPick(front, { wish: [1] })).toThrow('wish of a pick is [1]');
    expect(() => achievementPick(front, { weights: [1, 0] })).toThrow('weights of a pick is [1, 0]');
  });
});

describe('the best per budget', () => {
  const points = [[0.3, 10, 1], [0.2, 20, 5], [0.2, 18, 5], [0.1, 40, 2]]; // biome-ignore format: a set of points

  it('is the lowest within all bounds, and of equals the lowest in the rest', () => {
    expect(bestPerBudget(points, [[], [undefined, 20], [undefined, 20, 4], [undefined, 9]])).toEqual([
      3,
      2,
      0,
      undefined,
    ]);
  });

  it('can minimise any metric', () => {
    expect(bestPerBudget(points, [[0.2], [0.05]], 1)).toEqual([2, undefined]);
    expect(bestPerBudget([], [[1]])).toEqual([undefined]);
  });

  it('refuses a metric or bounds that the points do not have', () => {
    expect(() => bestPerBudget(points, [[]], 3)).toThrow('no metric 3');
    expect(() => bestPerBudget(points, [[1, 1, 1, 1]])).toThrow('more than the 3 metrics');
  });
});
