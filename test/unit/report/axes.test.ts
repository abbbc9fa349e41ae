import { describe, expect, it } from 'vitest';
import { axis, extentOf, logarithmicTicks } from '../../../src/report/charts/axes.ts';

describe('the extent of an axis', () => {
  it('holds every value with a margin', () => {
    for (const values of [[3], [0], [-2, 5], [0.3, 2.5], [1e-9, 4], [7, 7, 7.0001]]) {
      const { low, high } = extentOf(values);
      expect(low, String(values)).toBeLessThanOrEqual(Math.min(...values));
      expect(high, String(values)).toBeGreaterThan(Math.max(...values));
      expect(Number.isFinite(low) && Number.isFinite(high)).toBe(true);
    }
  });

  it('is logarithmic only for positive values that lie far apart', () => {
    expect(extentOf([1, 2]).logarithmic).toBe(false);
    expect(extentOf([0, 2]).logarithmic).toBe(false);
    expect(extentOf([1, 3]).logarithmic).toBe(true);
  });

  it('does not reach below zero where nothing lies there', () => {
    expect(extentOf([0, 10]).low).toBe(0);
  });
});

describe('logarithmic ticks', () => {
  it('take the coarsest steps that give four', () => {
    expect(logarithmicTicks(0.0001, 10)).toEqual([0.0001, 0.001, 0.01, 0.1, 1, 10]);
    expect(logarithmicTicks(0.03, 2)).toEqual([0.03, 0.1, 0.3, 1]);
    expect(logarithmicTicks(0.05, 2)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
  });

  it('lie within the axis, which names its scale', () => {
    const extent = extentOf([0.31, 2.4]);
    expect(logarithmicTicks(extent.low, extent.high).every((t) => t >= extent.low && t <= extent.high)).toBe(true);
    expect(axis('latency, ms', extent, 0)).toMatchObject({ type: 'log', name: 'latency, ms (logarithmic)' });
  });
});
