import { type Budgets, budgetViolation } from '../space/index.ts';
import type { StudyPoint } from './rows.ts';

/**
 * The point with the least loss of those that keep the budgets, be they tighter or looser than the search's own; of
 * equal ones the fastest, then the first. Undefined where none keeps them.
 *
 * @example bestUnder([], { latencyMs: 1 }) // => undefined
 */
export function bestUnder(points: readonly StudyPoint[], budgets: Budgets): StudyPoint | undefined {
  let best: StudyPoint | undefined;
  for (const point of points) {
    if (budgetViolation(point.cost, budgets) > 0) continue;
    const ahead = best ? point.loss - best.loss || point.cost.latencyMs.value - best.cost.latencyMs.value : -1;
    if (ahead < 0) best = point;
  }
  return best;
}
