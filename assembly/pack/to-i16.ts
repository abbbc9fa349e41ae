import { Packing, Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";

/**
 * The input of integer convolutions: u8 widened to i16 with a centre taken off, so that the halo is one constant.
 *
 *   u8  | q0 | q1 | q2 | ...                 one byte an element, values 0 .. 2^a - 1
 *   i16 |  q0 - c |  q1 - c |  q2 - c | ...  two bytes an element; the k-pair (x0, x1) is one 32-bit word to splat
 *
 * A shared input is brought to the scheme's bits on the way (`rescale` in src/quant/arithmetic.ts). Every product and
 * sum there fits 16 bits because 255 * multiplier + 2^(shift - 1) <= 32767.
 *
 * Runs are written front to back in whole vectors, so up to 14 bytes past a run are overwritten and then written again
 * by what comes next; after the last run they fall into the slack that `scratchBytes` counts. Nothing is read past the
 * input's end: the last elements of a run pass through the first bytes of the scratch.
 */
export function packToI16(block: Parameters, target: usize): void {
  const channels = block.inChannels;
  if (block.packing == Packing.GATHERED) {
    gather(block, target);
    return;
  }
  const run = block.width * channels;
  if (!(block.paddingTop | block.paddingRight | block.paddingBottom | block.paddingLeft)) {
    widen(block, target, block.input, block.height * run);
    return;
  }
  const left = block.paddingLeft * channels;
  const right = block.paddingRight * channels;
  const row = left + run + right;
  let source = block.input;
  target = fill(block, target, block.paddingTop * row + left);
  for (let y: u32 = 0; y < block.height; y++) {
    target = widen(block, target, source, run);
    source += run;
    // the right halo of this row and the left one of the next are neighbours
    target = fill(block, target, right + (y + 1 < block.height ? left : 0));
  }
  fill(block, target, block.paddingBottom * row);
}

/** Kernel 1x1 without padding: the pixels that are read, densely. */
function gather(block: Parameters, target: usize): void {
  const channels = block.inChannels;
  if ((block.strideHeight | block.strideWidth) == 1) {
    widen(block, target, block.input, block.height * block.width * channels);
    return;
  }
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const row = block.input + y * block.strideHeight * block.width * channels;
    for (let x: u32 = 0; x < block.outWidth; x++) {
      target = widen(block, target, row + x * block.strideWidth * channels, channels);
    }
  }
}

/** Writes `count` halo elements; returns where the next one goes. */
function fill(block: Parameters, target: usize, count: u32): usize {
  const value = i16x8.splat(<i16>block.inputHalo);
  const end = target + (count << 1);
  for (let t = target; t < end; t += 16) v128.store(t, value);
  return end;
}

/** Widens `count` elements; returns where the next one goes. */
function widen(block: Parameters, target: usize, source: usize, count: u32): usize {
  const tail = count & 7;
  const whole = source + (count - tail);
  const end = target + (count << 1);
  const rescales = block.rescaleMultiplier != 0;
  if (rescales) target = rescaleRun(block, target, source, whole);
  else target = centreRun(block, target, source, whole);
  if (tail) {
    copyTail(block.scratch, whole, tail);
    if (rescales) rescaleRun(block, target, block.scratch, block.scratch + 8);
    else centreRun(block, target, block.scratch, block.scratch + 8);
  }
  return end;
}

/** Eight elements a step from `source` to `end`: q - centre. */
function centreRun(block: Parameters, target: usize, source: usize, end: usize): usize {
  const centre = i16x8.splat(<i16>block.inputCentre);
  while (source < end) {
    v128.store(target, i16x8.sub(v128.load8x8_u(source), centre));
    source += 8;
    target += 16;
  }
  return target;
}

/** Eight elements a step from `source` to `end`: rescale(q) - centre. */
function rescaleRun(block: Parameters, target: usize, source: usize, end: usize): usize {
  const shift = block.rescaleShift;
  const zero = i16x8.splat(<i16>block.inputZeroPoint);
  const multiplier = i16x8.splat(<i16>block.rescaleMultiplier);
  const rounding: i32 = shift > 0 ? 1 << (shift - 1) : 0;
  const half = i16x8.splat(<i16>rounding);
  // clamping to 0 .. maximum after adding the zero point, then taking the centre off: both in one shifted range
  const move = i16x8.splat(<i16>(block.rescaleZeroPoint - block.inputCentre));
  const low = i16x8.splat(<i16>-block.inputCentre);
  const high = i16x8.splat(<i16>(block.rescaleMaximum - block.inputCentre));
  while (source < end) {
    const product = i16x8.mul(i16x8.sub(v128.load8x8_u(source), zero), multiplier);
    const rounded = i16x8.shr_s(i16x8.add(product, half), shift);
    v128.store(target, i16x8.min_s(i16x8.max_s(i16x8.add(rounded, move), low), high));
    source += 8;
    target += 16;
  }
  return target;
}
