import { buildGraph } from '../../src/search/exact/graph.ts';
import { solveWithHighs } from '../../src/search/exact/highs.ts';
import { ceilingsOf } from '../../src/search/exact/limits.ts';
import { type AllocationModel, allocate } from '../../src/search/index.ts';
import type { BenchBudget, BenchProblem } from './problems.ts';

/** A budget with the scale of its regret. */
export interface KnownBudget {
  name: string;
  limits: Record<string, number>;
  /** The least loss that is known. */
  loss: number;
  /** Least loss within the limits where all layers make the same choice; the worst of such choices where none is within. */
  uniformLoss: number;
}

/** (loss − least known) / (best uniform choice − least known). */
export function regretOf({ loss: known, uniformLoss }: KnownBudget, loss: number): number {
  return loss === known ? 0 : (loss - known) / (uniformLoss - known);
}

/**
 * What is known of the budgets of a problem. Where the file does not say, the optimum is that of HiGHS, or of the exact
 * solver for problems on which HiGHS has no say; budgets whose optimum nobody proved are left out.
 */
export async function knownBudgets(
  problem: BenchProblem,
  model: AllocationModel,
  solver: 'highs' | 'exact',
): Promise<KnownBudget[]> {
  const known: KnownBudget[] = [];
  for (const budget of problem.budgets) {
    const loss = await knownLoss(budget, model, solver);
    if (loss === undefined) continue;
    const uniformLoss = budget.uniform_ref_loss ?? uniformLossOf(model, budget.limits);
    known.push({ name: budget.name, limits: budget.limits, loss, uniformLoss });
  }
  return known;
}

async function knownLoss(
  { limits, optimum, best_known }: BenchBudget,
  model: AllocationModel,
  solver: 'highs' | 'exact',
): Promise<number | undefined> {
  const told = optimum ?? best_known;
  if (told) return told.loss;
  if (solver === 'exact') {
    const { metrics, optimal } = await allocate(model, { limits });
    return optimal ? metrics.loss : undefined;
  }
  const ceilings = ceilingsOf(model, limits);
  const graph = buildGraph(
    model,
    ceilings.map(({ metric }) => metric),
  );
  const found =
    graph &&
    (await solveWithHighs(
      graph,
      ceilings.map(({ ceiling }) => ceiling),
    ));
  return found?.proven ? model.value(0, found.choice) : undefined;
}

function uniformLossOf(model: AllocationModel, limits: Readonly<Record<string, number>>): number {
  const choices = Array.from({ length: model.counts[0] }, (_, choice) => model.counts.map(() => choice));
  const losses = (list: number[][]) => list.map((choice) => model.value(0, choice));
  const within = choices.filter((choice) => {
    const metrics = model.describe(choice);
    return Object.entries(limits).every(([metric, limit]) => metrics[metric] <= limit);
  });
  return within.length > 0 ? Math.min(...losses(within)) : Math.max(...losses(choices));
}
