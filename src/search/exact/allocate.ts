import { AllocationModel } from '../allocation/model.ts';
import { parseAllocation } from '../allocation/parse.ts';
import type { AllocationProblem } from '../allocation/schema.ts';
import { solveCoupled } from './coupled.ts';
import { finishWithHighs } from './fallback.ts';
import { type BudgetChoice, ceilingsOf, infeasibleLimits, limitsOf } from './limits.ts';
import { solveExactly } from './solve.ts';

/** What {@link allocate} found. */
export interface Allocation {
  /** One choice index a layer. */
  choice: number[];
  /** Every metric of the problem. */
  metrics: Record<string, number>;
  /** Whether no choice within the limits has less loss: exactly for whole numbers, else to a relative 1e-9. */
  optimal: boolean;
  /** No choice within the limits has less loss than this. Equal to the loss where optimal. */
  lowerBound: number;
}

/**
 * Chooses one of its choices for each layer so that the loss is least and every limit is kept: a multiple-choice knapsack
 * problem with several budgets, solved to proven optimality. Costs may depend on the layer before (`chain_tables`), layers
 * may share a choice (`ties`), neighbours may have terms of their own (`<metric>_pairs`). The bound is Lagrangian, choices
 * are ruled out by it (reduced costs) and by dominance, and the rest is decided by label setting; should that run out of
 * room, HiGHS takes over. Where terms between far layers make the problem no knapsack at all, the best choice that a
 * bounded search found comes back with a valid lower bound and `optimal: false`: use a search there.
 *
 * Limits and optima are exact where every number of the problem is whole, and hold to a relative 1e-9 otherwise.
 *
 * @param problem the content of an `mpa-1` problem file.
 * @param budget the name of one of the problem's budgets, or limits by metric; without it nothing is limited.
 * @throws {BitbudgetError} `damaged-file` for what is no problem, `usage` for an unknown budget or metric, `infeasible`
 * with the smallest reachable value of each limited metric.
 * @see Kellerer, Pferschy and Pisinger, Knapsack Problems, 2004, chapter 11 (the multiple-choice knapsack problem).
 * @example allocate({ tables: { loss: [[3, 1], [2, 0]], latency: [[1, 2], [1, 3]] } }, { latency: 3 }) // => { choice: [1, 0], metrics: { loss: 3, latency: 3 }, optimal: true, lowerBound: 3 }
 */
export async function allocate(
  problem: AllocationProblem | AllocationModel,
  budget?: BudgetChoice,
): Promise<Allocation> {
  const model = problem instanceof AllocationModel ? problem : parseAllocation(problem);
  const limits = limitsOf(model, budget);
  const ceilings = ceilingsOf(model, limits);
  let result = solveExactly(model, ceilings);
  if (!result) {
    result = solveCoupled(model, ceilings);
  } else if (!result.optimal && result.lowerBound < Number.POSITIVE_INFINITY) {
    result = await finishWithHighs(model, ceilings, result);
  }
  const { choice, loss, optimal } = result;
  if (!choice) throw infeasibleLimits(model, limits, result.lowerBound === Number.POSITIVE_INFINITY);
  const lowerBound = optimal ? loss : Math.min(result.lowerBound, loss);
  return { choice: Array.from(choice), metrics: model.describe(choice), optimal, lowerBound };
}
