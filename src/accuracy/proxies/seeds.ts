import { exponential } from '../../core/elementary.ts';
import type { Random } from '../../core/random.ts';

/**
 * Softmax of each row of logits [n][classes], with the same bits on every engine.
 *
 * @example softmaxRows(Float32Array.of(5, 5), 2) // => Float64Array.of(0.5, 0.5)
 */
export function softmaxRows(logits: Float32Array, classes: number): Float64Array {
  const shares = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) if (logits[row + c] > largest) largest = logits[row + c];
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += shares[row + c] = exponential(logits[row + c] - largest);
    for (let c = 0; c < classes; c++) shares[row + c] /= sum;
  }
  return shares;
}

/** The gradient of the cross-entropies' sum with respect to the logits: softmax − one-hot label, row by row. */
export function crossEntropySeed(logits: Float32Array, classes: number, labels: readonly number[]): Float32Array {
  const seed = Float32Array.from(softmaxRows(logits, classes));
  for (const [row, label] of labels.entries()) seed[row * classes + label] -= 1;
  return seed;
}

/**
 * Draws u = B·r for each row, r of random signs and B·Bᵀ = S = diag(p) − p·pᵀ, the Hessian of the cross-entropy with
 * respect to the logits: B = diag(√p) − p·√pᵀ. So E(u·uᵀ) = S, and E‖Jᵀu‖² = Tr(JᵀSJ) for any Jacobian J of the logits.
 */
export function curvatureSeed(logits: Float32Array, classes: number, random: Random): Float32Array {
  const shares = softmaxRows(logits, classes);
  const seed = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let along = 0; // √pᵀr
    for (let c = 0; c < classes; c++) {
      const root = Math.sqrt(shares[row + c]) * (random.below(2) === 1 ? 1 : -1);
      seed[row + c] = root;
      along += root;
    }
    for (let c = 0; c < classes; c++) seed[row + c] -= shares[row + c] * along;
  }
  return seed;
}
