import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { hypervolume, igd, paretoFront, paretoIndices } from '../../../src/search/index.ts';

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

  it('refuses points of another length', () => {
    expect(() => hypervolume([[1, 2]], [1, 2, 3])).toThrow('2 objectives');
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
