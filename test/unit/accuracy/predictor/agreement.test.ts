import { describe, expect, it } from 'vitest';
import { disagreement } from '../../../../src/accuracy/predictor/agreement.ts';
import { Random } from '../../../../src/core/random.ts';

const CLASSES = 4;
const random = new Random(3);
/** Images of which half are of the first class. */
const reference = Array.from({ length: 24 }, (_, i) => {
  const logits = Float32Array.from({ length: CLASSES }, () => random.real());
  logits[i % 2 === 0 ? 0 : 1 + (i % 3)] += 3;
  return logits;
});
const changed = (change: (value: number, image: number, index: number) => number) =>
  reference.map((logits, image) => logits.map((value, index) => change(value, image, index)));

describe('disagreement', () => {
  it('is what a logistic function makes of margins in units of the logits', () => {
    // mean 2 taken off: 1, −1; their root mean square is 1, and the margin 2 is 4 units
    expect(disagreement([Float32Array.of(5, 0)], [Float32Array.of(3, 1)])).toBeCloseTo(1 / (1 + Math.exp(4)), 12);
    expect(disagreement([Float32Array.of(0, 5)], [Float32Array.of(3, 1)])).toBeCloseTo(1 / (1 + Math.exp(-4)), 12);
  });

  it('does not change with what all logits are multiplied by, nor with what is added to those of an image', () => {
    const own = disagreement(reference, reference);
    expect(own).toBeLessThan(0.1);
    expect(
      disagreement(
        reference,
        changed((value) => 8 * value),
      ),
    ).toBeCloseTo(own, 6);
    expect(
      disagreement(
        reference,
        changed((value, image) => value + image),
      ),
    ).toBeCloseTo(own, 5);
  });

  it('rises with noise, from little to what chance leaves', () => {
    const noisy = [0, 1, 3, 30].map((size) => {
      const own = new Random(8);
      return disagreement(
        reference,
        changed((value) => value + size * (own.real() - 0.5)),
      );
    });
    expect(noisy).toEqual(noisy.toSorted((a, b) => a - b));
    expect(noisy[3]).toBeGreaterThan(0.5);
  });

  it('judges networks that have collapsed to one class alike, whichever it is', () => {
    const collapsed = (one: number) =>
      disagreement(
        reference,
        changed((_, __, index) => (index === one ? 1 : 0)),
      );
    // counted by images the first class would be right on half of them, the second on a sixth
    expect(Math.abs(collapsed(0) - collapsed(1))).toBeLessThan(0.08);
    expect(
      disagreement(
        reference,
        changed(() => 0),
      ),
    ).toBe(0.5);
  });
});
