import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { referenceDirections } from '../../../src/search/index.ts';
import { tabulateVariables } from '../../../src/search/problem.ts';
import { EvaluationStore } from '../../../src/search/store.ts';
import { CrowdedFront } from '../../../src/search/survival/crowding.ts';
import { Niches } from '../../../src/search/survival/niching.ts';
import { NonDominatedSort } from '../../../src/search/survival/non-dominated-sort.ts';
import { Normalisation } from '../../../src/search/survival/normalisation.ts';
import { Nsga3Survival } from '../../../src/search/survival/nsga3-survival.ts';
import { ReferenceLines } from '../../../src/search/survival/reference-lines.ts';

const indices = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

describe('the non-dominated sort', () => {
  // Beyond 4096 points of three or more objectives another way is taken.
  it.each([
    [150, 1],
    [150, 2],
    [150, 3],
    [150, 5],
    [4200, 3],
  ])('peels the fronts off one after another: %d points of %d objectives', (n, m) => {
    const random = new Random(5);
    const points = Float64Array.from({ length: n * m }, () => random.below(8));
    const sort = new NonDominatedSort();
    sort.sort(points, n, m);
    const at = (i: number) => Array.from(points.subarray(i * m, (i + 1) * m));
    // Equal points stand and fall together, so one of each is enough to compare with.
    const distinct = [...new Map(Array.from(indices(n), (i) => [String(at(i)), i])).values()];
    const dominates = (a: number[], b: number[]) => a.every((v, j) => v <= b[j]) && a.some((v, j) => v < b[j]);
    let left = distinct.map((i) => ({ i, point: at(i) }));
    const ranks = new Map<string, number>();
    for (let front = 0; left.length > 0; front++) {
      const peeled = left.filter(({ point }) => !left.some((other) => dominates(other.point, point)));
      for (const { point } of peeled) ranks.set(String(point), front);
      left = left.filter((one) => !peeled.includes(one));
    }
    const expected = Array.from(indices(n), (i) => ranks.get(String(at(i)))!);
    expect(Array.from(sort.rank.subarray(0, n))).toEqual(expected);
    expect(sort.frontCount).toBe(Math.max(...expected) + 1);
    for (let front = 0; front < sort.frontCount; front++) {
      expect(sort.frontEnds[front]).toBe(expected.filter((rank) => rank <= front).length);
    }
    expect(Array.from(sort.byFront.subarray(0, n)).sort((a, b) => a - b)).toEqual(Array.from(indices(n)));
  });

  it('can be used again for fewer points', () => {
    const sort = new NonDominatedSort();
    const points = Float64Array.of(3, 3, 3, 1, 2, 3, 2, 1, 3, 0, 0, 9);
    sort.sort(points, 4, 3);
    sort.sort(points, 2, 3);
    expect(sort.frontCount).toBe(2);
    expect(Array.from(sort.byFront.subarray(0, 2))).toEqual([1, 0]);
  });
});

describe('normalisation', () => {
  it('meets the axes where the plane through the extreme points does', () => {
    const normalisation = new Normalisation(3);
    // On the plane x/2 + y/30 + z/400 = 1, seen from the ideal point (1, 1, 1); the last point spans the ideal.
    const points = Float64Array.of(3, 1, 1, 1, 31, 1, 1, 1, 401, 2, 16, 1);
    normalisation.update(points, 4, indices(4));
    expect(Array.from(normalisation.ideal)).toEqual([1, 1, 1]);
    for (const [j, value] of [3, 31, 401].entries()) expect(normalisation.nadir[j]).toBeCloseTo(value, 9);
  });

  it('keeps extreme points that have died out', () => {
    const normalisation = new Normalisation(2);
    normalisation.update(Float64Array.of(0, 4, 4, 0), 2, indices(2));
    normalisation.update(Float64Array.of(1, 2, 2, 1), 2, indices(2));
    expect(Array.from(normalisation.nadir)).toEqual([4, 4]);
  });

  it('falls back on the worst of the front where the extreme points span no plane', () => {
    const normalisation = new Normalisation(3);
    normalisation.update(Float64Array.of(0, 2, 0, 1, 0, 0), 2, indices(2));
    expect(Array.from(normalisation.nadir)).toEqual([1, 2, 0]);
  });

  it('does not depend on the unit of an objective', () => {
    const random = new Random(3);
    const points = Float64Array.from({ length: 60 }, () => random.real());
    const scale = [1, 1024, 2 ** -40];
    const small = new Normalisation(3);
    const large = new Normalisation(3);
    small.update(points, 20, indices(20));
    large.update(
      points.map((v, i) => v * scale[i % 3]),
      20,
      indices(20),
    );
    expect(Array.from(large.nadir)).toEqual(Array.from(small.nadir, (v, j) => v * scale[j]));
  });
});

describe('the selection of NSGA-III', () => {
  const table = tabulateVariables([{ kind: 'integer', low: 0, high: 1000 }]);

  function select(objectives: readonly (readonly number[])[], count: number, violations: number[] = []): number[] {
    const store = new EvaluationStore(table, objectives[0].length);
    objectives.forEach((values, i) => {
      store.record(store.add([i]), { objectives: [...values], violation: violations[i] ?? 0 });
    });
    const survival = new Nsga3Survival(new ReferenceLines(referenceDirections(objectives[0].length, 6), 6));
    return Array.from(survival.survive(store, indices(objectives.length), count, new Random(1))).sort((a, b) => a - b);
  }

  it('is the same when the scales of the objectives differ a million times', () => {
    const random = new Random(8);
    for (let trial = 0; trial < 20; trial++) {
      const points = Array.from({ length: 60 }, () => [random.real(), random.real(), random.real()]);
      const scaled = points.map(([a, b, c]) => [1e6 * a + 5, b, 1e-6 * c]);
      expect(select(scaled, 28)).toEqual(select(points, 28));
    }
  });

  it('takes one of each of equal points before it takes a second', () => {
    const distinct = [[0, 6], [1, 5], [2, 4], [3, 3], [4, 2], [5, 1], [6, 0]]; // biome-ignore format: a set of points
    const points = distinct.flatMap((point) => [point, point, point]);
    const chosen = select(points, 7).map((i) => String(points[i]));
    expect(new Set(chosen).size).toBe(7);
  });

  it('fills up with those that violate least where too few are feasible', () => {
    const points = [[0, 0], [5, 5], [1, 1], [2, 2]]; // biome-ignore format: a set of points
    expect(select(points, 2, [3, 0, 2, 9])).toEqual([1, 2]);
    expect(select(points, 2, [3, 1, 2, 9])).toEqual([1, 2]);
  });
});

describe('niching', () => {
  const niches = new Niches(new ReferenceLines([[1, 0], [0.5, 0.5], [0, 1]])); // biome-ignore format: a set of directions
  const points = Float64Array.of(1, 0.1, 1, 0.2, 0.5, 0.5, 0.1, 1, 0, 1);

  it('associates points with the nearest line', () => {
    niches.associate(points, 5, indices(5), [0, 0], [1, 1]);
    expect(Array.from(niches.niche.subarray(0, 5))).toEqual([0, 0, 1, 2, 2]);
    expect(niches.distance[1]).toBeCloseTo(0.2, 12);
    expect(niches.distance[2]).toBeCloseTo(0, 12);
  });

  it('gives an empty niche its nearest candidate, and prefers empty niches', () => {
    niches.associate(points, 5, indices(5), [0, 0], [1, 1]);
    const chosen = new Int32Array(2);
    niches.fill(Int32Array.of(2), Int32Array.of(0, 1, 3, 4), 2, new Random(1), chosen);
    expect(Array.from(chosen).sort()).toEqual([0, 4]);
  });

  it('chooses every candidate at most once, whatever is wanted', () => {
    niches.associate(points, 5, indices(5), [0, 0], [1, 1]);
    const chosen = new Int32Array(5);
    niches.fill(new Int32Array(0), indices(5), 5, new Random(2), chosen);
    expect(Array.from(chosen).sort()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('crowding distance', () => {
  const infinite = Number.POSITIVE_INFINITY;

  it('sums the gaps between neighbours as shares of the range', () => {
    const { distances } = new CrowdedFront(Float64Array.of(0, 10, 1, 6, 3, 2, 4, 0), 2, indices(4));
    expect(Array.from(distances)).toEqual([infinite, 3 / 4 + 8 / 10, 3 / 4 + 6 / 10, infinite]);
  });

  it('is measured anew when a neighbour goes, so that of two that crowd each other one stays', () => {
    const line = [0, 1, 2, 2.1, 3, 4, 4.7, 5.4, 6.1, 7.1];
    const points = Float64Array.from(line.flatMap((x) => [x, -x]));
    // The two at 2 and 2.1 are the most crowded of all; with one of them gone those at 4.7 and 5.4 are.
    const left = new CrowdedFront(points, 2, indices(10)).thin(8).map((place) => line[place]);
    expect(left).toEqual([0, 1, 2, 3, 4, 4.7, 6.1, 7.1]);
  });

  it('thins duplicates and fronts without a width to what is wanted', () => {
    const points = Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1);
    expect(new CrowdedFront(points, 2, indices(4)).thin(2)).toHaveLength(2);
    expect(new CrowdedFront(points, 2, indices(4)).thin(4)).toHaveLength(4);
    expect(new CrowdedFront(points, 2, indices(1)).thin(0)).toEqual([]);
  });
});
