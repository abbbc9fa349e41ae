/**
 * Rounds to the nearest integer, ties to the even one, as IEEE 754 and WebAssembly's `nearest` do; exact for |x| < 2⁵².
 *
 * @example [0.5, 1.5, -2.5, 2.6].map(roundHalfEven) // => [0, 2, -2, 3]
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5 || floor % 2 !== 0) return floor + 1;
  return floor;
}

/**
 * @example clamp(7, 0, 3) // => 3
 */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
