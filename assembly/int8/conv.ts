import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";

/**
 * w8a8 by the i16 dot product, 2 pixels x 16 channels.
 *
 * Operands: activations i16 in [-255, 255] (zero point taken off), weights widened to i16 in [-127, 127] and stored so
 * that one vector holds a k-pair of 4 channels:
 *   weights     | c0 k0 | c0 k1 | c1 k0 | c1 k1 | c2 k0 | c2 k1 | c3 k0 | c3 k1 |
 *   activation  |  x k0 |  x k1 |  x k0 |  x k1 |  ... one pixel's pair, splat  |
 * Accumulator: int32, starting at the bias. A pair is at most 2 * 255 * 127; the sum cannot overflow while
 * K * 255 * 127 <= 2^31 - 1, that is K <= 66,311 (`supports`), for biases that leave it room; intermediate wrap-around
 * would be harmless.
 * Alignment: weights 16 bytes; packed input 2. Reads up to 2 bytes past a k-run, inside the scratch and times zero.
 */
@final
class Tile2x16 {
  @inline rows(): u32 { return 2; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 2; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return 64; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    let x0 = source + load<u32>(offsets);
    let x1 = source + load<u32>(offsets, 4);
    let a0 = v128.load(bias);
    let a1 = v128.load(bias, 16);
    let a2 = v128.load(bias, 32);
    let a3 = v128.load(bias, 48);
    let b0 = a0;
    let b1 = a1;
    let b2 = a2;
    let b3 = a3;
    for (; runs > 0; runs--) {
      const end = w + (steps << 6);
      do {
        const p = v128.load32_splat(x0);
        const q = v128.load32_splat(x1);
        const w0 = v128.load(w);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, w0));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, w0));
        const w1 = v128.load(w, 16);
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p, w1));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, w1));
        const w2 = v128.load(w, 32);
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(p, w2));
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, w2));
        const w3 = v128.load(w, 48);
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(p, w3));
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, w3));
        x0 += 4;
        x1 += 4;
        w += 64;
      } while (w < end);
      x0 += gap;
      x1 += gap;
    }
    v128.store(stage, a0);
    v128.store(stage, a1, 16);
    v128.store(stage, a2, 32);
    v128.store(stage, a3, 48);
    v128.store(stage, b0, 64);
    v128.store(stage, b1, 80);
    v128.store(stage, b2, 96);
    v128.store(stage, b3, 112);
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, 2, channel, multipliers);
  }
}

export function w8a8_conv_2x16__simd(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<Tile2x16>(block, packed);
}
