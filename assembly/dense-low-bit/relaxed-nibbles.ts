import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { sumAcross } from "../inline/sum-across";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";
import { sumOfActivations } from "./nibbles";

/**
 * w4a8 fully connected by the relaxed dot product of bytes: one pixel x 16 channels, in groups of 4, two weights a byte.
 *
 *   weights of a group, one step (16 k), n = w + 8:
 *     byte k       |  c1: n of k  |  c0: n of k  |      byte 16 + k    |  c3: n of k  |  c2: n of k  |
 *                  7            4 3              0                     7            4 3              0
 *
 * Nibbles are the 7-bit operand, centred activations (q - 128, one byte) the 8-bit one, so the result is the same on every
 * processor: the products of two neighbours are at most 2 * 128 * 15 = 3840 and never saturate where they pass through 16
 * bits. 8 * sum x is taken off as in nibbles.ts. Accumulators: four int32 lanes a channel; K <= 66,311 as for w8a8, far from
 * their bound. K is padded to whole steps; what is read past the packed input is set to zero.
 * Alignment: weights 16 bytes.
 */
@final
class Tile1x16 {
  @inline rows(): u32 { return 1; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 16; }
  @inline elementShift(): u32 { return 0; }
  @inline stepBytes(): u32 { return 128; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
    const nibble = v128.load(stage, NIBBLE);
    const excess = v128.load(stage, EXCESS);
    for (let group = 0; group < 4; group++) {
      let a0 = i32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let x = source;
      const end = w + (steps << 5);
      do {
        const p = v128.load(x);
        const n = v128.load(w);
        a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(p, v128.and(n, nibble), a0);
        a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(p, v128.and(i16x8.shr_u(n, 4), nibble), a1);
        const m = v128.load(w, 16);
        a2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(p, v128.and(m, nibble), a2);
        a3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(p, v128.and(i16x8.shr_u(m, 4), nibble), a3);
        x += 16;
        w += 32;
      } while (w < end);
      v128.store(stage, i32x4.sub(i32x4.add(v128.load(bias), sumAcross(a0, a1, a2, a3)), excess));
      bias += 16;
      stage += 16;
    }
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, 1, channel, multipliers);
  }
}

/** Where the scratch holds 8 * sum x, in all four lanes, and the mask of the lower nibbles. */
@inline
const EXCESS: usize = 64;
@inline
const NIBBLE: usize = 80;

/** Brings centred activations from two bytes to one, in place and front to back, and adds zeros up to a whole step. */
function narrow(packed: usize, count: u32): void {
  const end = packed + (count << 1);
  let target = packed;
  for (let source = packed; source < end; source += 32) {
    v128.store(target, i8x16.narrow_i16x8_s(v128.load(source), v128.load(source, 16)));
    target += 16;
  }
  v128.store(packed + count, i8x16.splat(0));
}

export function w4a8_dense_1x16__relaxed_nibbles(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  v128.store(block.scratch, i32x4.shl(sumOfActivations(packed, block.inChannels), 3), EXCESS);
  narrow(packed, block.inChannels);
  v128.store(block.scratch, i8x16.splat(15), NIBBLE);
  convolve<Tile1x16>(block, packed);
}
