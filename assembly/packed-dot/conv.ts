import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";

/**
 * Packed dot: the weights of two output channels share one i16 lane, so that one multiply-add serves both. 4 pixels x 16
 * channels; channel c lies in the low field, channel c + 8 in the high one, s bits apart (w = w_high * 2^s + w_low):
 *
 *   weight lane (i16)        |  w_high (signed)  |     w_low (signed, borrows from high)    |
 *                            15                 s s-1                                       0
 *   product sum (i32)        |  sum x * w_high   |     sum x * w_low   (+ borrow)           |
 *                            31                 s s-1                                       0
 *
 * Activations are centred (q - 2^(a-1)) so that both signs share the low field; what that changes in the sum,
 * (2^(a-1) - z) * sum of the channel's weights, is in the packed bias.
 *
 * The low field holds |sum| <= 2^(s-1) - 1 and is drained into the stage every `flush` pairs, before it can leave that
 * range: flush * 2 * max|x| * max|w| <= 2^(s-1) - 1. The high field is only read at the end, which bounds K:
 * |sum x * w_high| <= 2^(31-s) - 1.
 *
 *   scheme  s   |x|   |w|  flush (pairs)                 K at most (`supports`)
 *   w4a4    12   8     7   18:  18 * 112 = 2016 <= 2047   4681 pairs:  4681 * 112 <= 2^19 - 1
 *   w2a2    13   2     2   511: 511 * 8 = 4088 <= 4095    32767 pairs: 32767 * 8 <= 2^18 - 1
 *
 * The stage is addressed by constant offsets, written out: an address kept in a variable costs 1 to 4%, and so do sums kept
 * in variables, which V8 spills within the loop.
 *
 * Both lanes fit i16: 7 * 2^12 + 7 and -2 * 2^13 - 2. Alignment: weights 16 bytes; packed input 2. Reads up to 2 bytes past
 * a k-run, inside the scratch and times zero.
 */
@inline
function multiplyPacked(
  shift: i32, flush: u32,
  offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32,
): void {
  const up = 32 - shift;
  let x0 = source + load<u32>(offsets);
  let x1 = source + load<u32>(offsets, 4);
  let x2 = source + load<u32>(offsets, 8);
  let x3 = source + load<u32>(offsets, 12);
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const bias0 = v128.load(bias);
  const bias1 = v128.load(bias, 16);
  for (let row: usize = 0; row < 256; row += 64) {
    v128.store(stage + row, bias0);
    v128.store(stage + row, bias1, 16);
  }
  let budget = flush;
  for (; runs > 0; runs--) {
    let left = steps;
    do {
      const count = min(left, budget);
      const end = w + (count << 5);
      do {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const p = v128.load32_splat(x0);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, w0));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p, w1));
        const q = v128.load32_splat(x1);
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, w0));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, w1));
        const r = v128.load32_splat(x2);
        c0 = i32x4.add(c0, i32x4.dot_i16x8_s(r, w0));
        c1 = i32x4.add(c1, i32x4.dot_i16x8_s(r, w1));
        const t = v128.load32_splat(x3);
        d0 = i32x4.add(d0, i32x4.dot_i16x8_s(t, w0));
        d1 = i32x4.add(d1, i32x4.dot_i16x8_s(t, w1));
        x0 += 4;
        x1 += 4;
        x2 += 4;
        x3 += 4;
        w += 32;
      } while (w < end);
      left -= count;
      budget -= count;
      if (budget == 0) {
        budget = flush;
        const la0 = lowField(a0, up);
        v128.store(stage, i32x4.add(v128.load(stage, 0), la0), 0);
        a0 = i32x4.sub(a0, la0);
        const la1 = lowField(a1, up);
        v128.store(stage, i32x4.add(v128.load(stage, 16), la1), 16);
        a1 = i32x4.sub(a1, la1);
        const lb0 = lowField(b0, up);
        v128.store(stage, i32x4.add(v128.load(stage, 64), lb0), 64);
        b0 = i32x4.sub(b0, lb0);
        const lb1 = lowField(b1, up);
        v128.store(stage, i32x4.add(v128.load(stage, 80), lb1), 80);
        b1 = i32x4.sub(b1, lb1);
        const lc0 = lowField(c0, up);
        v128.store(stage, i32x4.add(v128.load(stage, 128), lc0), 128);
        c0 = i32x4.sub(c0, lc0);
        const lc1 = lowField(c1, up);
        v128.store(stage, i32x4.add(v128.load(stage, 144), lc1), 144);
        c1 = i32x4.sub(c1, lc1);
        const ld0 = lowField(d0, up);
        v128.store(stage, i32x4.add(v128.load(stage, 192), ld0), 192);
        d0 = i32x4.sub(d0, ld0);
        const ld1 = lowField(d1, up);
        v128.store(stage, i32x4.add(v128.load(stage, 208), ld1), 208);
        d1 = i32x4.sub(d1, ld1);
      }
    } while (left > 0);
    x0 += gap;
    x1 += gap;
    x2 += gap;
    x3 += gap;
  }
  const high0 = v128.load(bias, 32);
  const high1 = v128.load(bias, 48);
  v128.store(stage, i32x4.add(v128.load(stage, 0), lowField(a0, up)), 0);
  v128.store(stage, i32x4.add(v128.load(stage, 16), lowField(a1, up)), 16);
  v128.store(stage, i32x4.add(highField(a0, up, shift), high0), 32);
  v128.store(stage, i32x4.add(highField(a1, up, shift), high1), 48);
  v128.store(stage, i32x4.add(v128.load(stage, 64), lowField(b0, up)), 64);
  v128.store(stage, i32x4.add(v128.load(stage, 80), lowField(b1, up)), 80);
  v128.store(stage, i32x4.add(highField(b0, up, shift), high0), 96);
  v128.store(stage, i32x4.add(highField(b1, up, shift), high1), 112);
  v128.store(stage, i32x4.add(v128.load(stage, 128), lowField(c0, up)), 128);
  v128.store(stage, i32x4.add(v128.load(stage, 144), lowField(c1, up)), 144);
  v128.store(stage, i32x4.add(highField(c0, up, shift), high0), 160);
  v128.store(stage, i32x4.add(highField(c1, up, shift), high1), 176);
  v128.store(stage, i32x4.add(v128.load(stage, 192), lowField(d0, up)), 192);
  v128.store(stage, i32x4.add(v128.load(stage, 208), lowField(d1, up)), 208);
  v128.store(stage, i32x4.add(highField(d0, up, shift), high0), 224);
  v128.store(stage, i32x4.add(highField(d1, up, shift), high1), 240);
}

/** The low field of a packed accumulator, sign-extended; `up` is 32 minus its bits. */
@inline
function lowField(accumulator: v128, up: i32): v128 {
  return i32x4.shr_s(i32x4.shl(accumulator, up), up);
}

/** The high field: what is left without the low one, which may have borrowed from it. */
@inline
function highField(accumulator: v128, up: i32, shift: i32): v128 {
  return i32x4.shr_s(i32x4.sub(accumulator, lowField(accumulator, up)), shift);
}

class Tile4x16 {
  @inline rows(): u32 { return 4; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 2; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return 32; }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, 4, channel, multipliers);
  }
}

@final
class TileW4A4 extends Tile4x16 {
  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    multiplyPacked(12, 18, offsets, source, w, bias, stage, runs, gap, steps);
  }
}

@final
class TileW2A2 extends Tile4x16 {
  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    multiplyPacked(13, 511, offsets, source, w, bias, stage, runs, gap, steps);
  }
}

export function w4a4_conv_4x16__simd_packeddot(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<TileW4A4>(block, packed);
}

export function w2a2_conv_4x16__simd_packeddot(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<TileW2A2>(block, packed);
}
