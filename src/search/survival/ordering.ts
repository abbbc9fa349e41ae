/**
 * Orders points by their first objective, then by the second and so on; stable, so equal points keep the order of their
 * indices.
 *
 * @param order receives the indices of the n points; `spare` is as long, and is overwritten.
 */
export function orderLexicographically(
  points: Float64Array,
  n: number,
  m: number,
  order: Int32Array,
  spare: Int32Array,
): void {
  for (let i = 0; i < n; i++) order[i] = i;
  let from = order;
  let to = spare;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        const takeLeft = left < middle && (right >= end || !precedes(points, from[right] * m, from[left] * m, m));
        to[i] = takeLeft ? from[left++] : from[right++];
      }
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from.subarray(0, n));
}

/** Orders the numbers from 0 to n − 1 by the values they have; stable. See {@link orderLexicographically}. */
export function orderByValue(values: Float64Array, n: number, order: Int32Array, spare: Int32Array): void {
  for (let i = 0; i < n; i++) order[i] = i;
  let from = order;
  let to = spare;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) mergeRuns(values, from, to, start, width, n);
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from.subarray(0, n));
}

function mergeRuns(
  values: Float64Array,
  from: Int32Array,
  to: Int32Array,
  start: number,
  width: number,
  n: number,
): void {
  const middle = Math.min(start + width, n);
  const end = Math.min(start + 2 * width, n);
  let left = start;
  let right = middle;
  let i = start;
  while (left < middle && right < end) {
    const a = from[left];
    const b = from[right];
    if (values[b] < values[a]) {
      to[i++] = b;
      right++;
    } else {
      to[i++] = a;
      left++;
    }
  }
  while (left < middle) to[i++] = from[left++];
  while (right < end) to[i++] = from[right++];
}

function precedes(points: Float64Array, a: number, b: number, m: number): boolean {
  if (points[a] !== points[b]) return points[a] < points[b];
  for (let j = 1; j < m; j++) {
    if (points[a + j] !== points[b + j]) return points[a + j] < points[b + j];
  }
  return false;
}

/** Whether two points have all objectives equal; `a` and `b` are where they begin. */
export function areEqual(points: Float64Array, a: number, b: number, m: number): boolean {
  for (let j = 0; j < m; j++) if (points[a + j] !== points[b + j]) return false;
  return true;
}
