import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { nonNegativeLeastSquares } from '../../../../src/lut/interpolation/nonnegative.ts';

const ones = (n: number) => new Array<number>(n).fill(1);

/** ½ gradient of the squared error: what Kuhn and Tucker's conditions are about. */
function slopes(rows: number[][], targets: number[], weights: number[], x: number[]): number[] {
  const residuals = rows.map((row, r) => targets[r] - row.reduce((sum, value, c) => sum + value * x[c], 0));
  return x.map((_, c) => rows.reduce((sum, row, r) => sum + weights[r] * row[c] * residuals[r], 0));
}

describe('non-negative least squares', () => {
  it('finds coefficients that explain the targets exactly, whatever their scale', () => {
    const rows = [
      [1, 1e6, 3],
      [1, 4e6, 1],
      [1, 2e6, 7],
      [1, 9e6, 2],
    ];
    const targets = rows.map(([a, b, c]) => 5 * a + 2e-6 * b + 0.5 * c);
    const [a, b, c] = nonNegativeLeastSquares(rows, targets, ones(4));
    expect(a).toBeCloseTo(5, 6);
    expect(b * 1e6).toBeCloseTo(2, 6);
    expect(c).toBeCloseTo(0.5, 6);
  });

  it('meets the conditions of the optimum on random problems', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 200; trial++) {
      const size = 1 + random.below(8);
      const count = 1 + random.below(20);
      const rows = Array.from({ length: count }, () => Array.from({ length: size }, () => random.real() - 0.3));
      const targets = rows.map(() => random.real() - 0.4);
      const weights = rows.map(() => 0.1 + random.real());
      const x = nonNegativeLeastSquares(rows, targets, weights);
      for (const [c, slope] of slopes(rows, targets, weights, x).entries()) {
        expect(x[c]).toBeGreaterThanOrEqual(0);
        expect(slope).toBeLessThan(1e-6);
        if (x[c] > 1e-9) expect(Math.abs(slope)).toBeLessThan(1e-6);
      }
    }
  });

  it('copes with columns that are zero, equal or not there', () => {
    expect(nonNegativeLeastSquares([[0, 2]], [4], [1])).toEqual([0, expect.closeTo(2, 9)]);
    const [a, b] = nonNegativeLeastSquares(
      [
        [1, 1],
        [2, 2],
      ],
      [3, 6],
      [1, 1],
    );
    expect(a + b).toBeCloseTo(3, 6);
    expect(nonNegativeLeastSquares([], [], [])).toEqual([]);
    expect(nonNegativeLeastSquares([[1]], [-1], [1])).toEqual([0]);
  });
});
