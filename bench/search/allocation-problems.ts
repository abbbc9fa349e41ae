import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/core/random.ts';
import type { AllocationProblem } from '../../src/search/index.ts';

/** A budget with the least loss that is known. */
export interface BenchBudget {
  name: string;
  limits: Record<string, number>;
  optimum?: { loss: number };
  best_known?: { loss: number };
  uniform_ref_loss: number;
}

export type BenchProblem = Omit<AllocationProblem, 'budgets' | 'bounds'> & {
  tables: AllocationProblem['tables'];
  name: string;
  layers: { block: number }[];
  budgets: BenchBudget[];
  bounds: Record<string, [number, number]>;
  fronts?: Record<string, { keys: string[]; hv_full: number }>;
};

const folder = process.env.BITBUDGET_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Whether the test data lies where the tests look for it. */
export const hasProblems = existsSync(`${folder}/alloc`);

export function readProblem(name: string): BenchProblem {
  return JSON.parse(readFileSync(`${folder}/alloc/${name}.json`, 'utf8'));
}

/**
 * An additive problem made to saturate: the losses of each block of layers count as cap·s/(cap + s) with a cap at random
 * around a third of the block's greatest sum, and neighbouring layers have a joint loss, the product of their own.
 */
export function saturating(problem: BenchProblem, seed: number): BenchProblem {
  const random = new Random(seed);
  const { loss } = problem.tables;
  const blocks = new Map<number, number[]>();
  problem.layers.forEach(({ block }, layer) => {
    blocks.set(block, [...(blocks.get(block) ?? []), layer]);
  });
  const most = (layer: number) => Math.max(...loss[layer]);
  const loss_blocks = [...blocks.values()].map((layers) => ({
    layers,
    cap: layers.reduce((sum, layer) => sum + most(layer), 0) * (0.15 + 0.4 * random.real()),
  }));
  const loss_pairs = loss.slice(1).map((row, i) => {
    const strength = (0.2 * random.real()) / Math.max(most(i), most(i + 1), 1);
    return { i, j: i + 1, table: loss[i].map((a) => row.map((b) => a * b * strength)) };
  });
  return { ...problem, name: `${problem.name}, saturating`, loss_blocks, loss_pairs };
}
