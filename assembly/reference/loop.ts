/** What the loop reads: eighteen blocks of six vectors, 27 lines of the first cache. */
const BLOCKS = 18;
const BLOCK_BYTES = 96;
const operands: usize = memory.data(BLOCKS * BLOCK_BYTES, 64);
/** Sums that stay in memory: a line of the first cache. */
const sums: usize = memory.data(64, 64);

/**
 * A fixed amount of work of the kernels' own kind: the inner loop of a matrix tile, four rows by two columns of 16-bit
 * lanes, over 1.7 KB that stay in the first cache, and four sums that are kept in memory. Like the kernels it is bound by
 * the multipliers and by how many loads and stores the processor keeps in flight, so it slows down with a lower frequency,
 * with a neighbour that uses the same units, and with one that is merely awake on the same core and takes half of its
 * queues: that costs this loop 6%, and loops in registers alone nothing.
 *
 * It must fit into the sixteen vector registers. A larger tile keeps sums on the stack, and where the stack happens to lie
 * at the addresses of the operands modulo 4 KB, which differs from process to process, it takes up to 8% longer: levels of
 * two processes could not be compared.
 *
 * @param steps passes over the operands, at least 1.
 * @returns a value that depends on every step, so that none can be left out.
 */
export function referenceLoop(steps: i32): i32 {
  let c00 = i32x4.splat(steps);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let row: usize = 0; row < 64; row += 16) v128.store(sums + row, c00);
  do {
    for (let block = operands; block < operands + BLOCKS * BLOCK_BYTES; block += BLOCK_BYTES) {
      const b0 = v128.load(block, 64);
      const b1 = v128.load(block, 80);
      const a0 = v128.load(block, 0);
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(a0, b0));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(a0, b1));
      v128.store(sums, i32x4.add(v128.load(sums, 0), a0), 0);
      const a1 = v128.load(block, 16);
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(a1, b0));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(a1, b1));
      v128.store(sums, i32x4.add(v128.load(sums, 16), a1), 16);
      const a2 = v128.load(block, 32);
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(a2, b0));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(a2, b1));
      v128.store(sums, i32x4.add(v128.load(sums, 32), a2), 32);
      const a3 = v128.load(block, 48);
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(a3, b0));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(a3, b1));
      v128.store(sums, i32x4.add(v128.load(sums, 48), a3), 48);
    }
  } while (--steps);
  let sum = v128.load(sums);
  for (let row: usize = 16; row < 64; row += 16) sum = v128.xor(sum, v128.load(sums + row));
  sum = v128.xor(v128.xor(sum, c00), v128.xor(c01, c10));
  sum = v128.xor(v128.xor(sum, c11), v128.xor(c20, c21));
  sum = v128.xor(sum, v128.xor(c30, c31));
  return i32x4.extract_lane(sum, 0);
}
