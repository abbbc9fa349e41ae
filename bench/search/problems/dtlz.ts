import { type ScalableProblem, sum, unitReals } from './problem.ts';

/**
 * The problems DTLZ1 to DTLZ4 for any number of objectives M, with the authors' k: M + 4 genes for the first and M + 9
 * for the others. The first M − 1 genes place a point along the front, the rest hold it off by a distance that is to
 * become 0.
 *
 * @see Deb, Thiele, Laumanns and Zitzler, Scalable test problems for evolutionary multiobjective optimization, 2005.
 */
export function dtlz1(objectives: number): ScalableProblem {
  return {
    name: 'DTLZ1',
    variables: unitReals(objectives + 4),
    objectives,
    evaluate: (batch) => batch.map((genes) => ({ objectives: onPlane(genes, objectives, ruggedDistance) })),
    front: (directions) => directions.map((direction) => direction.map((v) => (0.5 * v) / sum(direction))),
  };
}

/** The front is the sphere's part with positive coordinates; nothing stands in the way. */
export function dtlz2(objectives: number): ScalableProblem {
  return spherical('DTLZ2', objectives, smoothDistance);
}

/** DTLZ2 behind 3^10 − 1 local fronts. */
export function dtlz3(objectives: number): ScalableProblem {
  return spherical('DTLZ3', objectives, ruggedDistance);
}

/** DTLZ2 with almost all of the space mapped to the front's edges. */
export function dtlz4(objectives: number): ScalableProblem {
  return spherical('DTLZ4', objectives, smoothDistance, BIAS);
}

/** α of DTLZ4. */
const BIAS = 100;

type Distance = (genes: readonly number[], first: number) => number;

function spherical(name: string, objectives: number, distance: Distance, bias = 1): ScalableProblem {
  return {
    name,
    variables: unitReals(objectives + 9),
    objectives,
    evaluate: (batch) => batch.map((genes) => ({ objectives: onSphere(genes, objectives, distance, bias) })),
    front: (directions) => directions.map(toSphere),
  };
}

/** Where a line from the origin meets the sphere of radius 1. */
export function toSphere(direction: readonly number[]): number[] {
  const length = Math.sqrt(sum(direction.map((v) => v * v)));
  return direction.map((v) => v / length);
}

function onPlane(genes: readonly number[], objectives: number, distance: Distance): number[] {
  const last = objectives - 1;
  let product = 0.5 * (1 + distance(genes, last));
  const values = new Array<number>(objectives);
  for (let j = last; j > 0; j--) {
    values[j] = product * (1 - genes[last - j]);
    product *= genes[last - j];
  }
  values[0] = product;
  return values;
}

function onSphere(genes: readonly number[], objectives: number, distance: Distance, bias: number): number[] {
  const last = objectives - 1;
  let product = 1 + distance(genes, last);
  const values = new Array<number>(objectives);
  for (let j = last; j > 0; j--) {
    const place = bias === 1 ? genes[last - j] : genes[last - j] ** bias;
    const angle = (place * Math.PI) / 2;
    values[j] = product * Math.sin(angle);
    product *= Math.cos(angle);
  }
  values[0] = product;
  return values;
}

function smoothDistance(genes: readonly number[], first: number): number {
  let total = 0;
  for (let i = first; i < genes.length; i++) total += (genes[i] - 0.5) * (genes[i] - 0.5);
  return total;
}

function ruggedDistance(genes: readonly number[], first: number): number {
  let total = genes.length - first;
  for (let i = first; i < genes.length; i++) {
    const off = genes[i] - 0.5;
    total += off * off - Math.cos(20 * Math.PI * off);
  }
  return 100 * total;
}
