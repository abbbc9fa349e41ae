import { assert } from './errors.ts';

/**
 * The lower triangle L with matrix = L·Lᵀ.
 *
 * @param matrix n × n, symmetric and positive definite.
 * @example cholesky([Float64Array.of(4, 2), Float64Array.of(2, 10)]).map((row) => [...row]) // => [[2, 0], [1, 3]]
 */
export function cholesky(matrix: readonly Float64Array[]): Float64Array[] {
  const factor = matrix.map(({ length }) => new Float64Array(length));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      if (i === j) assert(sum > 0, 'the matrix is positive definite');
      factor[i][j] = i === j ? Math.sqrt(sum) : sum / factor[j][j];
    }
  }
  return factor;
}

/**
 * Solves L·Lᵀ·x = right.
 *
 * @param factor as `cholesky` gives it.
 * @example solveCholesky([Float64Array.of(2, 0), Float64Array.of(1, 3)], [8, 22]) // => [1, 2]
 */
export function solveCholesky(factor: readonly Float64Array[], right: readonly number[]): number[] {
  const x = [...right];
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i][k] * x[k];
    x[i] /= factor[i][i];
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= factor[k][i] * x[k];
    x[i] /= factor[i][i];
  }
  return x;
}

/**
 * vᵀ·(L·Lᵀ)⁻¹·v.
 *
 * @param factor as `cholesky` gives it.
 * @example inverseForm([Float64Array.of(2, 0), Float64Array.of(0, 4)], [0, 1]) // => 0.0625
 */
export function inverseForm(factor: readonly Float64Array[], vector: readonly number[]): number {
  const x = [...vector];
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i][k] * x[k];
    x[i] /= factor[i][i];
    sum += x[i] * x[i];
  }
  return sum;
}
