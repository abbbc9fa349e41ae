import type { Random } from '../../core/random.ts';
import type { EvaluationStore } from '../store.ts';

/** What a survival remembers between generations; JSON keeps it exactly, for all numbers are finite. */
export type SurvivalState = Record<string, number[]>;

/** Decides who lives on, and who is the better parent. */
export interface Survival {
  /** Chooses `count` of `rows` (all of them where there are no more). */
  survive(store: EvaluationStore, rows: Int32Array, count: number, random: Random): Int32Array;
  /** Below 0 where the first is the better parent, above 0 where the second is; places in the last survivors. */
  compare(store: EvaluationStore, population: Int32Array, first: number, second: number): number;
  save(): SurvivalState;
  restore(state: SurvivalState): void;
}

/**
 * Constrained domination (Deb and Jain 2014, part II): the feasible come before the infeasible, and these are ordered by
 * violation alone. Returns the rows in that order, the feasible in the given order, and how many of them there are.
 */
export function feasibleFirst(store: EvaluationStore, rows: Int32Array): { ordered: Int32Array; feasible: number } {
  const ordered = new Int32Array(rows.length);
  let feasible = 0;
  for (let i = 0; i < rows.length; i++) if (store.violations[rows[i]] <= 0) ordered[feasible++] = rows[i];
  if (feasible < rows.length) {
    const rest = Array.from(rows).filter((row) => store.violations[row] > 0);
    rest.sort((a, b) => store.violations[a] - store.violations[b] || a - b);
    ordered.set(rest, feasible);
  }
  return { ordered, feasible };
}

/** Copies the objectives of the first `count` rows into one block, row-major. */
export function gatherObjectives(store: EvaluationStore, rows: Int32Array, count: number, into: Float64Array): void {
  const m = store.objectiveCount;
  for (let i = 0; i < count; i++) {
    const offset = rows[i] * m;
    for (let j = 0; j < m; j++) into[i * m + j] = store.objectives[offset + j];
  }
}

/** Below 0 where the first row violates less than the second; 0 where both are feasible or equally bad. */
export function compareViolations(store: EvaluationStore, first: number, second: number): number {
  const a = store.violations[first];
  const b = store.violations[second];
  return a <= 0 && b <= 0 ? 0 : Math.max(a, 0) - Math.max(b, 0);
}
