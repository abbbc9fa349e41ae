import { BitbudgetError } from '../core/errors.ts';
import { type BudgetName, type Budgets, budgetEntries, budgetedValue, describeMetric } from './budget.ts';
import { choiceCounts, type Pricer, type Space } from './space.ts';

/** Uniform candidates that a descent starts from, the best ones of all. */
const STARTS = 2;
/** Every sweep but the last improves the value; two or three are enough in practice. */
const MAXIMUM_SWEEPS = 20;

/** The least value of a metric that was found, and a genome that reaches it. */
export interface Extreme {
  value: number;
  genome: number[];
}

/**
 * The genomes in which every gene takes its n-th choice, or its last where it has fewer.
 *
 * @example uniformGenomes({ variables: [{ kind: 'choice', count: 2 }, { kind: 'choice', count: 3 }] }) // => [[0, 0], [1, 1], [1, 2]]
 */
export function uniformGenomes(space: Pick<Space<unknown>, 'variables'>): number[][] {
  const counts = choiceCounts(space);
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  return Array.from({ length: most }, (_, choice) => counts.map((count) => Math.min(choice, count - 1)));
}

/**
 * The smallest value of a budgeted metric over a space, found by changing one gene at a time until nothing improves. It
 * is exact for metrics that add up over genes, as all but RAM do where no layer may be f32 and no channels are removed;
 * otherwise it is the best found, and reached by the genome given.
 */
export function smallest<Point>(space: Space<Point>, pricer: Pricer<Point>, name: BudgetName, confidence = 0): Extreme {
  let known = KNOWN.get(pricer);
  if (known?.space !== space) KNOWN.set(pricer, (known = { space, extremes: new Map() }));
  const key = `${name} ${confidence}`;
  let extreme = known.extremes.get(key);
  if (!extreme) known.extremes.set(key, (extreme = findSmallest(space, pricer, name, confidence)));
  return { value: extreme.value, genome: [...extreme.genome] };
}

/** A search asks for the same extremes before it starts, for its repair and where it fails; prices never change. */
const KNOWN = new WeakMap<object, { space: object; extremes: Map<string, Extreme> }>();

function findSmallest<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  name: BudgetName,
  confidence: number,
): Extreme {
  const price = (genome: number[]): Extreme => ({
    genome,
    value: budgetedValue(pricer.estimate(space.decode(genome)), name, confidence),
  });
  const starts = uniformGenomes(space).map(price);
  starts.sort((a, b) => a.value - b.value);
  const reached = starts.slice(0, STARTS).map((start) => descend(space, start, price));
  return reached.reduce((best, other) => (other.value < best.value ? other : best));
}

function descend<Point>(space: Space<Point>, start: Extreme, price: (genome: number[]) => Extreme): Extreme {
  const counts = choiceCounts(space);
  let best = start;
  for (let sweep = 0; sweep < MAXIMUM_SWEEPS; sweep++) {
    const before = best;
    for (let gene = 0; gene < counts.length; gene++) {
      for (let choice = 0; choice < counts[gene]; choice++) {
        if (choice === best.genome[gene]) continue;
        const other = price(best.genome.with(gene, choice));
        if (other.value < best.value) best = other;
      }
    }
    if (best === before) break;
  }
  return best;
}

/** The smallest value of each budgeted metric that some candidate of the space reaches, each on its own. */
export function reachableMinimum<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): Record<string, number> {
  const minima: Record<string, number> = {};
  for (const [name] of budgetEntries(budgets)) minima[name] = smallest(space, pricer, name, confidence).value;
  return minima;
}

/**
 * Refuses budgets that no candidate keeps, before anything is evaluated.
 *
 * @throws {BitbudgetError} `infeasible` naming each such budget, and the smallest reachable value of every budgeted metric.
 */
export function assertReachable<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): void {
  const reachable = reachableMinimum(space, pricer, budgets, confidence);
  const beyond = budgetEntries(budgets).filter(([name, limit]) => reachable[name] > limit);
  if (beyond.length === 0) return;
  const asked = beyond.map(([name, limit]) => describeMetric(name, limit)).join(' or ');
  const least = beyond.map(([name]) => describeMetric(name, reachable[name])).join(' and ');
  const values = beyond.length > 1 ? 'the smallest reachable values are' : 'the smallest reachable value is';
  throw new BitbudgetError(
    'infeasible',
    `No candidate keeps a budget of ${asked}: ${values} ${least}.`,
    `Raise the budget to at least ${least}.`,
    reachable,
  );
}
