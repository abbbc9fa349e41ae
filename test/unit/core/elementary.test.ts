import { describe, expect, it } from 'vitest';
import { exponential, logarithm } from '../../../src/core/elementary.ts';
import { Random } from '../../../src/core/random.ts';

/** The engine's own functions are off by a unit or so in the last place: they tell whether ours are far from the truth. */
function worst(of: (x: number) => number, truth: (x: number) => number, draw: (random: Random) => number): number {
  const random = new Random(1);
  let largest = 0;
  for (let i = 0; i < 20_000; i++) {
    const x = draw(random);
    largest = Math.max(largest, Math.abs(of(x) - truth(x)) / Math.abs(truth(x)));
  }
  return largest;
}

describe('exponential', () => {
  it('is within 5e-16 of e^x over the whole range of doubles', () => {
    expect(worst(exponential, Math.exp, (random) => random.real() * 1400 - 700)).toBeLessThan(8e-16);
    expect(worst(exponential, Math.exp, (random) => random.real() * 4 - 2)).toBeLessThan(8e-16);
  });

  it('is 0 and infinite where doubles end, and known at known points', () => {
    expect([exponential(-1e9), exponential(1e9), exponential(0)]).toEqual([0, Number.POSITIVE_INFINITY, 1]);
    expect(exponential(1)).toBeCloseTo(Math.E, 15);
    expect(exponential(Number.NaN)).toBeNaN();
  });
});

describe('logarithm', () => {
  it('is within 1e-15 of ln x from the smallest to the largest doubles', () => {
    const anywhere = (random: Random) => (1 + random.real()) * 2 ** (random.below(2045) - 1022);
    expect(worst(logarithm, Math.log, anywhere)).toBeLessThan(1e-15);
    expect(worst(logarithm, Math.log, (random) => 0.5 + random.real())).toBeLessThan(1e-15);
    expect(logarithm(5e-324)).toBeCloseTo(Math.log(5e-324), 9);
    expect(logarithm(Number.MAX_VALUE)).toBeCloseTo(Math.log(Number.MAX_VALUE), 9);
  });

  it('is what the engine says at 0, below it and at infinity', () => {
    expect([logarithm(0), logarithm(-1), logarithm(Number.POSITIVE_INFINITY), logarithm(1)]).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0,
    ]);
  });

  it('undoes the exponential', () => {
    for (const x of [-300, -1.5, 1e-3, 0.7, 42, 600]) expect(logarithm(exponential(x)) / x).toBeCloseTo(1, 12);
  });
});
