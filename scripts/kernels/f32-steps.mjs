/** The innermost step of f32 register tiles, which convolutions, dense layers and Winograd's products share. */

/** Names of a tile's locals: accumulator of a row and a vector of columns, and the address where a row reads. */
export const accumulator = (row, vector) => `${'abcdefghijkl'[row]}${vector}`;
export const rowAddress = (row) => `x${row}`;

/** All accumulators, row by row. */
export function accumulators(rows, vectors) {
  return Array.from({ length: rows * vectors }, (_, i) => [Math.floor(i / vectors), i % vectors]);
}

/** acc + x * w: two rounded operations, or one of relaxed SIMD, which an engine may round once or twice. */
const multiplyAdd = (acc, x, w, fused) =>
  fused ? `f32x4.relaxed_madd(${x}, ${w}, ${acc})` : `f32x4.add(${acc}, f32x4.mul(${x}, ${w}))`;

/**
 * One element of each of `rows` inputs times `vectors` × 4 weights at `w`. Whichever are fewer stay in registers:
 * the weights of the step, or the inputs of the rows.
 */
export function step(rows, vectors, fused, indent) {
  const text = [];
  const product = (row, vector) => {
    const acc = accumulator(row, vector);
    text.push(`${acc} = ${multiplyAdd(acc, `p${row}`, `w${vector}`, fused)};`);
  };
  const input = (row) => text.push(`const p${row} = v128.load32_splat(${rowAddress(row)});`);
  const weight = (v) => text.push(`const w${v} = v128.load(w${v > 0 ? `, ${v * 16}` : ''});`);
  const range = (count) => Array.from({ length: count }, (_, i) => i);
  if (vectors <= rows) {
    range(vectors).forEach(weight);
    for (const row of range(rows)) {
      input(row);
      for (const v of range(vectors)) product(row, v);
    }
  } else {
    range(rows).forEach(input);
    for (const v of range(vectors)) {
      weight(v);
      for (const row of range(rows)) product(row, v);
    }
  }
  for (const row of range(rows)) text.push(`${rowAddress(row)} += 4;`);
  text.push(`w += ${vectors * 16};`);
  return text.map((line) => `${indent}${line}`).join('\n');
}
