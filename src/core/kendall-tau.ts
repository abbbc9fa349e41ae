/**
 * Kendall's rank correlation τ-b, ties counted as such; O(n²). NaN if one side has a single value only.
 *
 * @see Kendall, The Treatment of Ties in Ranking Problems, Biometrika 33, 1945.
 * @example kendallTau([1, 2, 3], [10, 20, 30]) // => 1
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let score = 0;
  let pairsA = 0;
  let pairsB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const signA = Math.sign(a[i] - a[j]);
      const signB = Math.sign(b[i] - b[j]);
      score += signA * signB;
      pairsA += Math.abs(signA);
      pairsB += Math.abs(signB);
    }
  }
  return score / Math.sqrt(pairsA * pairsB);
}
