import { BitbudgetError } from '../core/errors.ts';
import { costBounds } from '../cost/bounds.ts';
import type { CostModel } from '../cost/types.ts';
import type { BitSpace } from './bit-space.ts';
import { type Budgets, budgetEntries, budgetViolation, describeMetric, reachableMinimum } from './budget.ts';

/** Every sweep but the last lessens the violation; a handful is enough in practice. */
const MAXIMUM_SWEEPS = 20;

/**
 * The candidate that is cheapest by each budgeted metric on its own, in the budgets' order: each is as close to keeping
 * that budget as any.
 */
export function cheapestGenomes(space: BitSpace, costModel: CostModel, budgets: Budgets): number[][] {
  return budgetEntries(budgets).map(([metric]) =>
    space.encode(costBounds(costModel, space.choices, metric).lowSchemes),
  );
}

/**
 * A candidate that keeps all budgets at once, or undefined where none was found: the cheapest candidates by each metric
 * are changed one layer at a time as long as that lessens the violation. For a single budget it is found if there is one
 * that {@link reachableMinimum} knows of.
 */
export function findFeasible(space: BitSpace, costModel: CostModel, budgets: Budgets): number[] | undefined {
  for (const start of cheapestGenomes(space, costModel, budgets)) {
    const reached = descend(space, costModel, budgets, start);
    if (reached) return reached;
  }
  return undefined;
}

function descend(space: BitSpace, costModel: CostModel, budgets: Budgets, start: number[]): number[] | undefined {
  const violationOf = (genome: number[]) => budgetViolation(costModel.estimate(space.decode(genome)), budgets);
  let genome = start;
  let violation = violationOf(genome);
  for (let sweep = 0; violation > 0 && sweep < MAXIMUM_SWEEPS; sweep++) {
    const before = violation;
    for (let gene = 0; gene < genome.length && violation > 0; gene++) {
      for (let choice = 0; choice < space.schemes.length; choice++) {
        if (choice === genome[gene]) continue;
        const changed = genome.with(gene, choice);
        const left = violationOf(changed);
        if (left < violation) [genome, violation] = [changed, left];
      }
    }
    if (violation === before) return undefined;
  }
  return violation > 0 ? undefined : genome;
}

/**
 * The error for budgets that are reachable one by one and, as far as could be found, not together; of more than two it
 * names a pair that excludes each other already, where there is one.
 */
export function jointlyInfeasible(space: BitSpace, costModel: CostModel, budgets: Budgets): BitbudgetError {
  const entries = budgetEntries(budgets);
  const reachable = reachableMinimum(space, costModel, budgets);
  const listed = entries.map(([metric, limit]) => describeMetric(metric, limit));
  const singly = entries.map(([metric]) => describeMetric(metric, reachable[metric]));
  const pair = entries.length > 2 ? conflictingPair(space, costModel, entries) : undefined;
  return new BitbudgetError(
    'infeasible',
    `No candidate was found that keeps ${listed.join(' and ')} at once, though each can be kept alone (smallest values ${singly.join(', ')}).`,
    pair ? `${pair.join(' and ')} exclude each other: loosen one of them.` : 'Loosen one of the budgets.',
    reachable,
  );
}

function conflictingPair(
  space: BitSpace,
  costModel: CostModel,
  entries: ReturnType<typeof budgetEntries>,
): string[] | undefined {
  for (const [i, first] of entries.entries()) {
    for (const second of entries.slice(i + 1)) {
      const pair = [first, second];
      if (findFeasible(space, costModel, Object.fromEntries(pair))) continue;
      return pair.map(([metric, limit]) => describeMetric(metric, limit));
    }
  }
  return undefined;
}
