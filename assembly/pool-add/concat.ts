import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { copyTail } from "../inline/copy";
import { narrow16, requantize4, storeReals } from "../inline/elements";
import { Rounding } from "../inline/requantize";
import { readReals } from "../pack/to-f32";

/**
 * The channels of two tensors of one height and width, pixel by pixel.
 *
 * u8: clamp(round(f32(q - zq) * m) + z) with each operand's own zero point and multiplier, 16 elements a step. An operand
 * that has the output's steps already is copied.
 */
export function u8_concat_1x16__simd(block: Parameters): void {
  const first = block.inChannels;
  const second = block.outChannels - first;
  const pixels = block.height * block.width;
  const whole = block.clampLow == -<f32>block.outputZeroPoint && block.clampHigh == 255 - <f32>block.outputZeroPoint;
  const copiesFirst = whole && block.inputScale == 1 && block.inputZeroPoint == block.outputZeroPoint;
  const copiesSecond = whole && block.residualScale == 1 && block.residualZeroPoint == block.outputZeroPoint;
  let a = block.input;
  let b = block.residual;
  let target = block.output;
  for (let p: u32 = 0; p < pixels; p++) {
    if (copiesFirst) memory.copy(target, a, first);
    else requantizeRun(block, target, a, first, block.inputZeroPoint, block.inputScale);
    target += first;
    a += first;
    if (copiesSecond) memory.copy(target, b, second);
    else requantizeRun(block, target, b, second, block.residualZeroPoint, block.residualScale);
    target += second;
    b += second;
  }
}

function requantizeRun(block: Parameters, target: usize, source: usize, count: u32, zeroPoint: i32, scale: f32): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const zero = i16x8.splat(<i16>zeroPoint);
  const multiplier = f32x4.splat(scale);
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

/** Reals, each operand from u8 or f32: each output pixel is put together in the scratch, then clamped or quantized. */
export function f32_concat_1x4__simd(block: Parameters): void {
  const first = block.inChannels;
  const outChannels = block.outChannels;
  const second = outChannels - first;
  const pixels = block.height * block.width;
  const secondType: u32 = block.residualType == 2 ? 1 : 0;
  const pixel = block.scratch + STAGE_BYTES;
  const firstBytes = first << (block.inputType << 1);
  const secondBytes = second << (secondType << 1);
  const outBytes = outChannels << (block.outputType << 1);
  let a = block.input;
  let b = block.residual;
  let target = block.output;
  for (let p: u32 = 0; p < pixels; p++) {
    const next = readReals(pixel, a, first, block.inputType, block.inputZeroPoint, block.inputScale, block.scratch);
    readReals(next, b, second, secondType, block.residualZeroPoint, block.residualScale, block.scratch);
    storeReals(block, target, pixel, outChannels);
    a += firstBytes;
    b += secondBytes;
    target += outBytes;
  }
}
