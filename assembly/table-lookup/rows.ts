import { Packing, Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";

/**
 * The input of kernels that take it in groups of channels, packed row by row. `Builder` says how a group is packed:
 *   channels()   channels of a group; a pixel's last group is filled up with activations of 0
 *   bytes(m)     bytes of a packed group
 *   vectors(...) packs sixteen elements a step, of which `valid` count; returns where the next step would go
 *   halo(...)    packs pixels of the halo, whose activations are the zero point; returns where the next ones go
 *
 * A whole step is written at a time, in part past the end of a run; what comes next is written over it, and after the last run
 * it falls into the slack that `scratchBytes` counts. Nothing is read past the input's end: the last elements of a run pass
 * through the first bytes of the scratch.
 */

/** Bytes of one packed pixel. */
@inline
export function packedPixelBytes<Builder>(block: Parameters, maximum: u32): u32 {
  const builder = changetype<Builder>(0);
  return (block.inChannels + builder.channels() - 1) / builder.channels() * builder.bytes(maximum);
}

/** Pixels in one packed row. */
@inline
export function packedRowPixels(block: Parameters): u32 {
  return block.packing == Packing.GATHERED ? block.outWidth : block.width + block.paddingLeft + block.paddingRight;
}

/**
 * Packs row `y`: of the output's rows where they are gathered, else of the image with its halo.
 *
 * @param target where the row begins.
 * @param maximum the greatest activation of the kernel's scheme.
 * @param signs whether weights are signs, or planes of bits.
 */
export function buildRow<Builder>(block: Parameters, target: usize, y: u32, maximum: u32, signs: bool): void {
  const builder = changetype<Builder>(0);
  const channels = block.inChannels;
  if (block.packing == Packing.GATHERED) {
    const row = block.input + y * block.strideHeight * block.width * channels;
    buildPixels<Builder>(block, target, row, block.outWidth, block.strideWidth, maximum, signs);
    return;
  }
  if (y < block.paddingTop || y >= block.paddingTop + block.height) {
    builder.halo(block, target, packedRowPixels(block), maximum, signs);
    return;
  }
  const row = block.input + (y - block.paddingTop) * block.width * channels;
  target = builder.halo(block, target, block.paddingLeft, maximum, signs);
  target = buildPixels<Builder>(block, target, row, block.width, 1, maximum, signs);
  builder.halo(block, target, block.paddingRight, maximum, signs);
}

/** Packs every `step`th of the pixels from `source` on; returns where the next one goes. */
function buildPixels<Builder>(
  block: Parameters, target: usize, source: usize, pixels: u32, step: u32, maximum: u32, signs: bool,
): usize {
  const channels = block.inChannels;
  const whole = channels % changetype<Builder>(0).channels() == 0;
  if (step == 1 && whole) return buildRun<Builder>(block, target, source, pixels * channels, maximum, signs);
  for (; pixels > 0; pixels--) {
    target = buildRun<Builder>(block, target, source, channels, maximum, signs);
    source += step * channels;
  }
  return target;
}

/** Packs `count` elements side by side; returns where the next ones go. */
function buildRun<Builder>(
  block: Parameters, target: usize, source: usize, count: u32, maximum: u32, signs: bool,
): usize {
  const builder = changetype<Builder>(0);
  const tail = count & 15;
  const whole = source + (count - tail);
  const end = target + (count + builder.channels() - 1) / builder.channels() * builder.bytes(maximum);
  target = builder.vectors(block, target, source, whole, 16, maximum, signs);
  if (tail) {
    copyTail(block.scratch, whole, tail);
    builder.vectors(block, target, block.scratch, block.scratch + 16, tail, maximum, signs);
  }
  return end;
}

/** Half a unit of what `rescale16` shifts away. */
@inline
export function rescaleHalf(block: Parameters): v128 {
  const half: i32 = block.rescaleShift > 0 ? 1 << (block.rescaleShift - 1) : 0;
  return i16x8.splat(<i16>half);
}

/** Sixteen elements of a shared input brought to the scheme's bits: `rescale` in src/quant/arithmetic.ts. */
@inline
export function rescale16(
  x: v128, zero: v128, multiplier: v128, half: v128, shift: i32, move: v128, maximum: v128,
): v128 {
  const low = i16x8.mul(i16x8.sub(i16x8.extend_low_i8x16_u(x), zero), multiplier);
  const high = i16x8.mul(i16x8.sub(i16x8.extend_high_i8x16_u(x), zero), multiplier);
  const q0 = i16x8.add(i16x8.shr_s(i16x8.add(low, half), shift), move);
  const q1 = i16x8.add(i16x8.shr_s(i16x8.add(high, half), shift), move);
  // narrowing clamps to 0 .. 255
  return i8x16.min_u(i8x16.narrow_i16x8_u(q0, q1), maximum);
}

/** The first `count` bytes of `x`, then zeros. */
@inline
export function zeroPast(x: v128, count: u32): v128 {
  const index = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(x, i8x16.lt_u(index, i8x16.splat(<i8>count)));
}
