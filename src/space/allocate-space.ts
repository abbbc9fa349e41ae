import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Cost } from '../cost/types.ts';
import { type Allocation, type AllocationModel, allocate } from '../search/index.ts';
import { type Budgets, budgetViolation } from './budget.ts';
import { assertReachable, uniformGenomes } from './extremes.ts';
import { findFeasible, jointlyInfeasible } from './feasible.ts';
import { budgetMetrics, type GeneTables, tabulateGenes } from './gene-tables.ts';
import type { Loss } from './price-table.ts';
import { createRepair } from './repair.ts';
import { choiceCounts, type Pricer, type Space } from './space.ts';

/** The best genome of a space by a loss that is known. */
export interface SpaceAllocation {
  genome: number[];
  cost: Cost;
  loss: number;
  /** Whether no genome within the budgets loses less; claimed only where loss and budgeted costs add up over the genes. */
  optimal: boolean;
  /** No genome within the budgets loses less; minus infinity where nothing is known. */
  lowerBound: number;
}

/** How often limits are tightened by what the tables missed. */
const MOST_ROUNDS = 8;
const ROUNDING = 1e-9;
/** Sweeps over all genes that improve a genome one choice at a time. */
const MOST_SWEEPS = 20;

/**
 * The genome of least loss within budgets. Loss and costs are tabulated over the genes; where they add up (a limited
 * maximum, such as RAM, counts as well) the result is the optimum. Where they do not (f32 beside integer layers), limits
 * are tightened by what the sum misses, and the result is within the budgets and claims no more.
 *
 * @throws {BitbudgetError} `infeasible` with the smallest reachable value of each budgeted metric, and the pair of budgets
 * that exclude each other, where there is one.
 */
export async function allocateSpace<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  loss: Loss<Point>,
  confidence = 0,
): Promise<SpaceAllocation> {
  assertReachable(space, pricer, budgets, confidence);
  const feasible = findFeasible(space, pricer, budgets, confidence);
  const base = feasible ?? uniformGenomes(space)[0];
  const sample = pricer.estimate(space.decode(base));
  const tables = tabulateGenes(space, pricer, budgetMetrics(sample, budgets, confidence), base, loss);
  const isWithin = (genome: readonly number[]) =>
    budgetViolation(pricer.estimate(space.decode(genome)), budgets, confidence) === 0;
  const describe = (genome: number[], optimal: boolean, lowerBound: number): SpaceAllocation => {
    const point = space.decode(genome);
    const value = loss(point);
    const bound = optimal ? value : Math.min(lowerBound, value);
    return { genome, cost: pricer.estimate(point), loss: value, optimal, lowerBound: bound };
  };
  const limits = { ...tables.limits };
  const proves = tables.model.metrics.every((name) => tables.exact.has(name));
  let last: number[] | undefined;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const solved = await allocateOrNothing(tables.model, limits);
    if (!solved) break;
    last = solved.choice;
    if (isWithin(last)) {
      if (proves && round === 0) return describe(last, solved.optimal, solved.lowerBound);
      break;
    }
    tighten(limits, tables, pricer.estimate(space.decode(last)), solved);
  }
  const start = last && isWithin(last) ? last : undefined;
  const repaired =
    start ??
    (feasible && createRepair(space, pricer, budgets, loss, { confidence })(last ?? feasible, new Random(1))) ??
    feasible;
  if (!repaired) throw jointlyInfeasible(space, pricer, budgets, confidence);
  const improved = improve(repaired, choiceCounts(space), isWithin, (genome) => loss(space.decode(genome)));
  return describe(improved, false, await boundOf(tables));
}

async function allocateOrNothing(
  model: AllocationModel,
  limits: Record<string, number>,
): Promise<Allocation | undefined> {
  try {
    return await allocate(model, limits);
  } catch (error) {
    if (error instanceof BitbudgetError && error.kind === 'infeasible') return undefined;
    throw error;
  }
}

/** Lowers each broken limit by what the candidate was above it. */
function tighten(
  limits: Record<string, number>,
  { metrics, limits: asked }: GeneTables,
  cost: Cost,
  solved: Allocation,
): void {
  for (const metric of metrics) {
    const over = metric.value(cost) - asked[metric.name];
    if (over <= 0) continue;
    limits[metric.name] =
      Math.min(limits[metric.name], solved.metrics[metric.name]) - over - ROUNDING * asked[metric.name];
  }
}

/** The least loss under those limits alone whose metrics add up: no genome within all limits has less. */
async function boundOf({ model, limits, exact }: GeneTables): Promise<number> {
  if (!exact.has('loss')) return Number.NEGATIVE_INFINITY;
  const known = Object.fromEntries(Object.entries(limits).filter(([name]) => exact.has(name)));
  return (await allocateOrNothing(model, known))?.lowerBound ?? Number.NEGATIVE_INFINITY;
}

/** Changes one gene at a time to what loses less within the budgets, until nothing does. */
function improve(
  start: number[],
  counts: readonly number[],
  isWithin: (genome: number[]) => boolean,
  lossOf: (genome: number[]) => number,
): number[] {
  let genome = start;
  let least = lossOf(genome);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    const before = least;
    for (let gene = 0; gene < counts.length; gene++) {
      for (let choice = 0; choice < counts[gene]; choice++) {
        const other = genome.with(gene, choice);
        const value = lossOf(other);
        if (value < least && isWithin(other)) [genome, least] = [other, value];
      }
    }
    if (least === before) break;
  }
  return genome;
}
