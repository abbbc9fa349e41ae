import type { Evaluation } from '../../../src/search/index.ts';
import { dtlz1, dtlz2, dtlz4, toSphere } from './dtlz.ts';
import { type ScalableProblem, sum } from './problem.ts';

/**
 * C1-DTLZ1: all but a thin layer above the front of DTLZ1 is infeasible; the front stays whole.
 *
 * @see Jain and Deb, NSGA-III part II: handling constraints, IEEE TEC 18(4), 2014.
 */
export function c1Dtlz1(objectives: number): ScalableProblem {
  const violation = (f: readonly number[]) => {
    const last = f[objectives - 1];
    return last / 0.6 + (sum(f) - last) / 0.5 - 1;
  };
  return constrain('C1-DTLZ1', dtlz1(objectives), violation);
}

/** C2-DTLZ2: of the front of DTLZ2 only the surroundings of the corners and of the centre are feasible. */
export function c2Dtlz2(objectives: number): ScalableProblem {
  const radius = objectives === 3 ? 0.4 : 0.5;
  const centre = 1 / Math.sqrt(objectives);
  const violation = (f: readonly number[]) => {
    const square = sum(f.map((v) => v * v));
    const toCorner = Math.min(...f.map((v) => (v - 1) ** 2 + square - v * v));
    const toCentre = sum(f.map((v) => (v - centre) ** 2));
    return Math.min(toCorner, toCentre) - radius * radius;
  };
  const base = dtlz2(objectives);
  const feasible = (point: number[]) => violation(point) <= 0;
  return {
    ...constrain('C2-DTLZ2', base, violation),
    front: (directions) => base.front(directions).filter(feasible),
  };
}

/** C3-DTLZ4: M ellipsoids hide the front of DTLZ4, and their outside is the new front. */
export function c3Dtlz4(objectives: number): ScalableProblem {
  const violation = (f: readonly number[]) => {
    let total = 0;
    for (const own of strips(f)) total += Math.max(1 - own, 0);
    return total;
  };
  return {
    ...constrain('C3-DTLZ4', dtlz4(objectives), violation),
    front: (directions) =>
      directions.map((direction) => {
        const point = toSphere(direction);
        const shrink = Math.sqrt(Math.min(...strips(point)));
        return point.map((v) => v / shrink);
      }),
  };
}

/** Of each constraint of C3-DTLZ4 the left side, at least 1 where it holds. */
function strips(f: readonly number[]): number[] {
  const square = sum(f.map((v) => v * v));
  return f.map((v) => square - 0.75 * v * v);
}

function constrain(
  name: string,
  base: ScalableProblem,
  violation: (objectives: readonly number[]) => number,
): ScalableProblem {
  const evaluate = (batch: number[][]): Evaluation[] =>
    base.evaluate(batch).map(({ objectives }) => ({ objectives, violation: violation(objectives) }));
  return { ...base, name, evaluate };
}
