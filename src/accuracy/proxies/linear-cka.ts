/**
 * Linear centred kernel alignment of two layers that saw the same images, from their centred Gram matrices:
 * ⟨K, L⟩ / (‖K‖·‖L‖), 0 to 1. It is 1 for a layer with itself, and no rotation or isotropic scaling of the features
 * changes it. A layer whose features are the same for all images is aligned with nothing.
 *
 * @param first centred, [n][n]; see {@link gramMatrix}.
 * @see Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019.
 * @example linearCka(Float64Array.of(1, -1, -1, 1), Float64Array.of(3, -3, -3, 3)) // => 1
 */
export function linearCka(first: Float64Array, second: Float64Array): number {
  const norms = Math.sqrt(inner(first, first)) * Math.sqrt(inner(second, second));
  return norms > 0 ? inner(first, second) / norms : 0;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * The Gram matrix of n feature vectors, X·Xᵀ, [n][n]; with the mean vector taken off unless `centred` is false. Sums are in double precision in one
 * order, so that it is the same on every engine.
 *
 * @example gramMatrix([Float32Array.of(1, 3), Float32Array.of(3, 3)]) // => Float64Array.of(1, -1, -1, 1)
 */
export function gramMatrix(features: readonly Float32Array[], centred = true): Float64Array {
  const n = features.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) gram[i * n + j] = gram[j * n + i] = dot(features[i], features[j]);
  }
  if (!centred) return gram;
  // centring rows and columns is the same as taking the mean vector off beforehand
  const means = Array.from({ length: n }, (_, i) => sumOf(gram.subarray(i * n, (i + 1) * n)) / n);
  const mean = sumOf(means) / n;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) gram[i * n + j] += mean - means[i] - means[j];
  return gram;
}

/** In four lanes, which is what makes it fast. */
function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < a.length; k += 4) {
    s0 += a[k] * b[k];
    s1 += a[k + 1] * b[k + 1];
    s2 += a[k + 2] * b[k + 2];
    s3 += a[k + 3] * b[k + 3];
  }
  for (; k < a.length; k++) s0 += a[k] * b[k];
  return s0 + s1 + (s2 + s3);
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}
