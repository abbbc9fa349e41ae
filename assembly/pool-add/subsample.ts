import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { copyTail } from "../inline/copy";
import { narrow16, requantize4, storeReals } from "../inline/elements";
import { Rounding } from "../inline/requantize";
import { readReals } from "../pack/to-f32";

/**
 * The parameter-free shortcut: every stride-th pixel, with channels of real zeros before (`paddingLeft` of them) and after.
 *
 * u8: clamp(round(f32(q - zin) * multiplier) + z), 16 elements a step; added channels hold z. The last elements of a
 * pixel pass through the scratch.
 */
export function u8_subsample_1x16__simd(block: Parameters): void {
  const channels = block.inChannels;
  const before = block.paddingLeft;
  const after = block.outChannels - before - channels;
  const zero = block.outputZeroPoint;
  let target = block.output;
  for (let oy: u32 = 0; oy < block.outHeight; oy++) {
    const row = block.input + oy * block.strideHeight * block.width * channels;
    for (let ox: u32 = 0; ox < block.outWidth; ox++) {
      memory.fill(target, <u8>zero, before);
      target += before;
      requantizeRun(block, target, row + ox * block.strideWidth * channels, channels);
      target += channels;
      memory.fill(target, <u8>zero, after);
      target += after;
    }
  }
}

function requantizeRun(block: Parameters, target: usize, source: usize, count: u32): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const zero = i16x8.splat(<i16>block.inputZeroPoint);
  const multiplier = f32x4.splat(block.inputScale);
  const scratch = block.scratch;
  for (let i: u32 = 0; i < count; i += 16) {
    const left = count - i;
    let from = source + i;
    if (left < 16) {
      copyTail(scratch, from, left);
      from = scratch;
    }
    const a = i16x8.sub(v128.load8x8_u(from), zero);
    const b = i16x8.sub(v128.load8x8_u(from, 8), zero);
    const q0 = requantize4(i32x4.extend_low_i16x8_s(a), multiplier, low, high, magic, offset);
    const q1 = requantize4(i32x4.extend_high_i16x8_s(a), multiplier, low, high, magic, offset);
    const q2 = requantize4(i32x4.extend_low_i16x8_s(b), multiplier, low, high, magic, offset);
    const q3 = requantize4(i32x4.extend_high_i16x8_s(b), multiplier, low, high, magic, offset);
    const to = left < 16 ? scratch + 128 : target + i;
    v128.store(to, narrow16(q0, q1, q2, q3));
    if (left < 16) copyTail(target + i, to, left);
  }
}

/** Reals, from u8 or f32: each output pixel is put together in the scratch, zeros included, then clamped or quantized. */
export function f32_subsample_1x4__simd(block: Parameters): void {
  const channels = block.inChannels;
  const outChannels = block.outChannels;
  const pixelBytes = channels << (block.inputType << 1);
  const pixel = block.scratch + STAGE_BYTES;
  const values = pixel + (block.paddingLeft << 2);
  const outBytes = outChannels << (block.outputType << 1);
  let target = block.output;
  for (let oy: u32 = 0; oy < block.outHeight; oy++) {
    const row = block.input + oy * block.strideHeight * block.width * pixelBytes;
    for (let ox: u32 = 0; ox < block.outWidth; ox++) {
      const source = row + ox * block.strideWidth * pixelBytes;
      memory.fill(pixel, 0, block.paddingLeft << 2);
      const after = readReals(values, source, channels, block.inputType, block.inputZeroPoint, block.inputScale, block.scratch);
      memory.fill(after, 0, pixel + (outChannels << 2) - after);
      storeReals(block, target, pixel, outChannels);
      target += outBytes;
    }
  }
}
