import { STAGE_BYTES } from "../inline/convolve";

/**
 * From byte lanes to accumulators. The scratch of these kernels, after the first STAGE_BYTES:
 *
 *   | 16-bit sums, 32 bytes a pixel and 16 channels, of 16 pixels | int32 accumulators of 4 pixels and 16 channels | packed input |
 *
 * The byte lanes of a vector alternate between channels c and c + 8, so that a shift splits them and no lane has to be moved.
 * The first vector of a pair sums whole 16-bit lanes, the second their upper bytes alone; all arithmetic is modulo 2^16:
 *
 *   byte lanes   | c0 | c8 | c1 | c9 | ...         (c0 in the lower byte of the first 16-bit lane)
 *   sums + 0     | c0 + 256 c8 | c1 + 256 c9 | ...
 *   sums + 16    | c8          | c9          | ...
 *
 * Of two planes the sums are those of plane 0 less twice those of plane 1, so they have a sign. To read all sums as
 * unsigned, `rise` is added to them: 2^15 for planes, 0 for signs; the bias takes it off.
 */
@inline export const SUMS_AT: usize = STAGE_BYTES;
@inline export const STAGE_AT: usize = SUMS_AT + 1024;
@inline export const PACKED_AT: usize = STAGE_AT + 256;

/** Pixels whose sums are gathered before the epilogue brings them to the output: a multiple of every tile's. */
@inline export const CHUNK_PIXELS: u32 = 16;

/** Channels 0 to 7 of the sums, moved up by `rise`. */
@inline
export function lowSums(sums: usize, rise: v128): v128 {
  return i16x8.add(i16x8.sub(v128.load(sums), i16x8.shl(v128.load(sums, 16), 8)), rise);
}

/** Channels 8 to 15 of the sums, moved up by `rise`. */
@inline
export function highSums(sums: usize, rise: v128): v128 {
  return i16x8.add(v128.load(sums, 16), rise);
}

/** Accumulators = bias + sums of `pixels` pixels, `stride` bytes apart, into the stage. */
export function finishSums(sums: usize, stride: usize, stage: usize, bias: usize, pixels: u32, rise: v128): void {
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const b2 = v128.load(bias, 32);
  const b3 = v128.load(bias, 48);
  for (; pixels > 0; pixels--) {
    const low = lowSums(sums, rise);
    const high = highSums(sums, rise);
    v128.store(stage, i32x4.add(i32x4.extend_low_i16x8_u(low), b0));
    v128.store(stage, i32x4.add(i32x4.extend_high_i16x8_u(low), b1), 16);
    v128.store(stage, i32x4.add(i32x4.extend_low_i16x8_u(high), b2), 32);
    v128.store(stage, i32x4.add(i32x4.extend_high_i16x8_u(high), b3), 48);
    sums += stride;
    stage += 64;
  }
}
