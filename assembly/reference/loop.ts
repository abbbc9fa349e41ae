/**
 * A fixed amount of work in registers alone: eight dot products of 16-bit lanes and their sums a step. It reads and
 * writes no memory, so running it between two layers leaves caches as they are; what slows it down is a lower frequency
 * or a neighbour on the same core.
 *
 * @param steps at least 1.
 * @returns a value that depends on every step, so that none can be left out.
 */
export function referenceLoop(steps: i32): i32 {
  const factor = i16x8.splat(i16(steps));
  let a0 = i32x4.splat(steps);
  let a1 = i32x4.splat(steps + 1);
  let a2 = i32x4.splat(steps + 2);
  let a3 = i32x4.splat(steps + 3);
  let a4 = i32x4.splat(steps + 4);
  let a5 = i32x4.splat(steps + 5);
  let a6 = i32x4.splat(steps + 6);
  let a7 = i32x4.splat(steps + 7);
  do {
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a0, factor));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a1, factor));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a2, factor));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a3, factor));
    a4 = i32x4.add(a4, i32x4.dot_i16x8_s(a4, factor));
    a5 = i32x4.add(a5, i32x4.dot_i16x8_s(a5, factor));
    a6 = i32x4.add(a6, i32x4.dot_i16x8_s(a6, factor));
    a7 = i32x4.add(a7, i32x4.dot_i16x8_s(a7, factor));
  } while (--steps);
  const low = v128.xor(v128.xor(a0, a1), v128.xor(a2, a3));
  const high = v128.xor(v128.xor(a4, a5), v128.xor(a6, a7));
  return i32x4.extract_lane(v128.xor(low, high), 0);
}
