import { Packing, Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";

/**
 * Tables of partial sums: what a convolution with one-bit weights looks up instead of multiplying. Each group of four
 * neighbouring channels of a pixel becomes one vector, indexed by four weight bits n = n0 + 2 n1 + 4 n2 + 8 n3:
 *
 *   u8 input | a0 | a1 | a2 | a3 | ...        one byte an element, values 0 .. m (m = 2^a - 1)
 *   table    | T[0] | T[1] | ... | T[15] |    one vector a group
 *
 *   signs:   T[n] = sum over j of (nj ? aj : m - aj)    weights +1 and -1; the constant m for each -1 is in the bias
 *   subsets: T[n] = sum over j of (nj ? aj : 0)         bit planes of weights
 *
 * Both are at most 4 m <= 60. A pixel has ceil(channels / 4) tables; the last one's missing activations are 0 and their
 * index bits 1 (signs) or 0 (subsets), so that they add nothing. A shared input is brought to the scheme's bits first
 * (`rescale` in src/quant/arithmetic.ts).
 *
 * A table is made from two tables of pairs, four entries each: T[n] = pair01[n & 3] + pair23[n >> 2].
 *
 * Four tables are written at a time, up to three of them past a run; what comes next is written over them, and after the
 * last run they fall into the slack that `scratchBytes` counts. Nothing is read past the input's end: the last elements of a
 * run pass through the first bytes of the scratch.
 */
/** Bytes of one pixel's tables. */
@inline
export function tablePixelBytes(block: Parameters): usize {
  return ((block.inChannels + 3) >> 2) << 4;
}

/** Pixels in one row of tables. */
@inline
export function tableRowPixels(block: Parameters): u32 {
  return block.packing == Packing.GATHERED ? block.outWidth : block.width + block.paddingLeft + block.paddingRight;
}

/**
 * Builds row `y` of the tables: of the output's rows where they are gathered, else of the image with its halo.
 *
 * @param target where the row begins.
 * @param maximum m.
 * @param signs whether the tables are of signs or of subsets.
 */
export function buildTableRow(block: Parameters, target: usize, y: u32, maximum: u32, signs: bool): void {
  const channels = block.inChannels;
  if (block.packing == Packing.GATHERED) {
    const row = block.input + y * block.strideHeight * block.width * channels;
    buildPixels(block, target, row, block.outWidth, block.strideWidth, maximum, signs);
    return;
  }
  if (y < block.paddingTop || y >= block.paddingTop + block.height) {
    fillHalo(block, target, tableRowPixels(block), maximum, signs);
    return;
  }
  const row = block.input + (y - block.paddingTop) * block.width * channels;
  target = fillHalo(block, target, block.paddingLeft, maximum, signs);
  target = buildPixels(block, target, row, block.width, 1, maximum, signs);
  fillHalo(block, target, block.paddingRight, maximum, signs);
}

/** Tables of every `step`th of the pixels from `source` on; returns where the next one's go. */
function buildPixels(
  block: Parameters, target: usize, source: usize, pixels: u32, step: u32, maximum: u32, signs: bool,
): usize {
  const channels = block.inChannels;
  if (step == 1 && !(channels & 3)) return buildRun(block, target, source, pixels * channels, maximum, signs);
  for (; pixels > 0; pixels--) {
    target = buildRun(block, target, source, channels, maximum, signs);
    source += step * channels;
  }
  return target;
}

/** Tables of `count` elements side by side; returns where the next ones go. */
function buildRun(block: Parameters, target: usize, source: usize, count: u32, maximum: u32, signs: bool): usize {
  const tail = count & 15;
  const whole = source + (count - tail);
  const end = target + (((count + 3) >> 2) << 4);
  target = buildVectors(block, target, source, whole, 16, maximum, signs);
  if (tail) {
    copyTail(block.scratch, whole, tail);
    buildVectors(block, target, block.scratch, block.scratch + 16, tail, maximum, signs);
  }
  return end;
}

/** Tables of pixels in the halo, whose activations are the zero point; returns where the next ones go. */
function fillHalo(block: Parameters, target: usize, pixels: u32, maximum: u32, signs: bool): usize {
  const tables = (block.inChannels + 3) >> 2;
  const zero = i8x16.splat(<i8>block.inputHalo);
  const first = pairTables(zero, i16x8.splat(<i16>(2 * maximum)), i16x8.splat(<i16>maximum), signs, false);
  const full = lowTable(first);
  // the last group has 1 to 4 channels
  const last = zeroPast(zero, ((block.inChannels + 3) & 3) + 1);
  const lastTable = lowTable(pairTables(last, i16x8.splat(<i16>(2 * maximum)), i16x8.splat(<i16>maximum), signs, false));
  for (; pixels > 0; pixels--) {
    for (let i: u32 = 1; i < tables; i++) {
      v128.store(target, full);
      target += 16;
    }
    v128.store(target, lastTable);
    target += 16;
  }
  return target;
}

/** Sixteen elements a step from `source` to `end`, of which `valid` count and the others are taken as 0. */
function buildVectors(
  block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32, signs: bool,
): usize {
  if (!signs) return block.rescaleMultiplier ? subsetsOfRescaled(block, target, source, end, valid, maximum) : subsetsOf(block, target, source, end, valid, maximum);
  return block.rescaleMultiplier ? signsOfRescaled(block, target, source, end, valid, maximum) : signsOf(block, target, source, end, valid, maximum);
}

function signsOf(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, true, false);
}

function signsOfRescaled(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, true, true);
}

function subsetsOf(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, false, false);
}

function subsetsOfRescaled(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, false, true);
}

@inline
function buildEach(
  block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32, signs: bool, rescales: bool,
): usize {
  const doubled = i16x8.splat(<i16>(2 * maximum));
  const single = i16x8.splat(<i16>maximum);
  const mask = zeroPast(i8x16.splat(-1), valid);
  const shift = block.rescaleShift;
  const zero = i16x8.splat(<i16>block.inputZeroPoint);
  const multiplier = i16x8.splat(<i16>block.rescaleMultiplier);
  const rounding: i32 = shift > 0 ? 1 << (shift - 1) : 0;
  const half = i16x8.splat(<i16>rounding);
  const move = i16x8.splat(<i16>block.rescaleZeroPoint);
  const high = i8x16.splat(<i8>block.rescaleMaximum);
  while (source < end) {
    let x = v128.load(source);
    if (rescales) {
      const low8 = i16x8.mul(i16x8.sub(i16x8.extend_low_i8x16_u(x), zero), multiplier);
      const high8 = i16x8.mul(i16x8.sub(i16x8.extend_high_i8x16_u(x), zero), multiplier);
      const q0 = i16x8.add(i16x8.shr_s(i16x8.add(low8, half), shift), move);
      const q1 = i16x8.add(i16x8.shr_s(i16x8.add(high8, half), shift), move);
      // narrowing clamps to 0 .. 255
      x = i8x16.min_u(i8x16.narrow_i16x8_u(q0, q1), high);
    }
    x = v128.and(x, mask);
    const p = pairTables(x, doubled, single, signs, false);
    v128.store(target, lowTable(p));
    v128.store(target, highTable(p), 16);
    const q = pairTables(x, doubled, single, signs, true);
    v128.store(target, lowTable(q), 32);
    v128.store(target, highTable(q), 48);
    source += 16;
    target += 64;
  }
  return target;
}

/** The first `count` bytes of `x`, then zeros. */
@inline
function zeroPast(x: v128, count: u32): v128 {
  const index = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(x, i8x16.lt_u(index, i8x16.splat(<i8>count)));
}

/**
 * Four pairs' tables, of the first or the last eight elements: the pair (a0, a1) gives the bytes
 *   signs:   | 2m - a0 - a1 | m + a0 - a1 | m - a0 + a1 | a0 + a1 |
 *   subsets: | 0            | a0          | a1          | a0 + a1 |
 */
@inline
function pairTables(x: v128, doubled: v128, single: v128, signs: bool, last: bool): v128 {
  const odd = i16x8.shr_u(x, 8);
  let early: v128;
  let late: v128;
  if (signs) {
    const even = i16x8.sub(x, i16x8.shl(odd, 8));
    const sum = i16x8.add(even, odd);
    const difference = i16x8.add(i16x8.sub(even, odd), single);
    early = i16x8.add(i16x8.sub(doubled, sum), i16x8.shl(difference, 8));
    late = i16x8.add(i16x8.sub(doubled, difference), i16x8.shl(sum, 8));
  } else {
    early = i16x8.shl(x, 8);
    late = i16x8.add(odd, i16x8.shl(i16x8.add(x, odd), 8));
  }
  if (last) return i16x8.shuffle(early, late, 4, 12, 5, 13, 6, 14, 7, 15);
  return i16x8.shuffle(early, late, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The table of the first two pairs. */
@inline
function lowTable(p: v128): v128 {
  const doubled = i8x16.shuffle(p, p, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  const repeated = i16x8.shuffle(doubled, doubled, 4, 4, 5, 5, 6, 6, 7, 7);
  return i8x16.add(i32x4.shuffle(p, p, 0, 0, 0, 0), repeated);
}

/** The table of the last two pairs. */
@inline
function highTable(p: v128): v128 {
  const doubled = i8x16.shuffle(p, p, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
  const repeated = i16x8.shuffle(doubled, doubled, 4, 4, 5, 5, 6, 6, 7, 7);
  return i8x16.add(i32x4.shuffle(p, p, 2, 2, 2, 2), repeated);
}
