import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { adjustForMany, medianError, medianTails, studentP } from '../../../../src/lut/compare/order-statistics.ts';
import { summarizeSamples } from '../../../../src/measure/statistics.ts';

describe('the interval of a median', () => {
  it('misses it as often as the binomial distribution says', () => {
    // the whole range of n samples misses the median where all of them lie on one side of it
    for (const n of [2, 3, 4, 5]) expect(medianTails(n)).toEqual({ below: 2 ** -n, above: 2 ** -n });
    // tables of the binomial: with 20 tosses at most 5 heads have 2.07%, at least 16 have 0.59%
    expect(medianTails(20).below).toBeCloseTo(0.0207, 4);
    expect(medianTails(20).above).toBeCloseTo(0.0059, 4);
    expect(medianTails(1000)).toEqual({ below: 0.025, above: 0.025 });
  });

  it('is the one that samples are summarised with', () => {
    const random = new Random(3);
    for (const n of [4, 12, 16, 33]) {
      const trials = 4000;
      let below = 0;
      let above = 0;
      for (let i = 0; i < trials; i++) {
        const { low, high } = summarizeSamples(Array.from({ length: n }, () => random.real()));
        if (low > 0.5) below++;
        if (high < 0.5) above++;
      }
      expect(below / trials).toBeCloseTo(medianTails(n).below, 1.9);
      expect(above / trials).toBeCloseTo(medianTails(n).above, 1.9);
    }
  });

  it('gives standard errors whose size the clock bounds from below', () => {
    const exact = { median: 10, low: 10, high: 10, p95: 10, count: 16 };
    expect(medianError(exact, 0)).toEqual({ below: 0, above: 0 });
    const { below, above } = medianError(exact, 1000); // a step of 1 µs
    expect(below).toBeCloseTo(0.1 / Math.sqrt(12), 12);
    expect(above).toBe(below);
    const lopsided = medianError({ ...exact, low: 9.9, high: 10.4, count: 5 }, 0);
    expect(lopsided.above / lopsided.below).toBeCloseTo(Math.log(1.04) / Math.log(10 / 9.9), 10);
  });
});

describe('the p-value of Student', () => {
  it.each([
    [12.706, 1],
    [4.303, 2],
    [2.571, 5],
    [2.262, 9],
    [2.228, 10],
    [2.042, 30],
    [1.984, 100],
  ])('is 5%% at the tabulated %f for %i degrees of freedom', (t, degrees) => {
    expect(studentP(t, degrees)).toBeCloseTo(0.05, 4);
    expect(studentP(-t, degrees)).toBe(studentP(t, degrees));
  });

  it('is 1 for no difference and falls to 0', () => {
    expect(studentP(0, 7)).toBe(1);
    expect(studentP(1e6, 7)).toBeLessThan(1e-12);
    expect(studentP(2.3, 0.3)).toBe(studentP(2.3, 1));
  });
});

describe('correcting for many tests', () => {
  it('finds the four of the example of Benjamini and Hochberg (1995, section 4.1)', () => {
    const published = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    const shuffled = [...published].reverse();
    const significant = shuffled.filter((_, i) => adjustForMany(shuffled)[i] <= 0.05);
    expect(significant).toEqual([0.0095, 0.0019, 0.0004, 0.0001]);
  });

  it('keeps the order of the p-values and never lowers one', () => {
    const adjusted = adjustForMany([0.2, 0.001, 0.9, 0.001]);
    expect(adjusted[1]).toBe(adjusted[3]);
    expect(adjusted[0]).toBeGreaterThanOrEqual(0.2);
    expect(adjustForMany([])).toEqual([]);
  });
});
