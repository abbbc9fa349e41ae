import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";

/**
 * w8a8 fully connected: one pixel x 16 channels, in groups of 4. Here the lanes run along k, because a dense layer is
 * bound by reading its weights once: they stay 8-bit and are widened in the register.
 *
 *   weights of a group, one step (8 k):  | c0 k0..k7 | c1 k0..k7 | c2 k0..k7 | c3 k0..k7 |   32 bytes
 *
 * Accumulators: four int32 lanes a channel, added across at the end; the bound is that of the convolution, K <= 66,311.
 * K is padded to whole steps with zero weights: up to 14 bytes past the packed input are read, inside the scratch.
 */
@final
class Tile1x16 {
  @inline rows(): u32 { return 1; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 8; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return 128; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    for (let group = 0; group < 4; group++) {
      let a0 = i32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let x = source;
      const end = w + (steps << 5);
      do {
        const p = v128.load(x);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, v128.load8x8_s(w)));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p, v128.load8x8_s(w, 8)));
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(p, v128.load8x8_s(w, 16)));
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(p, v128.load8x8_s(w, 24)));
        x += 16;
        w += 32;
      } while (w < end);
      v128.store(stage, i32x4.add(v128.load(bias), sumAcross(a0, a1, a2, a3)));
      bias += 16;
      stage += 16;
    }
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, 1, channel, multipliers);
  }
}

/** Lane i is the sum of the four lanes of the i-th argument: a transposition by halves, adding on the way. */
@inline
function sumAcross(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

export function w8a8_dense_1x16__simd(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<Tile1x16>(block, packed);
}
