import { BitbudgetError } from '../core/errors.ts';
import { type BudgetName, type Budgets, budgetEntries, budgetViolation, describeMetric } from './budget.ts';
import { reachableMinimum, smallest } from './extremes.ts';
import { choiceCounts, type Pricer, type Space } from './space.ts';

/** Every sweep but the last lessens the violation; a handful is enough in practice. */
const MAXIMUM_SWEEPS = 20;

/**
 * The candidate that is cheapest by each budgeted metric on its own, in the budgets' order: each is as close to keeping
 * that budget as any.
 */
export function cheapestGenomes<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): number[][] {
  return budgetEntries(budgets).map(([name]) => smallest(space, pricer, name, confidence).genome);
}

/**
 * A candidate that keeps all budgets at once, or undefined where none was found: the cheapest candidates by each metric
 * are changed one gene at a time as long as that lessens the violation. For a single budget it is found if there is one
 * that {@link reachableMinimum} knows of.
 */
export function findFeasible<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): number[] | undefined {
  const violationOf = (genome: number[]) => budgetViolation(pricer.estimate(space.decode(genome)), budgets, confidence);
  for (const start of cheapestGenomes(space, pricer, budgets, confidence)) {
    const reached = descend(choiceCounts(space), violationOf, start);
    if (reached) return reached;
  }
  return undefined;
}

function descend(
  counts: readonly number[],
  violationOf: (genome: number[]) => number,
  start: number[],
): number[] | undefined {
  let genome = start;
  let violation = violationOf(genome);
  for (let sweep = 0; violation > 0 && sweep < MAXIMUM_SWEEPS; sweep++) {
    const before = violation;
    for (let gene = 0; gene < genome.length && violation > 0; gene++) {
      for (let choice = 0; choice < counts[gene]; choice++) {
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
 * The error for budgets that are reachable one by one and, as far as could be found, not together; it names a pair that
 * excludes each other already, where there is one.
 */
export function jointlyInfeasible<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): BitbudgetError {
  const entries = budgetEntries(budgets);
  const reachable = reachableMinimum(space, pricer, budgets, confidence);
  const listed = entries.map(([name, limit]) => describeMetric(name, limit));
  const singly = entries.map(([name]) => describeMetric(name, reachable[name]));
  const pair =
    entries.length > 2
      ? conflictingPair(entries, (own) => findFeasible(space, pricer, own, confidence) !== undefined)
      : entries;
  return new BitbudgetError(
    'infeasible',
    `No candidate was found that keeps ${listed.join(' and ')} at once, though each can be kept alone (smallest values ${singly.join(', ')}).`,
    pair && entries.length > 2
      ? `${pair.map(([name, limit]) => describeMetric(name, limit)).join(' and ')} exclude each other: loosen one of them.`
      : 'Loosen one of the budgets.',
    reachable,
    pair?.length === 2 ? pair.map(([name]) => name) : undefined,
  );
}

type Entries = [BudgetName, number][];

function conflictingPair(entries: Entries, isFeasible: (budgets: Budgets) => boolean): Entries | undefined {
  for (const [i, first] of entries.entries()) {
    for (const second of entries.slice(i + 1)) {
      const pair = [first, second];
      if (!isFeasible(Object.fromEntries(pair))) return pair;
    }
  }
  return undefined;
}
