/**
 * Rounding to integers by a magic number: for |v| <= 2^22, v + 1.5 * 2^23 has the spacing 1, so the addition itself
 * rounds v half to even, and the sum's bits are those of the magic number plus the integer.
 *
 * Callers clamp first, to integer bounds within a few hundred: rounding is monotone and keeps integers, so
 * round(clamp(v)) = clamp(round(v)), and the range of the trick is never left. NaN is not a valid input.
 */
@inline
export const ROUNDING_MAGIC: f32 = 12582912;
@inline
const ROUNDING_MAGIC_BITS: i32 = 0x4b400000;

/** What `roundToInteger` takes off: gives round(v) + zeroPoint. Splat it before the loop. */
@inline
export function roundingOffset(zeroPoint: i32): v128 {
  return i32x4.splat(ROUNDING_MAGIC_BITS - zeroPoint);
}

/** clamp(v, low, high): a value equal to a bound, -0 included, and NaN pass unchanged. */
@inline
export function clamp(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

/** roundHalfEven(clamp(v, low, high)) + zeroPoint in 32-bit lanes; `magic` and `offset` are splats made before the loop. */
@inline
export function roundToInteger(v: v128, low: v128, high: v128, magic: v128, offset: v128): v128 {
  return i32x4.sub(f32x4.add(clamp(v, low, high), magic), offset);
}

/** Stores the low 4 lanes of integers already within 0..255 as 4 bytes. */
@inline
export function storeBytes4(target: usize, integers: v128): void {
  const halves = i16x8.narrow_i32x4_s(integers, integers);
  v128.store32_lane(target, i8x16.narrow_i16x8_u(halves, halves), 0);
}

/** Four lanes of f32(q - zeroPoint) from 4 bytes at any address. */
@inline
export function loadBytes4(source: usize, zeroPoint: v128): v128 {
  const halves = i16x8.extend_low_i8x16_u(v128.load32_zero(source));
  return f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_low_i16x8_u(halves), zeroPoint));
}
