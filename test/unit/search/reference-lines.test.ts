import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { referenceDirections } from '../../../src/search/index.ts';
import { ReferenceLines } from '../../../src/search/survival/reference-lines.ts';

/** The definition: the line along which the point reaches furthest, the first of several. */
function nearestByComparing(point: readonly number[], directions: readonly (readonly number[])[]): number {
  const reaches = directions.map(
    (direction) => point.reduce((sum, v, j) => sum + v * direction[j], 0) / Math.hypot(...direction),
  );
  const furthest = Math.max(...reaches);
  return reaches.findIndex((reach) => reach >= furthest * (1 - 1e-12));
}

describe('reference lines', () => {
  it.each([
    [2, 91],
    [3, 12],
    [5, 6],
    [4, [5, 4]],
    [8, [3, 2]],
    [3, 1],
    [1, 4],
  ])('of %d objectives and divisions %j find the same line as comparing all', (objectives, divisions) => {
    const directions = referenceDirections(objectives, divisions);
    const lines = new ReferenceLines(directions, Array.isArray(divisions) ? divisions[0] : divisions);
    const random = new Random(objectives);
    for (let trial = 0; trial < 400; trial++) {
      // Far from even, on the edges and, where whole, at equal angles from several lines.
      const point = Array.from({ length: objectives }, () =>
        trial % 3 === 0 ? random.below(4) : random.chance(0.3) ? 0 : random.real() ** 4 * 1000,
      );
      expect(lines.nearest(Float64Array.from(point))).toBe(nearestByComparing(point, directions));
    }
  });

  it('take the ideal point itself for one of the first line', () => {
    const lines = new ReferenceLines(referenceDirections(3, 4), 4);
    expect(lines.nearest(new Float64Array(3))).toBe(0);
    expect(lines.distance(new Float64Array(3), 0)).toBe(0);
  });

  it('need no lattice', () => {
    const lines = new ReferenceLines([[1, 0], [3, 4]]); // biome-ignore format: a set of directions
    expect(lines.nearest(Float64Array.of(1, 1))).toBe(1);
    expect(lines.distance(Float64Array.of(1, 1), 1)).toBeCloseTo(0.2, 12);
    expect(lines.nearest(Float64Array.of(1, 0.1))).toBe(0);
  });
});
