/**
 * Packed dot: the weights of two output channels share one i16 lane, so that one multiply-add serves both. Tiles of 16
 * channels: channel c lies in the low field, channel c + 8 in the high one (of 8: c + 4), s bits apart (w = w_high * 2^s + w_low):
 *
 *   weight lane (i16)        |  w_high (signed)  |     w_low (signed, borrows from high)    |
 *                            15                 s s-1                                       0
 *   product sum (i32)        |  sum x * w_high   |     sum x * w_low   (+ borrow)           |
 *                            31                 s s-1                                       0
 *
 * Activations are centred (x = q - 2^(a-1)) so that both signs share the low field; what that changes in the sum,
 * (centre - z) * sum of the channel's weights, is in the packed bias. Where weights are not symmetric (2 bits: -2 to 1) the
 * centre is one less, so that the greatest product is negative, where a field holds one more.
 *
 * With p the products x * w, the bounds are
 *   both ends of w * (2^s + 1) fit i16, with the greatest s that allows it;
 *   the low field holds -2^(s-1) to 2^(s-1) - 1 and is drained into the stage every `flush` k-pairs, before it can leave that:
 *     flush * 2 * min p >= -2^(s-1) and flush * 2 * max p <= 2^(s-1) - 1;
 *   the high field holds the sums of all K products likewise in 32 - s bits, which bounds K (`supports`), or is drained as
 *     well, and then int32 does. The int32 accumulator itself may wrap: both fields are read modulo their widths.
 *
 *   scheme   s   |x|     w      p          flush   high field (pairs)
 *   w4a4    12    8    +-7    +-56          18       4681
 *   w4a5    12   16    +-7    +-112          9       2340
 *   w3a4    13    8    +-3    +-24          85       5461
 *   w3a6    13   32    +-3    +-96          21       1365, drained
 *   w2a2    13    2   -2..1   -4..2        512      32768
 *   w2a4    13    8   -2..1   -16..14      128       8192
 *   w2a8    13  128   -2..1   -256..254      8        512, drained
 *   w1a4    14    8    +-1    +-8          511       8191
 *   w1a8    14  128    +-1    +-128         31        511, drained
 *
 * The tiles are written by scripts/kernels/packed-dot.mjs. They address the stage by constant offsets, written out: an address
 * kept in a variable costs 1 to 4%, and so do sums kept in variables, which V8 spills within the loop.
 *
 * Alignment: weights 16 bytes; packed input 2. Reads up to 2 bytes past a k-run, inside the scratch and times zero.
 */

/** The low field of a packed accumulator, sign-extended; `up` is 32 minus its bits. */
@inline
export function lowField(accumulator: v128, up: i32): v128 {
  return i32x4.shr_s(i32x4.shl(accumulator, up), up);
}

/** The high field: what is left without the low one, which may have borrowed from it. */
@inline
export function highField(accumulator: v128, up: i32, shift: i32): v128 {
  return i32x4.shr_s(i32x4.sub(accumulator, lowField(accumulator, up)), shift);
}
