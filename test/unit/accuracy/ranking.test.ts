import { describe, expect, it } from 'vitest';
import { evaluationsSaved } from '../../../src/accuracy/ranking/evaluations-saved.ts';
import { rankAgreement } from '../../../src/accuracy/ranking/rank-agreement.ts';
import { Random } from '../../../src/core/random.ts';

const draw = (count: number, seed: number, levels = 2 ** 20) => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.below(levels));
};

describe('the agreement of two orders', () => {
  it('is what the textbooks work out by hand, with ties', () => {
    // ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: ρ = 4.5 / √(4.5 · 5), τ-b = 5 / √(5 · 6)
    const { spearman, kendall } = rankAgreement([1, 2, 2, 3], [10, 20, 30, 40], 1);
    expect(spearman.value).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
    expect(kendall.value).toBeCloseTo(5 / Math.sqrt(5 * 6), 12);
    // of ten pairs two are out of order; Σd² = 4 of 120
    const swapped = rankAgreement([1, 2, 3, 4, 5], [1, 3, 2, 5, 4], 1);
    expect(swapped.kendall.value).toBeCloseTo(0.6, 12);
    expect(swapped.spearman.value).toBeCloseTo(0.8, 12);
  });

  it('is the same under any increasing change of either side', () => {
    const [a, b] = [draw(30, 1, 12), draw(30, 2, 12)];
    const changed = rankAgreement(
      a.map((x) => x ** 3 - 7),
      b.map((x) => 2 ** x),
      3,
    );
    expect(changed).toEqual(rankAgreement(a, b, 3));
  });

  it('is 1 with an interval of one point for a proxy that is the truth, and −1 for its opposite', () => {
    const truth = draw(40, 5);
    const { spearman, kendall } = rankAgreement(truth, truth, 1);
    for (const { value, low, high } of [spearman, kendall]) {
      expect(value).toBeCloseTo(1, 12);
      expect(low).toBeCloseTo(1, 12);
      expect(high).toBeCloseTo(1, 12);
    }
    expect(
      rankAgreement(
        truth.map((x) => -x),
        truth,
        1,
      ).spearman.value,
    ).toBeCloseTo(-1, 12);
  });

  it('holds 0 in the interval of a random proxy, in about nineteen of twenty cases', () => {
    let held = 0;
    for (let trial = 0; trial < 24; trial++) {
      const { low, high } = rankAgreement(draw(25, 1000 + trial), draw(25, 2000 + trial), trial).spearman;
      if (low! <= 0 && high! >= 0) held++;
    }
    expect(held).toBeGreaterThanOrEqual(20);
  });

  it('is null where it is not defined', () => {
    const nothing = { value: null, low: null, high: null };
    expect(rankAgreement([1, 1, 1], [1, 2, 3], 1).spearman).toEqual(nothing);
    expect(rankAgreement([1], [2], 1)).toEqual({ candidates: 1, spearman: nothing, kendall: nothing });
    expect(rankAgreement([], [], 1)).toEqual({ candidates: 0, spearman: nothing, kendall: nothing });
  });

  it('depends on the seed in its interval alone', () => {
    const [a, b] = [draw(20, 1), draw(20, 2)];
    const [first, second] = [rankAgreement(a, b, 1), rankAgreement(a, b, 2)];
    expect(first).toEqual(rankAgreement(a, b, 1));
    expect(second.spearman.value).toBe(first.spearman.value);
    expect(second.spearman.low).not.toBe(first.spearman.low);
  });
});

describe('evaluations saved', () => {
  /** Every half of the candidates, the pick of each, and the best of every k candidates: nothing but counting. */
  function bruteForce(losses: number[], truths: number[]): number {
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const subsets = (size: number) =>
      Array.from({ length: 2 ** losses.length }, (_, mask) =>
        losses.map((_, i) => i).filter((i) => (mask >> i) & 1),
      ).filter((subset) => subset.length === size);
    const half = Math.ceil(losses.length / 2);
    const picked = mean(
      subsets(half).map((subset) => {
        const least = Math.min(...subset.map((i) => losses[i]));
        return mean(subset.filter((i) => losses[i] === least).map((i) => truths[i]));
      }),
    );
    const best = Array.from({ length: half }, (_, k) =>
      mean(subsets(k + 1).map((subset) => Math.min(...subset.map((i) => truths[i])))),
    );
    if (picked >= best[0]) return 0;
    const next = best.findIndex((value) => value <= picked + 1e-12);
    return next < 0 ? half - 1 : next - 1 + (best[next - 1] - picked) / (best[next - 1] - best[next]);
  }

  it('are what counting all subsets gives, ties included', () => {
    for (let trial = 0; trial < 30; trial++) {
      const count = 3 + (trial % 7);
      const [losses, truths] = [draw(count, trial, 5), draw(count, 100 + trial, 9)];
      expect(evaluationsSaved(losses, truths)).toBeCloseTo(bruteForce(losses, truths), 9);
    }
  });

  it('are all but one of a half for the truth itself, and none for its opposite or for no opinion', () => {
    const truths = draw(60, 7);
    expect(evaluationsSaved(truths, truths)).toBeCloseTo(29, 6);
    expect(
      evaluationsSaved(
        truths.map((x) => -x),
        truths,
      ),
    ).toBe(0);
    expect(
      evaluationsSaved(
        truths.map(() => 1),
        truths,
      ),
    ).toBeCloseTo(0, 9);
    expect(
      evaluationsSaved(
        truths,
        truths.map(() => 3),
      ),
    ).toBe(0);
  });
});
