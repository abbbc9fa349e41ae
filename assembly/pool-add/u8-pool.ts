import { Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { narrow16, requantize4 } from "../inline/elements";
import { Rounding } from "../inline/requantize";

/**
 * Average and maximum over windows of u8, 16 channels a step. Padding neither counts towards an average nor wins a
 * maximum: windows are cut to the image.
 *   average: clamp(round(f32(sum of (q - zin)) * fround(multiplier / f32(count))) + z)
 *   maximum: clamp(round(f32(max - zin) * multiplier) + z)
 * Sums are int32: 255 * count, exact while a window has fewer than 2^23 positions. The last 16 channels are shifted back;
 * fewer than 16 pass through the scratch.
 */
@inline
function pool(block: Parameters, average: bool): void {
  const channels = block.inChannels;
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const partial = channels < 16;
  let target = block.output;

  for (let oy: u32 = 0; oy < block.outHeight; oy++) {
    const top = <i32>(oy * block.strideHeight) - <i32>block.paddingTop;
    const y0 = max<i32>(top, 0);
    const y1 = min<i32>(top + block.kernelHeight, block.height);
    for (let ox: u32 = 0; ox < block.outWidth; ox++) {
      const left = <i32>(ox * block.strideWidth) - <i32>block.paddingLeft;
      const x0 = max<i32>(left, 0);
      const x1 = min<i32>(left + block.kernelWidth, block.width);
      const count = (y1 - y0) * (x1 - x0);
      const zero = i32x4.splat(average ? block.inputZeroPoint * count : block.inputZeroPoint);
      const multiplier = f32x4.splat(average ? block.inputScale / <f32>count : block.inputScale);
      for (let c: u32 = 0; c < channels; c += 16) {
        const channel = partial ? 0 : min<u32>(c, channels - 16);
        if (average) sumWindow(block, channel, y0, y1, x0, x1);
        else maximumOfWindow(block, channel, y0, y1, x0, x1);
        const sums = block.scratch + 64;
        const q0 = requantize4(i32x4.sub(v128.load(sums), zero), multiplier, low, high, magic, offset);
        const q1 = requantize4(i32x4.sub(v128.load(sums, 16), zero), multiplier, low, high, magic, offset);
        const q2 = requantize4(i32x4.sub(v128.load(sums, 32), zero), multiplier, low, high, magic, offset);
        const q3 = requantize4(i32x4.sub(v128.load(sums, 48), zero), multiplier, low, high, magic, offset);
        const to = partial ? block.scratch : target + channel;
        v128.store(to, narrow16(q0, q1, q2, q3));
        if (partial) copyTail(target, to, channels);
      }
      target += channels;
    }
  }
}

/** Sums of 16 channels over a window, as int32 at scratch + 64. */
function sumWindow(block: Parameters, channel: u32, y0: i32, y1: i32, x0: i32, x1: i32): void {
  const channels = block.inChannels;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let y = y0; y < y1; y++) {
    let source = block.input + (y * block.width + x0) * channels + channel;
    for (let x = x0; x < x1; x++) {
      const q = load16(source, channels, block.scratch);
      const low = i16x8.extend_low_i8x16_u(q);
      const high = i16x8.extend_high_i8x16_u(q);
      s0 = i32x4.add(s0, i32x4.extend_low_i16x8_u(low));
      s1 = i32x4.add(s1, i32x4.extend_high_i16x8_u(low));
      s2 = i32x4.add(s2, i32x4.extend_low_i16x8_u(high));
      s3 = i32x4.add(s3, i32x4.extend_high_i16x8_u(high));
      source += channels;
    }
  }
  v128.store(block.scratch, s0, 64);
  v128.store(block.scratch, s1, 80);
  v128.store(block.scratch, s2, 96);
  v128.store(block.scratch, s3, 112);
}

/** Maxima of 16 channels over a window, as int32 at scratch + 64. */
function maximumOfWindow(block: Parameters, channel: u32, y0: i32, y1: i32, x0: i32, x1: i32): void {
  const channels = block.inChannels;
  let best = i8x16.splat(0);
  for (let y = y0; y < y1; y++) {
    let source = block.input + (y * block.width + x0) * channels + channel;
    for (let x = x0; x < x1; x++) {
      best = i8x16.max_u(best, load16(source, channels, block.scratch));
      source += channels;
    }
  }
  const low = i16x8.extend_low_i8x16_u(best);
  const high = i16x8.extend_high_i8x16_u(best);
  v128.store(block.scratch, i32x4.extend_low_i16x8_u(low), 64);
  v128.store(block.scratch, i32x4.extend_high_i16x8_u(low), 80);
  v128.store(block.scratch, i32x4.extend_low_i16x8_u(high), 96);
  v128.store(block.scratch, i32x4.extend_high_i16x8_u(high), 112);
}

/** 16 channels, or all of them where there are fewer. */
@inline
function load16(source: usize, channels: u32, spare: usize): v128 {
  if (channels >= 16) return v128.load(source);
  copyTail(spare, source, channels);
  return v128.load(spare);
}

export function u8_averagepool_1x16__simd(block: Parameters): void {
  pool(block, true);
}

/** The window is the plane. */
export function u8_globalaveragepool_1x16__simd(block: Parameters): void {
  pool(block, true);
}

export function u8_maxpool_1x16__simd(block: Parameters): void {
  pool(block, false);
}
