import { Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";

/**
 * The input of kernels that multiply bytes: the whole image with its halo, one byte an element as it came or, with a centre,
 * q - centre modulo 2^8. A shared input is brought to the scheme's bits on the way, as in assembly/pack/to-i16.ts.
 *
 * Runs are written front to back in whole vectors, so up to 15 bytes past a run are overwritten and then written again by
 * what comes next; after the last run they fall into the slack that `scratchBytes` counts. Nothing is read past the input's
 * end: the last elements of a run pass through the first bytes of the scratch.
 */
export function packToBytes(block: Parameters, target: usize): void {
  const channels = block.inChannels;
  const run = block.width * channels;
  const left = block.paddingLeft * channels;
  const right = block.paddingRight * channels;
  const row = left + run + right;
  let source = block.input;
  target = fill(block, target, block.paddingTop * row + left);
  for (let y: u32 = 0; y < block.height; y++) {
    if (block.rescaleMultiplier) rescaleRun(block, target, source, run);
    else if (block.inputCentre) centreRun(block, target, source, run);
    else memory.copy(target, source, run);
    source += run;
    target = fill(block, target + run, right + (y + 1 < block.height ? left : 0));
  }
  fill(block, target, block.paddingBottom * row);
}

/** Writes `count` halo elements; returns where the next one goes. */
function fill(block: Parameters, target: usize, count: u32): usize {
  const value = i8x16.splat(<i8>block.inputHalo);
  const end = target + count;
  for (let t = target; t < end; t += 16) v128.store(t, value);
  return end;
}

/** Takes the centre off `count` elements. */
function centreRun(block: Parameters, target: usize, source: usize, count: u32): void {
  const centre = i8x16.splat(<i8>block.inputCentre);
  const tail = count & 15;
  const end = source + (count - tail);
  while (source < end) {
    v128.store(target, i8x16.sub(v128.load(source), centre));
    source += 16;
    target += 16;
  }
  if (!tail) return;
  copyTail(block.scratch, source, tail);
  v128.store(target, i8x16.sub(v128.load(block.scratch), centre));
}

/** Brings `count` elements to fewer bits. */
function rescaleRun(block: Parameters, target: usize, source: usize, count: u32): void {
  const tail = count & 7;
  const whole = count - tail;
  rescaleWhole(block, target, source, source + whole);
  if (!tail) return;
  copyTail(block.scratch, source + whole, tail);
  rescaleWhole(block, target + whole, block.scratch, block.scratch + 8);
}

/** Eight elements a step from `source` to `end`; the sums fit 16 bits, see to-i16.ts. */
function rescaleWhole(block: Parameters, target: usize, source: usize, end: usize): void {
  const shift = block.rescaleShift;
  const zero = i16x8.splat(<i16>block.inputZeroPoint);
  const multiplier = i16x8.splat(<i16>block.rescaleMultiplier);
  const rounding: i32 = shift > 0 ? 1 << (shift - 1) : 0;
  const half = i16x8.splat(<i16>rounding);
  const move = i16x8.splat(<i16>block.rescaleZeroPoint);
  const high = i8x16.splat(<i8>block.rescaleMaximum);
  const centre = i8x16.splat(<i8>block.inputCentre);
  while (source < end) {
    const product = i16x8.mul(i16x8.sub(v128.load8x8_u(source), zero), multiplier);
    const moved = i16x8.add(i16x8.shr_s(i16x8.add(product, half), shift), move);
    const rescaled = i8x16.min_u(i8x16.narrow_i16x8_u(moved, moved), high);
    v128.store64_lane(target, i8x16.sub(rescaled, centre), 0);
    source += 8;
    target += 8;
  }
}
