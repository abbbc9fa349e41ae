import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { halfBits, halfToNumber, roundToHalf } from '../../../src/network/half.ts';

const ALL = Array.from({ length: 65536 }, (_, bits) => bits);
const finite = (bits: number) => (bits & 0x7c00) !== 0x7c00;

describe('half precision', () => {
  it('has the values of IEEE 754', () => {
    // table of binary16: one, the least subnormal, the greatest subnormal, the least normal, the greatest, a third
    const known: [number, number][] = [
      [0x3c00, 1],
      [0x0001, 2 ** -24],
      [0x03ff, 0.00006097555160522461],
      [0x0400, 0.00006103515625],
      [0x7bff, 65504],
      [0x3555, 0.333251953125],
      [0xc000, -2],
    ];
    for (const [bits, value] of known) expect([halfToNumber(bits), halfBits(value)]).toEqual([value, bits]);
    expect([0x7c00, 0xfc00, 0x7e00].map(halfToNumber)).toEqual([Infinity, -Infinity, NaN]);
  });

  it('comes back from every number to its bits, and keeps such a number when rounding', () => {
    for (const bits of ALL.filter(finite)) {
      const value = halfToNumber(bits);
      if (halfBits(value) !== bits || !Object.is(roundToHalf(value), value)) expect.fail(`bits ${bits}`);
    }
  });

  it('rounds to the nearest, and to the even one halfway', () => {
    const positive = ALL.filter((bits) => bits < 0x7bff);
    for (const bits of positive) {
      const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const even = bits % 2 === 0 ? low : high;
      const quarter = (high - low) / 4;
      const rounded = [low + quarter, low + 2 * quarter, low + 3 * quarter].map(roundToHalf);
      if (rounded[0] !== low || rounded[1] !== even || rounded[2] !== high) expect.fail(`${low} to ${high}`);
      if (roundToHalf(-(low + 3 * quarter)) !== -high) expect.fail(`−${low} to −${high}`);
    }
  });

  it('has no bits for what it does not hold, and leaves alone what is too large for it', () => {
    for (const value of [0.1, 65505, 1e9, 2 ** -25, Infinity, NaN]) expect(halfBits(value)).toBeUndefined();
    for (const value of [65520, -1e9, Infinity, -Infinity, NaN]) expect(roundToHalf(value)).toBe(value);
    expect(roundToHalf(65504)).toBe(65504);
  });

  it('is within its bound for single-precision numbers of any size', () => {
    const random = new Random(4);
    for (let k = 0; k < 20_000; k++) {
      const value = Math.fround((random.real() * 2 - 1) * 2 ** (random.below(40) - 25));
      const bound = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
      const rounded = roundToHalf(value);
      if (Math.abs(rounded - value) > bound || halfBits(rounded) === undefined) expect.fail(`${value} to ${rounded}`);
    }
  });
});
