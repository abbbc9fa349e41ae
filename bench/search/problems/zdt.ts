import { sum, type TestProblem, unitReals } from './problem.ts';

/**
 * The problems ZDT1 (convex front), ZDT2 (concave) and ZDT3 (in five pieces), of 30 genes.
 *
 * @see Zitzler, Deb and Thiele, Comparison of multiobjective evolutionary algorithms: empirical results, 2000.
 */
export function zdt1(): TestProblem {
  return zdt('ZDT1', (ratio) => 1 - Math.sqrt(ratio));
}

export function zdt2(): TestProblem {
  return zdt('ZDT2', (ratio) => 1 - ratio * ratio);
}

export function zdt3(): TestProblem {
  return zdt('ZDT3', (ratio, x) => 1 - Math.sqrt(ratio) - ratio * Math.sin(10 * Math.PI * x));
}

function zdt(name: string, shape: (ratio: number, x: number) => number): TestProblem {
  const evaluate = ([x, ...rest]: number[]) => {
    const g = 1 + (9 * sum(rest)) / rest.length;
    return { objectives: [x, g * shape(x / g, x)] };
  };
  return { name, variables: unitReals(30), objectives: 2, evaluate: (batch) => batch.map(evaluate) };
}
