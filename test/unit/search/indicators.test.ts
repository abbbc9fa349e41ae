import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { hypervolume, igd, paretoFront, paretoIndices, sampledHypervolume } from '../../../src/search/index.ts';
import { OrderedBits } from '../../../src/search/indicators/ordered-bits.ts';

/** The definition: of the cells of the grid that the points span, those that some point dominates. */
function volumeByCells(points: number[][], reference: number[]): number {
  const axes = reference.map((r, j) => [...new Set([...points.map((p) => p[j]), r])].sort((a, b) => a - b));
  const visit = (j: number, corner: number[], volume: number): number => {
    if (j === reference.length) return points.some((p) => p.every((v, k) => v <= corner[k])) ? volume : 0;
    let sum = 0;
    for (let i = 0; i + 1 < axes[j].length; i++) {
      const low = axes[j][i];
      if (low < reference[j]) sum += visit(j + 1, [...corner, low], volume * (axes[j][i + 1] - low));
    }
    return sum;
  };
  return visit(0, [], 1);
}

describe('hypervolume', () => {
  it('of hand-computed sets is right', () => {
    expect(hypervolume([], [1, 1])).toBe(0);
    expect(hypervolume([[2], [1]], [4])).toBe(3);
    // Two 2 x 1 rectangles that share a unit square.
    expect(hypervolume([[1, 2], [2, 1]], [3, 3])).toBe(3); // biome-ignore format: a set of points
    // Three boxes of 1 x 2 x 2 ... by inclusion and exclusion: 3 · 4 − 3 · 2 + 1 = 7.
    expect(hypervolume([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [2, 2, 2])).toBe(7); // biome-ignore format: a set of points
    // The unit boxes at the corners of a tesseract: 2^4 − 1, for only the cell at the origin is missing.
    expect(
      hypervolume(
        [0, 1, 2, 3].map((axis) => [0, 1, 2, 3].map((j) => (j === axis ? 1 : 0))),
        [2, 2, 2, 2],
      ),
    ).toBe(15);
  });

  it('counts nothing for points at or beyond the reference, and nothing twice for equal ones', () => {
    expect(hypervolume([[1, 3], [3, 1], [4, 0]], [3, 3])).toBe(0); // biome-ignore format: a set of points
    expect(hypervolume([[1, 1], [1, 1]], [2, 2])).toBe(1); // biome-ignore format: a set of points
  });

  it.each([1, 2, 3, 4, 5])('with %d objectives agrees with counting cells', (objectives) => {
    const random = new Random(objectives);
    for (let trial = 0; trial < 30; trial++) {
      const points = Array.from({ length: 1 + random.below(8) }, () =>
        Array.from({ length: objectives }, () => random.below(5)),
      );
      const reference = Array.from({ length: objectives }, () => 2 + random.below(4));
      expect(hypervolume(points, reference)).toBe(volumeByCells(points, reference));
    }
  });

  it('of three objectives takes duplicates, dominated points and equal coordinates at any size', () => {
    const random = new Random(9);
    const points = Array.from({ length: 400 }, () => Array.from({ length: 3 }, () => random.below(7)));
    expect(hypervolume(points, [6, 7, 8])).toBe(volumeByCells(points, [6, 7, 8]));
    // A staircase that the last point hides whole: every step is removed at once.
    const steps = Array.from({ length: 5000 }, (_, i) => [i, 4999 - i, i % 3]);
    const hidden = [...steps, [0, 0, 3]];
    const volume = hypervolume(hidden, [5000, 5000, 4]);
    expect(volume).toBe(hypervolume(steps, [5000, 5000, 3]) + 5000 * 5000);
  });

  it('refuses points of another length', () => {
    expect(() => hypervolume([[1, 2]], [1, 2, 3])).toThrow('2 objectives');
  });
});

describe('sampledHypervolume', () => {
  it('brackets the exact volume, the closer the more samples', () => {
    const random = new Random(4);
    const points = Array.from({ length: 40 }, () => Array.from({ length: 4 }, () => random.real()));
    const exact = hypervolume(points, [1, 1, 1, 1]);
    const coarse = sampledHypervolume(points, [1, 1, 1, 1], { samples: 1000 });
    const fine = sampledHypervolume(points, [1, 1, 1, 1], { samples: 100_000 });
    for (const { low, high } of [coarse, fine]) {
      expect(low).toBeLessThan(exact);
      expect(high).toBeGreaterThan(exact);
    }
    expect(fine.high - fine.low).toBeLessThan((coarse.high - coarse.low) / 8);
    expect(sampledHypervolume(points, [1, 1, 1, 1], { samples: 1000 })).toEqual(coarse);
  });

  it('is 0 where no point betters the reference, and exact for one point', () => {
    expect(sampledHypervolume([[1, 2, 3, 4]], [1, 9, 9, 9]).value).toBe(0);
    expect(sampledHypervolume([[1, 2, 3, 4], [2, 2, 3, 4]], [3, 3, 4, 6])).toEqual({ value: 4, low: 4, high: 4 }); // biome-ignore format: sets of points
  });

  it('refuses what makes no sense', () => {
    expect(() => sampledHypervolume([[1]], [1, 2])).toThrow('objectives');
    expect(() => sampledHypervolume([], [1, 2], { samples: 0.5 })).toThrow('0.5 times');
  });
});

describe('the set of bits', () => {
  it.each([1, 32, 33, 1024, 40_000])('below %d finds the nearest member to either side', (bound) => {
    const random = new Random(bound);
    const bits = new OrderedBits(bound);
    const members = new Set<number>();
    for (let step = 0; step < 300; step++) {
      const value = random.below(bound);
      if (random.chance(0.6)) {
        bits.add(value);
        members.add(value);
      } else {
        bits.remove(value);
        members.delete(value);
      }
      const probe = random.below(bound);
      expect(bits.atMost(probe)).toBe([...members].reduce((best, v) => (v <= probe && v > best ? v : best), -1));
      const above = [...members].filter((v) => v >= probe);
      expect(bits.atLeast(probe)).toBe(above.length > 0 ? Math.min(...above) : -1);
    }
    expect(bits.atLeast(bound)).toBe(-1);
    expect(bits.atMost(-1)).toBe(-1);
  });
});

describe('igd', () => {
  it('is the mean distance from the true front', () => {
    expect(igd([[3, 4]], [[0, 0]])).toBe(5);
    expect(igd([[3, 4]], [[0, 0], [3, 4]])).toBe(2.5); // biome-ignore format: a set of points
    expect(igd([], [[0, 0]])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('paretoFront', () => {
  it('keeps what nothing dominates, in order, equal points included', () => {
    const points = [[2, 2], [3, 1], [1, 3], [2, 3], [2, 2], [3, 3]]; // biome-ignore format: a set of points
    expect(paretoFront(points)).toEqual([[2, 2], [3, 1], [1, 3], [2, 2]]); // biome-ignore format: a set of points
    expect(paretoIndices([])).toEqual([]);
  });

  it.each([1, 2, 3, 5])('agrees with comparing all pairs of %d objectives', (objectives) => {
    const random = new Random(objectives);
    const points = Array.from({ length: 120 }, () => Array.from({ length: objectives }, () => random.below(6)));
    const dominates = (a: number[], b: number[]) => a.every((v, j) => v <= b[j]) && a.some((v, j) => v < b[j]);
    const expected = points.flatMap((p, i) => (points.some((other) => dominates(other, p)) ? [] : [i]));
    expect(paretoIndices(points)).toEqual(expected);
  });
});
