/** Differences of averages below this share of the largest truth are rounding. */
const ROUNDING = 1e-12;

/**
 * How many candidates would have to be run at random to find one as good, on average, as the proxy picks without running
 * any. From a random half of the candidates the proxy picks the one that it likes best; the average truth of that pick, over
 * all halves, is compared with the average truth of the best of k candidates run at random. At k = 1 nothing is gained, so
 * k − 1 is what the pick saves: 0 for a proxy that knows nothing, and at most the half less one. All averages are
 * exact sums over ranks: of n candidates, the best of m drawn has rank i with probability C(n − i, m − 1)/C(n, m).
 *
 * @param losses predicted, lower is better; candidates that the proxy holds equal are picked with equal chance.
 * @param truths of the same candidates, lower is better.
 * @returns evaluations, in fractions between two whole numbers; 0 where all truths are equal.
 * @example evaluationsSaved([1, 2, 3, 4], [10, 20, 30, 40]) // => 1
 */
export function evaluationsSaved(losses: readonly number[], truths: readonly number[]): number {
  const half = Math.ceil(truths.length / 2);
  const rounding = ROUNDING * Math.max(...truths.map(Math.abs));
  const picked = expectedPick(losses, truths, half);
  let best = expectedPick(truths, truths, 1);
  if (!(picked < best - rounding)) return 0;
  for (let k = 2; k <= half; k++) {
    const next = expectedPick(truths, truths, k);
    if (next <= picked + rounding) return k - 2 + Math.min((best - picked) / (best - next), 1);
    best = next;
  }
  return half - 1;
}

/** The average truth of the candidate of least loss among `draw` random ones. */
function expectedPick(losses: readonly number[], truths: readonly number[], draw: number): number {
  const order = losses.map((_, i) => i).sort((i, j) => losses[i] - losses[j]);
  const count = order.length;
  let [sum, chance] = [0, draw / count];
  for (let start = 0; start < count; ) {
    let end = start;
    let [among, total] = [0, 0];
    for (; end < count && losses[order[end]] === losses[order[start]]; end++) {
      total += truths[order[end]];
      among += chance;
      chance *= Math.max(count - end - draw, 0) / (count - end - 1 || 1);
    }
    sum += (among * total) / (end - start);
    start = end;
  }
  return sum;
}
