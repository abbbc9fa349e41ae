import type { Evaluation, Variable } from '../../../src/search/index.ts';
import { referenceDirections } from '../../../src/search/index.ts';

/** The DTLZ problems for three objectives (Deb, Thiele, Laumanns and Zitzler, 2005), with the usual k. */
export interface Benchmark {
  variables: Variable[];
  evaluate(batch: number[][]): Evaluation[];
  /** Where the reference lines meet the true front. */
  front: number[][];
}

const reals = (count: number): Variable[] => Array.from({ length: count }, () => ({ kind: 'real', low: 0, high: 1 }));
const directions = referenceDirections(3, 12);

export function dtlz1(): Benchmark {
  const evaluate = ([a, b, ...rest]: number[]) => {
    const terms = rest.map((x) => (x - 0.5) ** 2 - Math.cos(20 * Math.PI * (x - 0.5)));
    const size = 0.5 * (1 + 100 * (rest.length + terms.reduce((sum, v) => sum + v, 0)));
    return { objectives: [size * a * b, size * a * (1 - b), size * (1 - a)] };
  };
  const front = directions.map((direction) => direction.map((v) => v / 2));
  return { variables: reals(7), evaluate: (batch) => batch.map(evaluate), front };
}

export function dtlz2(scale: readonly number[] = [1, 1, 1]): Benchmark {
  const evaluate = (genome: number[]) => ({ objectives: sphere(genome).map((v, j) => v * scale[j]) });
  const front = directions.map((direction) => direction.map((v, j) => (v / Math.hypot(...direction)) * scale[j]));
  return { variables: reals(12), evaluate: (batch) => batch.map(evaluate), front };
}

/** C2-DTLZ2 (Jain and Deb, 2014): only the surroundings of the corners and of the centre are feasible; r = 0.4. */
export function constrainedDtlz2(): Benchmark {
  const evaluate = (genome: number[]) => {
    const objectives = sphere(genome);
    return { objectives, violation: islands(objectives) };
  };
  const front = dtlz2().front.filter((point) => islands(point) <= 0);
  return { variables: reals(12), evaluate: (batch) => batch.map(evaluate), front };
}

function sphere([a, b, ...rest]: number[]): number[] {
  const radius = 1 + rest.reduce((sum, x) => sum + (x - 0.5) ** 2, 0);
  const [first, second] = [(a * Math.PI) / 2, (b * Math.PI) / 2];
  const level = radius * Math.cos(first);
  return [level * Math.cos(second), level * Math.sin(second), radius * Math.sin(first)];
}

function islands(f: readonly number[]): number {
  const square = f.reduce((sum, v) => sum + v * v, 0);
  const corners = f.map((v) => (v - 1) ** 2 + square - v * v - 0.16);
  const centre = f.reduce((sum, v) => sum + (v - 1 / Math.sqrt(3)) ** 2, 0) - 0.16;
  return Math.min(...corners, centre);
}
