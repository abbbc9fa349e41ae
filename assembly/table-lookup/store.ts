import { Parameters } from "../inline/parameters";
import { Rounding } from "../inline/requantize";
import { storeIntegerTile } from "../inline/tile-store";
import { STAGE_AT, SUMS_AT, finishSums, highSums, lowSums } from "./sums";

/**
 * What these kernels' constants begin with, before the panels: four words, each to be splat.
 *   +0   1 where the short epilogue is exact for every input (see `storeShort`), else 0
 *   +4   0x4b004b00
 *   +8   the lower clamp in each byte
 *   +12  the upper clamp in each byte
 *   +16  `rise` in each half word (see sums.ts)
 */
@inline export const HEADER_BYTES: usize = 32;

/**
 * From the sums of `rows` pixels x `groups` times 16 channels to the output. The panel's constants are the biases, then the
 * multipliers, of all its channels.
 */
@inline
export function storeSums(block: Parameters, pixel: u32, rows: u32, channel: u32, groups: u32, constants: usize): void {
  const stride: usize = groups << 5;
  let sums = block.scratch + SUMS_AT;
  const short = load<u32>(block.constants) != 0;
  for (let g: u32 = 0; g < groups; g++) {
    const multipliers = constants + (groups << 6);
    if (short) storeShort(block, sums, stride, pixel, rows, channel, constants, multipliers);
    else storeLong(block, sums, stride, pixel, rows, channel, constants, multipliers);
    sums += 32;
    constants += 64;
    channel += 16;
  }
}

/** The ordinary epilogue, four pixels at a time. */
function storeLong(
  block: Parameters, sums: usize, stride: usize, pixel: u32, rows: u32, channel: u32, bias: usize, multipliers: usize,
): void {
  const stage = block.scratch + STAGE_AT;
  const rise = v128.load32_splat(block.constants, 16);
  const end = pixel + rows;
  while (pixel < end) {
    const count = min<u32>(end - pixel, 4);
    finishSums(sums, stride, stage, bias, count, rise);
    storeIntegerTile(block, stage, pixel, count, channel, multipliers);
    sums += stride << 2;
    pixel += 4;
  }
}

/**
 * The epilogue of `storeIntegerTile` for u8 output and 16 channels or more, in little more than half the instructions, where
 * |bias| <= 2^22 and |v| <= 2^21 for any input (the packing in TypeScript proves it from weights and multipliers).
 *
 * A 16-bit sum s below the half word 0x4b00 is the f32 2^23 + s; adding the f32 bias - 2^23 gives the accumulator as an f32,
 * exactly, as all of it are integers below 2^24. The same goes for the residual. Within |v| <= 2^21 the magic number rounds
 * whatever the clamp would have cut off, so that the clamp can wait until there are 16 bytes in a vector: narrowing saturates.
 */
function storeShort(
  block: Parameters, sums: usize, stride: usize, pixel: u32, rows: u32, channel: u32, bias: usize, multipliers: usize,
): void {
  const channels = block.outChannels;
  const at = pixel * channels + channel;
  let output = block.output + at;
  const upper = v128.load32_splat(block.constants, 4);
  const low = v128.load32_splat(block.constants, 8);
  const high = v128.load32_splat(block.constants, 12);
  const rise = v128.load32_splat(block.constants, 16);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const b2 = v128.load(bias, 32);
  const b3 = v128.load(bias, 48);
  const m0 = v128.load(multipliers);
  const m1 = v128.load(multipliers, 16);
  const m2 = v128.load(multipliers, 32);
  const m3 = v128.load(multipliers, 48);
  const end = sums + rows * <u32>stride;
  if (!block.residualType) {
    while (sums < end) {
      const l = lowSums(sums, rise);
      const h = highSums(sums, rise);
      const v0 = f32x4.mul(f32x4.add(lowReals(l, upper), b0), m0);
      const v1 = f32x4.mul(f32x4.add(highReals(l, upper), b1), m1);
      const v2 = f32x4.mul(f32x4.add(lowReals(h, upper), b2), m2);
      const v3 = f32x4.mul(f32x4.add(highReals(h, upper), b3), m3);
      v128.store(output, roundShort(v0, v1, v2, v3, magic, offset, low, high));
      sums += stride;
      output += channels;
    }
    return;
  }
  let residual = block.residual + at;
  const scale = f32x4.splat(block.residualScale);
  const lowest: i32 = -8388608 - block.residualZeroPoint;
  const zero = f32x4.splat(<f32>lowest);
  while (sums < end) {
    const l = lowSums(sums, rise);
    const h = highSums(sums, rise);
    const r = v128.load(residual);
    const rl = i16x8.extend_low_i8x16_u(r);
    const rh = i16x8.extend_high_i8x16_u(r);
    const r0 = f32x4.mul(f32x4.add(lowReals(rl, upper), zero), scale);
    const r1 = f32x4.mul(f32x4.add(highReals(rl, upper), zero), scale);
    const r2 = f32x4.mul(f32x4.add(lowReals(rh, upper), zero), scale);
    const r3 = f32x4.mul(f32x4.add(highReals(rh, upper), zero), scale);
    const v0 = f32x4.add(f32x4.mul(f32x4.add(lowReals(l, upper), b0), m0), r0);
    const v1 = f32x4.add(f32x4.mul(f32x4.add(highReals(l, upper), b1), m1), r1);
    const v2 = f32x4.add(f32x4.mul(f32x4.add(lowReals(h, upper), b2), m2), r2);
    const v3 = f32x4.add(f32x4.mul(f32x4.add(highReals(h, upper), b3), m3), r3);
    v128.store(output, roundShort(v0, v1, v2, v3, magic, offset, low, high));
    sums += stride;
    output += channels;
    residual += channels;
  }
}

/** 2^23 + s of the first four sums; `upper` is 0x4b00 in each half word. */
@inline
function lowReals(sums: v128, upper: v128): v128 {
  return i16x8.shuffle(sums, upper, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** 2^23 + s of the last four sums. */
@inline
function highReals(sums: v128, upper: v128): v128 {
  return i16x8.shuffle(sums, upper, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** roundHalfEven(v) + zero point, clamped, as 16 bytes. */
@inline
function roundShort(
  v0: v128, v1: v128, v2: v128, v3: v128, magic: v128, offset: v128, low: v128, high: v128,
): v128 {
  const q0 = i32x4.sub(f32x4.add(v0, magic), offset);
  const q1 = i32x4.sub(f32x4.add(v1, magic), offset);
  const q2 = i32x4.sub(f32x4.add(v2, magic), offset);
  const q3 = i32x4.sub(f32x4.add(v3, magic), offset);
  const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(q0, q1), i16x8.narrow_i32x4_s(q2, q3));
  return i8x16.min_u(i8x16.max_u(bytes, low), high);
}
