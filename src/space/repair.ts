import type { Cost } from '../cost/types.ts';
import type { RandomSource } from '../search/index.ts';
import { type Budgets, brokenBudgets, budgetEntries, budgetedValue } from './budget.ts';
import { uniformGenomes } from './extremes.ts';
import { cheapestGenomes, findFeasible } from './feasible.ts';
import { type Loss, PriceTable } from './price-table.ts';
import { choiceCounts, type Pricer, type Space } from './space.ts';

export type { Loss };

/** Lets the search evaluate only what keeps the budgets; gives up with undefined. */
export type Repair = (genome: number[], random: RandomSource) => number[] | undefined;

/** How often the table's prediction is set right by the cost model before the genome is led to a known candidate. */
const MAXIMUM_ROUNDS = 6;
/** The price of a move is weighted by at least this, and at most 1, at random: enough to change the order. */
const LEAST_WEIGHT = 0.1;
/** Relief below this share of a budget is rounding. */
const LEAST_RELIEF = 1e-12;

/**
 * Moves genomes inside their budgets before they are evaluated. Layer by layer the choice is lowered that buys the most
 * budget for the loss it adds, weighted by chance so that a population does not end in one point. Moves are priced by a
 * table of single changes, and the cost model decides: where it disagrees, its difference is carried into the next round.
 * What still breaks a budget is led, gene by gene in random order, towards a candidate known to keep all of them. So
 * every genome is repaired, in bounded time, as long as one candidate that keeps the budgets could be found; if not, the
 * repair gives up. Nothing but table look-ups is spent.
 *
 * @param options.confidence see `budgetedValue`.
 * @param options.onBroken told of each genome that broke budgets: by name, and whether it was brought inside.
 */
export function createRepair<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  loss: Loss<Point>,
  options: RepairOptions = {},
): Repair {
  const { confidence = 0, onBroken } = options;
  const canonical = (genome: number[]) => (space.canonical ? space.canonical(genome) : genome);
  const entries = budgetEntries(budgets);
  if (entries.length === 0) return canonical;
  const refuge = findFeasible(space, pricer, budgets, confidence);
  const metrics = entries.map(([name]) => name);
  const limits = Float64Array.from(entries, ([, limit]) => limit);
  const costOf = (genome: readonly number[]) => pricer.estimate(space.decode(genome));
  const valuesOf = (cost: Cost) => metrics.map((name) => budgetedValue(cost, name, confidence));
  const lossOf = (genome: readonly number[]) => loss(space.decode(genome));
  const table =
    refuge && new PriceTable(choiceCounts(space), metrics, refuge, (genome) => valuesOf(costOf(genome)), lossOf);
  const excess = new Float64Array(metrics.length);
  const weights = new Float64Array(table?.rowCount ?? 0);
  const brokenBy = (cost: Cost) => brokenBudgets(cost, budgets, confidence);
  return (genome, random) => {
    let cost = costOf(genome);
    const broken = brokenBy(cost);
    if (broken.length === 0) return canonical(genome);
    onBroken?.(broken, table !== undefined);
    if (!table) return undefined;
    const current = [...genome];
    for (let k = 0; k < weights.length; k++) weights[k] = LEAST_WEIGHT + (1 - LEAST_WEIGHT) * random.real();
    for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
      // The table prices differences only, so each round starts from what the cost model says of the genome at hand.
      valuesOf(cost).forEach((value, m) => {
        excess[m] = value - limits[m];
      });
      const moved = lower(table, current, excess, limits, weights);
      cost = costOf(current);
      if (brokenBy(cost).length === 0) return canonical(current);
      if (!moved) break;
    }
    return canonical(leadTo(refuge, current, random, (point) => brokenBy(costOf(point)).length === 0));
  };
}

export interface RepairOptions {
  confidence?: number;
  onBroken?(names: readonly string[], repaired: boolean): void;
}

/**
 * Applies the cheapest moves until the table sees no excess, in place; false where it could not move at all.
 *
 * @param excess by how much each metric is above its limit, kept up to date.
 */
function lower(
  table: PriceTable,
  genome: number[],
  excess: Float64Array,
  limits: Float64Array,
  weights: Float64Array,
): boolean {
  const count = limits.length;
  let moves = 0;
  for (; moves < table.rowCount && excess.some((value) => value > 0); moves++) {
    const move = cheapestMove(table, genome, excess, limits, weights);
    if (move < 0) break;
    const gene = table.geneOf[move];
    const from = table.starts[gene] + genome[gene];
    for (let m = 0; m < count; m++) excess[m] += table.added[move * count + m] - table.added[from * count + m];
    genome[gene] = move - table.starts[gene];
  }
  return moves > 0;
}

/** The table's row of the move with the least weighted loss for each share of budget it relieves, or −1. */
function cheapestMove(
  table: PriceTable,
  genome: readonly number[],
  excess: Float64Array,
  limits: Float64Array,
  weights: Float64Array,
): number {
  let best = -1;
  let bestPrice = Number.POSITIVE_INFINITY;
  let bestRelief = 0;
  for (let gene = 0; gene < table.geneCount; gene++) {
    const from = table.starts[gene] + genome[gene];
    for (let to = table.starts[gene]; to < table.starts[gene + 1]; to++) {
      if (to === from) continue;
      const relief = reliefOf(table, from, to, excess, limits);
      if (relief <= LEAST_RELIEF) continue;
      const price = (Math.max(0, table.addedLoss[to] - table.addedLoss[from]) * weights[to]) / relief;
      // Of moves that cost nothing the one that relieves most comes first.
      if (price < bestPrice || (price === bestPrice && relief > bestRelief)) {
        best = to;
        bestPrice = price;
        bestRelief = relief;
      }
    }
  }
  return best;
}

/** The sum over the metrics of the share of its budget by which a move lessens the excess, less what it adds. */
function reliefOf(table: PriceTable, from: number, to: number, excess: Float64Array, limits: Float64Array): number {
  const count = limits.length;
  let relief = 0;
  for (let m = 0; m < count; m++) {
    const after = excess[m] + table.added[to * count + m] - table.added[from * count + m];
    relief += (Math.max(0, excess[m]) - Math.max(0, after)) / limits[m];
  }
  return relief;
}

/**
 * Takes over the refuge's genes in random order, as few as bisection finds to be enough; all of them keep the budgets.
 */
function leadTo(
  refuge: readonly number[],
  genome: readonly number[],
  random: RandomSource,
  isFeasible: (point: readonly number[]) => boolean,
): number[] {
  const order = genome.map((_, gene) => gene);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const ledBy = (genes: number) => {
    const point = [...genome];
    for (let k = 0; k < genes; k++) point[order[k]] = refuge[order[k]];
    return point;
  };
  let low = 0;
  let high = order.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isFeasible(ledBy(middle))) high = middle;
    else low = middle;
  }
  return ledBy(high);
}

/** Uniform candidates and the cheapest one by each budgeted metric: sensible points to start a search from. */
export function startingGenomes<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  budgets: Budgets,
  confidence = 0,
): number[][] {
  return [...uniformGenomes(space), ...cheapestGenomes(space, pricer, budgets, confidence)];
}
