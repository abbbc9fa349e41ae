/**
 * A power by repeated squaring where the exponent is a small whole number, as it is for the usual distribution indices:
 * several times as fast as the general power, and the same on every engine.
 *
 * @example power(3, 4) // => 81
 */
export function power(base: number, exponent: number): number {
  if (!(exponent >= 0 && exponent <= 128 && Number.isInteger(exponent))) return base ** exponent;
  let result = 1;
  for (let square = base, left = exponent; left > 0; left >>= 1, square *= square) {
    if ((left & 1) === 1) result *= square;
  }
  return result;
}
