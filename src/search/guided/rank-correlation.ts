/**
 * Spearman's rank correlation of two lists of equal length, ties sharing their mean rank; 0 where one of them is constant.
 *
 * @example rankCorrelation([1, 2, 3], [10, 20, 20]) > 0.86 // => true
 */
export function rankCorrelation(first: readonly number[], second: readonly number[]): number {
  const a = ranks(first);
  const b = ranks(second);
  const mean = (a.length - 1) / 2;
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += (a[i] - mean) * (b[i] - mean);
    squareA += (a[i] - mean) ** 2;
    squareB += (b[i] - mean) ** 2;
  }
  return squareA === 0 || squareB === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const rank = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) rank[order[i]] = (start + end - 1) / 2;
    start = end;
  }
  return rank;
}
