import { describe, expect, it } from 'vitest';
import { summarizeSamples } from '../../../src/measure/statistics.ts';
import { errorOf } from '../../../src/measure/validation.ts';

/** Networks that took 1, 2, 3 … ms. */
const truth = (atLevel: boolean[]) => ({
  times: atLevel.map((_, i) => summarizeSamples([i + 1])),
  levelNs: 1000,
  atLevel,
});

describe('the error over held-out networks', () => {
  it('leaves out those that were timed at another speed of the machine', () => {
    const predicted = [1.1, 2.2, 3.3, 4.4, 5.5, 9, 12];
    const { validation, slowdown } = errorOf(predicted, truth([true, true, true, true, true, false, false]), 1.01);
    expect(validation).toMatchObject({ networks: 5, kendallTau: 1 });
    expect(validation!.bias).toBeCloseTo(0.1, 12);
    expect(slowdown).toBe(1.01);
  });

  it('says nothing of fewer than five, unless there were no more', () => {
    const four = truth([true, true, true, true, false, false]);
    expect(errorOf([1, 2, 3, 4, 5, 6], four, 1)).toEqual({ validation: null, slowdown: Number.NaN });
    expect(errorOf([1, 2], truth([true, true]), 1).validation).toMatchObject({ networks: 2, bias: 0 });
  });
});
