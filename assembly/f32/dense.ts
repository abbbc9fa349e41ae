import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeRealTile } from "../inline/tile-store";
import { packToF32 } from "../pack/to-f32";

/**
 * f32 fully connected: one pixel x 16 channels, in the same order of operations as the convolution.
 * Alignment: weights 16 bytes, input any. Nothing is read past the input.
 */
@final
class Tile1x16 {
  @inline rows(): u32 { return 1; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 1; }
  @inline elementShift(): u32 { return 2; }
  @inline stepBytes(): u32 { return 64; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    let a0 = v128.load(bias);
    let a1 = v128.load(bias, 16);
    let a2 = v128.load(bias, 32);
    let a3 = v128.load(bias, 48);
    const end = w + (steps << 6);
    let x = source;
    do {
      const p = v128.load32_splat(x);
      a0 = f32x4.add(a0, f32x4.mul(p, v128.load(w)));
      a1 = f32x4.add(a1, f32x4.mul(p, v128.load(w, 16)));
      a2 = f32x4.add(a2, f32x4.mul(p, v128.load(w, 32)));
      a3 = f32x4.add(a3, f32x4.mul(p, v128.load(w, 48)));
      x += 4;
      w += 64;
    } while (w < end);
    v128.store(stage, a0);
    v128.store(stage, a1, 16);
    v128.store(stage, a2, 32);
    v128.store(stage, a3, 48);
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeRealTile(block, block.scratch, pixel, 1, channel, 16);
  }
}

export function f32_dense_1x16__simd(block: Parameters): void {
  convolve<Tile1x16>(block, packToF32(block, block.scratch + STAGE_BYTES));
}
