import { BitbudgetError } from '../core/errors.ts';

/** `wXaY` with X, Y in 1..8, or `f32`; layers without weights run as `u8` or `f32`. */
export type Scheme = `w${number}a${number}` | 'f32' | 'u8';

export interface SchemeBits {
  weightBits: number;
  activationBits: number;
}

/**
 * The bits of a scheme; f32 counts as 32 and 32, u8 as 8 and 8.
 *
 * @throws {BitbudgetError} `usage` for a text that is no scheme.
 * @example schemeBits('w4a8') // => { weightBits: 4, activationBits: 8 }
 */
export function schemeBits(scheme: string): SchemeBits {
  if (scheme === 'f32') return { weightBits: 32, activationBits: 32 };
  if (scheme === 'u8') return { weightBits: 8, activationBits: 8 };
  const match = /^w([1-8])a([1-8])$/.exec(scheme);
  if (!match) {
    throw new BitbudgetError(
      'usage',
      `Unknown scheme "${scheme}".`,
      'Use f32 or wXaY with X and Y from 1 to 8, such as w4a8.',
    );
  }
  return { weightBits: Number(match[1]), activationBits: Number(match[2]) };
}

/**
 * The integers a weight of the given width may take: ±(2^(w−1) − 1) for w ≥ 3, [−2, 1] for 2, {−1, +1} for 1.
 *
 * @example weightRange(2) // => { low: -2, high: 1 }
 */
export function weightRange(bits: number): { low: number; high: number } {
  if (bits === 1) return { low: -1, high: 1 };
  if (bits === 2) return { low: -2, high: 1 };
  const high = 2 ** (bits - 1) - 1;
  return { low: -high, high };
}

/** Largest integer an activation of the given width may take; the smallest is 0. */
export function activationMaximum(bits: number): number {
  return 2 ** bits - 1;
}
