import type { AllocationProblem } from '../../src/search/index.ts';
import { readTestData } from './test-data.ts';

/** What the test data knows of a budget besides its limits. */
export interface KnownBudget {
  name: string;
  limits: Record<string, number>;
  optimum?: { loss: number };
  best_known?: { loss: number };
  uniform_ref_loss: number;
  lp_bound?: number;
}

/** A problem of the test data with its known optima and fronts. */
export type KnownProblem = Omit<AllocationProblem, 'budgets' | 'bounds'> & {
  tables: AllocationProblem['tables'];
  name: string;
  budgets: KnownBudget[];
  bounds: Record<string, [number, number]>;
  fronts?: Record<string, { keys: string[]; count: number; hv_full: number; file: string }>;
};

export function readJson<T>(path: string): T {
  return JSON.parse(new TextDecoder().decode(readTestData(path)));
}

export function readProblem(name: string): KnownProblem {
  return readJson(`alloc/${name}.json`);
}
