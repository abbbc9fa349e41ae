import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";

/**
 * Fully connected layers of 1- and 2-bit weights by tables of activations. For every four activations a table of 16 bytes
 * holds the sums of all their subsets, and four weight bits of a channel are the index into it, so that one `swizzle` and
 * one `add` serve 16 channels x 4 k:
 *
 *   table of k .. k + 3   byte i: (i & 1 ? q0 : 0) + (i & 2 ? q1 : 0) + (i & 4 ? q2 : 0) + (i & 8 ? q3 : 0)
 *   weights, 16 bytes     byte c: | channel c + 16: bits of k3 k2 k1 k0 | channel c: bits of k3 k2 k1 k0 |
 *                                 7                                   4 3                               0
 *
 * Weights are bit planes: w = 2 b - 1 for one bit, w = b0 - 2 b1 for two; 32 channels of one plane lie in one vector, plane
 * after plane. So with S the sums over set bits a channel has 2 S - sum q, or S0 - 2 S1; sum q is added up once a layer.
 * Activations of more than 4 bits are split: q = 16 high + low, a table for each.
 *
 * Bounds, with m the greatest activation or half of it (15 for 8 bits): a table's entry is at most 4 m; bytes hold `flush` =
 * floor(255 / 4m) entries and are then added to 16-bit lanes, which hold m * K <= 65535.
 *   2 bits: flush 21, K <= 21,845. 4 bits and halves of 8: flush 4, K <= 4,369 (`supports`).
 *
 * The tiles are written by scripts/kernels/dense-low-bit.mjs. The activations are not centred (the zero point is in the
 * bias); those that pad K to a whole table are zero, so that the weight bits there do not matter.
 * Alignment: weights and tables 16 bytes.
 */

/** Where the scratch holds sum q, in all four lanes. */
@inline
export const SUM: usize = 128;

/** And the mask of the lower nibble of every byte. */
@inline
export const NIBBLE: usize = 144;
/** And the masks of the entries that contain each of four activations. */
@inline
const SUBSETS: usize = 160;

/** Writes all masks: a compiler would build constants anew in every iteration, but does not move a load. */
@inline
function writeMasks(scratch: usize): usize {
  v128.store(scratch, i8x16.splat(15), NIBBLE);
  v128.store(scratch, i16x8.splat(-256), SUBSETS);
  v128.store(scratch, i32x4.splat(-65536), SUBSETS + 16);
  v128.store(scratch, i64x2.splat(-4294967296), SUBSETS + 32);
  v128.store(scratch, i64x2(0, -1), SUBSETS + 48);
  return scratch + SUBSETS;
}

/**
 * Packs the input, then builds its tables after it, one or (for `halves`) two for every four activations, low half first.
 *
 * @returns the address of the first table, 16-byte aligned.
 */
export function buildTables(block: Parameters, halves: bool): usize {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  const end = packed + (block.inChannels << 1);
  store<u64>(end, 0);
  const tables = (end + 23) & ~15;
  const masks = writeMasks(block.scratch);
  const sum = halves ? tablesOfHalves(packed, end, tables, masks) : tablesOfWhole(packed, end, tables, masks);
  v128.store(block.scratch, i32x4.splat(sum), SUM);
  return tables;
}

/** All sums of subsets of four activations, in the lowest bytes of the i16 elements at `source`. */
@inline
function subsetSums(source: usize, m0: v128, m1: v128, m2: v128, m3: v128): v128 {
  return i8x16.add(
    i8x16.add(v128.and(v128.load8_splat(source), m0), v128.and(v128.load8_splat(source, 2), m1)),
    i8x16.add(v128.and(v128.load8_splat(source, 4), m2), v128.and(v128.load8_splat(source, 6), m3)),
  );
}

/** Returns the sum of all activations: a table's last entry is that of its four. */
function tablesOfWhole(source: usize, end: usize, target: usize, masks: usize): i32 {
  const m0 = v128.load(masks);
  const m1 = v128.load(masks, 16);
  const m2 = v128.load(masks, 32);
  const m3 = v128.load(masks, 48);
  let sum = 0;
  for (; source < end; source += 8) {
    v128.store(target, subsetSums(source, m0, m1, m2, m3));
    sum += load<u8>(target, 15);
    target += 16;
  }
  return sum;
}

/** The same of 8-bit activations; the halves are cut out in place. */
function tablesOfHalves(source: usize, end: usize, target: usize, masks: usize): i32 {
  const m0 = v128.load(masks);
  const m1 = v128.load(masks, 16);
  const m2 = v128.load(masks, 32);
  const m3 = v128.load(masks, 48);
  let sum = 0;
  for (; source < end; source += 8) {
    const q = load<u64>(source);
    store<u64>(source, q & 0x000f000f000f000f);
    v128.store(target, subsetSums(source, m0, m1, m2, m3));
    store<u64>(source, (q >> 4) & 0x000f000f000f000f);
    v128.store(target, subsetSums(source, m0, m1, m2, m3), 16);
    sum += load<u8>(target, 15) + (<i32>load<u8>(target, 31) << 4);
    target += 32;
  }
  return sum;
}

/** Adds 16 bytes to two vectors of 16-bit sums: the lower eight. */
@inline
export function addLow(sums: v128, bytes: v128): v128 {
  return i16x8.add(sums, i16x8.extend_low_i8x16_u(bytes));
}

/** The upper eight. */
@inline
export function addHigh(sums: v128, bytes: v128): v128 {
  return i16x8.add(sums, i16x8.extend_high_i8x16_u(bytes));
}

/** The epilogue of 32 channels: that of 16 twice, the second moved back to end at the last channel. */
@inline
export function storeTile(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
  storeIntegerTile(block, block.scratch, pixel, 1, channel, multipliers);
  if (block.outChannels <= 16) return;
  const second = min<u32>(block.outChannels, 32) - 16;
  storeIntegerTile(block, block.scratch + (second << 2), pixel, 1, channel + second, multipliers + (second << 2));
}
