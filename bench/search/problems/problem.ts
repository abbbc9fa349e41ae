import type { Evaluation, Variable } from '../../../src/search/index.ts';

/** A problem of the literature whose true front is known. */
export interface TestProblem {
  name: string;
  variables: Variable[];
  objectives: number;
  evaluate(batch: number[][]): Evaluation[];
}

/** One whose front can be met along a line from the origin: the targets of the inverted generational distance. */
export interface ScalableProblem extends TestProblem {
  /** Where the lines along these directions meet the true front; lines that meet none of it are left out. */
  front(directions: readonly (readonly number[])[]): number[][];
}

export function unitReals(count: number): Variable[] {
  return Array.from({ length: count }, () => ({ kind: 'real', low: 0, high: 1 }));
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
