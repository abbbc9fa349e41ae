import { Parameters } from "../inline/parameters";
import { rescale16, rescaleHalf, zeroPast } from "../table-lookup/rows";

/**
 * Bit-serial convolution: both operands are split into planes of bits, and the product of two planes is the number of ones in
 * which they meet. A byte holds one plane of eight neighbouring channels:
 *
 *   u8 input | a0 | a1 | ... | a7 | ...                       one byte an element, values 0 .. 2^a - 1
 *   planes   | bit 0 of a7 .. a0 | bit 1 of a7 .. a0 | ...    `a` bytes for 8 channels
 *   weights  | bits of c0 | bits of c8 | bits of c1 | ...     one byte a channel: 8 k of it, a vector each plane
 *
 * A step splats one byte of a pixel and counts, in 16 channels at once:
 *   signs:   popcnt(x xor not w), the bits in which the activation's is that of the weight (1 for +1): summed over the planes
 *            with 1 and 2 that is what sign tables hold, the sum of (w = +1 ? a : m - a)
 *   planes:  popcnt(x and w), for weights w = b0 - 2 b1: the factors are 1, 2 for b0 and -2, -4 for b1
 * Missing channels have activations of 0 and weights that count nothing.
 *
 * Bounds: a count is at most 8, so a byte lane holds 31 of them, 248 <= 255. Each pair of planes has its own lanes, which
 * meet in the 16-bit sums; those, the driver and the epilogue are the ones of assembly/table-lookup/convolve.ts.
 */
@final
export class BitPlanes {
  @inline channels(): u32 { return 8; }
  @inline bytes(maximum: u32): u32 { return (maximum >> 1) + 1; }

  @inline
  vectors(
    block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32, signs: bool,
  ): usize {
    return packPlanes(block, target, source, end, valid, maximum);
  }

  @inline
  halo(block: Parameters, target: usize, pixels: u32, maximum: u32, signs: bool): usize {
    return fillHalo(block, target, pixels, maximum);
  }
}

/** Planes of sixteen elements a step from `source` to `end`, of which `valid` count and the others are taken as 0. */
function packPlanes(block: Parameters, target: usize, source: usize, end: usize, valid: u32, maximum: u32): usize {
  const rescales = block.rescaleMultiplier != 0;
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
    // a bit of each byte moves to the top of that byte, from where the mask is taken
    const one = i8x16.bitmask(i16x8.shl(x, 7));
    if (maximum == 1) {
      store<u16>(target, <u16>one);
      target += 2;
    } else {
      const two = i8x16.bitmask(i16x8.shl(x, 6));
      store<u8>(target, <u8>one);
      store<u8>(target, <u8>two, 1);
      store<u8>(target, <u8>(one >> 8), 2);
      store<u8>(target, <u8>(two >> 8), 3);
      target += 4;
    }
    source += 16;
  }
  return target;
}

/** Planes of pixels whose activations are the zero point; returns where the next ones go. */
function fillHalo(block: Parameters, target: usize, pixels: u32, maximum: u32): usize {
  const groups = (block.inChannels + 7) >> 3;
  // the last group has 1 to 8 channels
  const last: u32 = 0xff >> (7 - ((block.inChannels + 7) & 7));
  const planes: u32 = (maximum >> 1) + 1;
  for (; pixels > 0; pixels--) {
    for (let i: u32 = 1; i <= groups; i++) {
      const ones: u32 = i < groups ? 0xff : last;
      for (let plane: u32 = 0; plane < planes; plane++) {
        store<u8>(target, <u8>((block.inputHalo >> plane) & 1 ? ones : 0));
        target += 1;
      }
    }
  }
  return target;
}
