import { describe, expect, it } from 'vitest';
import { defaultDivisions, referenceDirections } from '../../../src/search/index.ts';

describe('reference directions', () => {
  it.each([
    [3, 12, 91],
    [5, 6, 210],
    [2, 99, 100],
    [1, 5, 1],
    [8, [3, 2], 156],
    [10, [3, 2], 275],
    [15, [2, 1], 135],
  ])('of %d objectives and %j divisions are the %d of the paper', (objectives, divisions, count) => {
    const directions = referenceDirections(objectives, divisions);
    expect(directions).toHaveLength(count);
    expect(new Set(directions.map(String)).size).toBe(count);
    for (const direction of directions) {
      expect(direction.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 12);
      expect(Math.min(...direction)).toBeGreaterThanOrEqual(0);
    }
  });

  it('shrink the inner layer half way to the centre', () => {
    const inner = referenceDirections(3, [1, 1]).slice(3);
    expect(inner).toContainEqual([1 / 6, 1 / 6, 1 / 2 + 1 / 6]);
  });

  it('default to the finest that the population can occupy', () => {
    expect(defaultDivisions(2, 92)).toEqual([91]);
    expect(defaultDivisions(3, 92)).toEqual([12]);
    expect(defaultDivisions(5, 212)).toEqual([6]);
    expect(defaultDivisions(10, 276)).toEqual([3, 2]);
    expect(defaultDivisions(1, 10)).toEqual([1]);
  });

  it('refuse what is no number of directions', () => {
    expect(() => referenceDirections(3, 2.5)).toThrow('2.5 divisions');
    expect(() => referenceDirections(0, 3)).toThrow('0 objectives');
    expect(() => referenceDirections(20, 40)).toThrow('directions');
  });
});
