import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeRealTile } from "../inline/tile-store";
import { packToF32 } from "../pack/to-f32";

/**
 * f32 direct, 4 pixels x 8 channels, multiplication and addition apart, in the fixed order ky, kx, channel starting at
 * the bias: the same bits as the reference on every engine.
 *
 * Alignment: weights 16 bytes, input any. Nothing is read past a k-run.
 */
@final
class Tile4x8 {
  @inline rows(): u32 { return 4; }
  @inline columns(): u32 { return 8; }
  @inline step(): u32 { return 1; }
  @inline elementShift(): u32 { return 2; }
  @inline stepBytes(): u32 { return 32; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    let x0 = source + load<u32>(offsets);
    let x1 = source + load<u32>(offsets, 4);
    let x2 = source + load<u32>(offsets, 8);
    let x3 = source + load<u32>(offsets, 12);
    let a0 = v128.load(bias);
    let a1 = v128.load(bias, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    for (; runs > 0; runs--) {
      const end = w + (steps << 5);
      do {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const p = v128.load32_splat(x0);
        a0 = f32x4.add(a0, f32x4.mul(p, w0));
        a1 = f32x4.add(a1, f32x4.mul(p, w1));
        const q = v128.load32_splat(x1);
        b0 = f32x4.add(b0, f32x4.mul(q, w0));
        b1 = f32x4.add(b1, f32x4.mul(q, w1));
        const r = v128.load32_splat(x2);
        c0 = f32x4.add(c0, f32x4.mul(r, w0));
        c1 = f32x4.add(c1, f32x4.mul(r, w1));
        const s = v128.load32_splat(x3);
        d0 = f32x4.add(d0, f32x4.mul(s, w0));
        d1 = f32x4.add(d1, f32x4.mul(s, w1));
        x0 += 4;
        x1 += 4;
        x2 += 4;
        x3 += 4;
        w += 32;
      } while (w < end);
      x0 += gap;
      x1 += gap;
      x2 += gap;
      x3 += gap;
    }
    v128.store(stage, a0);
    v128.store(stage, a1, 16);
    v128.store(stage, b0, 32);
    v128.store(stage, b1, 48);
    v128.store(stage, c0, 64);
    v128.store(stage, c1, 80);
    v128.store(stage, d0, 96);
    v128.store(stage, d1, 112);
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeRealTile(block, block.scratch, pixel, 4, channel, 8);
  }
}

/** 2 pixels x 16 channels: fewer splats and fewer pixel tails, more weight loads. The arithmetic is that of 4 x 8. */
@final
class Tile2x16 {
  @inline rows(): u32 { return 2; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 1; }
  @inline elementShift(): u32 { return 2; }
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
        a0 = f32x4.add(a0, f32x4.mul(p, w0));
        b0 = f32x4.add(b0, f32x4.mul(q, w0));
        const w1 = v128.load(w, 16);
        a1 = f32x4.add(a1, f32x4.mul(p, w1));
        b1 = f32x4.add(b1, f32x4.mul(q, w1));
        const w2 = v128.load(w, 32);
        a2 = f32x4.add(a2, f32x4.mul(p, w2));
        b2 = f32x4.add(b2, f32x4.mul(q, w2));
        const w3 = v128.load(w, 48);
        a3 = f32x4.add(a3, f32x4.mul(p, w3));
        b3 = f32x4.add(b3, f32x4.mul(q, w3));
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
    storeRealTile(block, block.scratch, pixel, 2, channel, 16);
  }
}

export function f32_conv_4x8__simd(block: Parameters): void {
  convolve<Tile4x8>(block, packToF32(block, block.scratch + STAGE_BYTES));
}

export function f32_conv_2x16__simd(block: Parameters): void {
  convolve<Tile2x16>(block, packToF32(block, block.scratch + STAGE_BYTES));
}
