import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { sumAcross } from "../inline/sum-across";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";

/**
 * w4a8 fully connected: one pixel x 16 channels, in groups of 4, with two weights a byte. A dense layer is bound by reading
 * its weights once, so they stay nibbles until they are in a register. The four nibbles of an i16 lane are the weights of
 * four channels at one k; eight lanes are eight k:
 *
 *   lane k (i16)  |  n3 = w3 + 8  |  n2 = w2 + 8  |  n1 = w1 + 8  |  n0 = w0 + 8  |    16 bytes a step of 8 k
 *                 15            12 11            8 7             4 3             0
 *
 * Each is cut out by one instruction and n1 and n2 stay where they are, scaled by 16 and 256, which their sums give back:
 *   sum x * w_c = (sum x * n_c * 2^e) >> e, minus 8 * sum x, the same for all channels and added up once a layer.
 *
 * Activations are centred: x = q - 128, or 8 for 4 bits and so on (`centre`), |x| <= 128. Accumulators: four int32 lanes a
 * channel, a pair of every eight k each: 2 * ceil(K / 8) * 256 * 15 * 128 <= 2^31 - 1, that is K <= 17,472 (`supports`).
 * K is padded to whole steps; what is read past the packed input is set to zero, so that the weights there do not matter.
 * Alignment: weights 16 bytes.
 */
@final
class Tile1x16 {
  @inline rows(): u32 { return 1; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 8; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return 64; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    const nibble0 = v128.load(stage, MASKS);
    const nibble1 = v128.load(stage, MASKS + 16);
    const nibble2 = v128.load(stage, MASKS + 32);
    const excess = v128.load(stage, EXCESS);
    for (let group = 0; group < 4; group++) {
      let a0 = i32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let x = source;
      const end = w + (steps << 4);
      do {
        const p = v128.load(x);
        const n = v128.load(w);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, v128.and(n, nibble0)));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p, v128.and(n, nibble1)));
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(p, v128.and(n, nibble2)));
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(p, i16x8.shr_u(n, 12)));
        x += 16;
        w += 16;
      } while (w < end);
      const sums = sumAcross(a0, i32x4.shr_s(a1, 4), i32x4.shr_s(a2, 8), a3);
      v128.store(stage, i32x4.sub(i32x4.add(v128.load(bias), sums), excess));
      bias += 16;
      stage += 16;
    }
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, 1, channel, multipliers);
  }
}

/** Where the scratch holds 8 * sum x, in all four lanes. */
@inline
const EXCESS: usize = 64;
/** And the masks of the lower three nibbles: a compiler would build constants anew in every iteration, but not move a load. */
@inline
const MASKS: usize = 80;

/** Zeros the elements up to a whole step and adds up all. */
export function sumOfActivations(packed: usize, count: u32): v128 {
  const end = packed + (count << 1);
  v128.store(end, i16x8.splat(0));
  const ones = i16x8.splat(1);
  let sum = i32x4.splat(0);
  for (let x = packed; x < end; x += 16) sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(x), ones));
  return sumAcross(sum, sum, sum, sum);
}

export function w4a8_dense_1x16__simd_nibbles(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  v128.store(block.scratch, i32x4.shl(sumOfActivations(packed, block.inChannels), 3), EXCESS);
  v128.store(block.scratch, i16x8.splat(0x000f), MASKS);
  v128.store(block.scratch, i16x8.splat(0x00f0), MASKS + 16);
  v128.store(block.scratch, i16x8.splat(0x0f00), MASKS + 32);
  convolve<Tile1x16>(block, packed);
}
