/** Sweeps over all pairs; convergence is quadratic, and ten suffice for any matrix of a few hundred rows. */
const SWEEPS = 30;

/**
 * The eigenvalues of a symmetric matrix [n][n], ascending, by Jacobi's rotations: each makes one element outside the
 * diagonal zero. Only +, −, ×, ÷ and square roots, in one order, so that they are the same on every engine.
 *
 * @see Golub and Van Loan, Matrix Computations, section on Jacobi methods.
 * @example symmetricEigenvalues(Float64Array.of(2, 0, 0, 1), 2) // => [1, 2]
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): number[] {
  const a = matrix.slice();
  let total = 0;
  for (const value of a) total += value * value;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let outside = 0;
    for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) outside += a[p * n + q] * a[p * n + q];
    if (!(outside > 1e-30 * total)) break;
    for (let p = 1; p < n; p++) for (let q = 0; q < p; q++) rotate(a, n, p, q);
  }
  return Array.from({ length: n }, (_, i) => a[i * n + i]).sort((first, second) => first - second);
}

function rotate(a: Float64Array, n: number, p: number, q: number): void {
  const between = a[p * n + q];
  if (between === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * between);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = cosine * x - sine * y;
    a[k * n + q] = sine * x + cosine * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = cosine * x - sine * y;
    a[q * n + k] = sine * x + cosine * y;
  }
}
