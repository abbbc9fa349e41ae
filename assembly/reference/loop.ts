/** What the loop reads: sixteen blocks of seven vectors, 28 lines of the first cache. */
const BLOCKS = 16;
const BLOCK_BYTES = 112;
const operands: usize = memory.data(BLOCKS * BLOCK_BYTES, 16);

/**
 * A fixed amount of work of the kernels' own kind: the inner loop of a matrix tile, four rows by three columns of 16-bit
 * lanes, over 1.75 KB that stay in the first cache. Like the kernels it is bound by the multipliers and by how many loads
 * the processor keeps in flight, so it slows down with a lower frequency, with a neighbour that uses the same units, and
 * with one that is merely awake on the same core and takes half of its queues: that costs the kernels and this loop 4–6%,
 * and loops in registers alone nothing. It writes no memory.
 *
 * @param steps passes over the operands, at least 1.
 * @returns a value that depends on every step, so that none can be left out.
 */
export function referenceLoop(steps: i32): i32 {
  let c00 = i32x4.splat(steps);
  let c01 = c00;
  let c02 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c20 = c00;
  let c21 = c00;
  let c22 = c00;
  let c30 = c00;
  let c31 = c00;
  let c32 = c00;
  do {
    for (let block = operands; block < operands + BLOCKS * BLOCK_BYTES; block += BLOCK_BYTES) {
      const a0 = v128.load(block, 0);
      const a1 = v128.load(block, 16);
      const a2 = v128.load(block, 32);
      const a3 = v128.load(block, 48);
      const b0 = v128.load(block, 64);
      const b1 = v128.load(block, 80);
      const b2 = v128.load(block, 96);
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(a0, b0));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(a0, b1));
      c02 = i32x4.add(c02, i32x4.dot_i16x8_s(a0, b2));
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(a1, b0));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(a1, b1));
      c12 = i32x4.add(c12, i32x4.dot_i16x8_s(a1, b2));
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(a2, b0));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(a2, b1));
      c22 = i32x4.add(c22, i32x4.dot_i16x8_s(a2, b2));
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(a3, b0));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(a3, b1));
      c32 = i32x4.add(c32, i32x4.dot_i16x8_s(a3, b2));
    }
  } while (--steps);
  let sum = c00;
  sum = v128.xor(sum, c01);
  sum = v128.xor(sum, c02);
  sum = v128.xor(sum, c10);
  sum = v128.xor(sum, c11);
  sum = v128.xor(sum, c12);
  sum = v128.xor(sum, c20);
  sum = v128.xor(sum, c21);
  sum = v128.xor(sum, c22);
  sum = v128.xor(sum, c30);
  sum = v128.xor(sum, c31);
  sum = v128.xor(sum, c32);
  return i32x4.extract_lane(sum, 0);
}
