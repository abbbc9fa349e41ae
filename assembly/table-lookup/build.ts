import { Parameters } from "../inline/parameters";
import { rescale16, rescaleHalf, zeroPast } from "./rows";

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
 * Four tables are written at a time, up to three of them past a run: see `buildRow`.
 */
@final
export class Tables {
  @inline channels(): u32 { return 4; }
  @inline bytes(maximum: u32): u32 { return 16; }

  @inline
  vectors(
    block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32, signs: bool,
  ): usize {
    return buildVectors(block, target, source, end, valid, maximum, signs);
  }

  @inline
  halo(block: Parameters, target: usize, pixels: u32, maximum: u32, signs: bool): usize {
    return fillHalo(block, target, pixels, maximum, signs);
  }
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
  const rescales = block.rescaleMultiplier != 0;
  if (signs && rescales) return rescaledSigns(block, target, source, end, valid, maximum);
  if (signs) return plainSigns(block, target, source, end, valid, maximum);
  if (rescales) return rescaledSubsets(block, target, source, end, valid, maximum);
  return plainSubsets(block, target, source, end, valid, maximum);
}

// four functions, so that each loop has only what it needs in registers

function plainSigns(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, true, false);
}

function rescaledSigns(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, true, true);
}

function plainSubsets(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, false, false);
}

function rescaledSubsets(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  return buildEach(block, target, source, end, valid, maximum, false, true);
}

@inline
function buildEach(
  block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32, signs: bool, rescales: bool,
): usize {
  const doubled = i16x8.splat(<i16>(2 * maximum));
  const single = i16x8.splat(<i16>maximum);
  const mask = zeroPast(i8x16.splat(-1), valid);
  const zero = i16x8.splat(<i16>block.inputZeroPoint);
  const multiplier = i16x8.splat(<i16>block.rescaleMultiplier);
  const shift = block.rescaleShift;
  const half = rescaleHalf(block);
  const move = i16x8.splat(<i16>block.rescaleZeroPoint);
  const high = i8x16.splat(<i8>block.rescaleMaximum);
  while (source < end) {
    let x = v128.load(source);
    if (rescales) x = rescale16(x, zero, multiplier, half, shift, move, high);
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
