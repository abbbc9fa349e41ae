import { type CostModel, metricValue } from '../cost/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { RandomSource } from '../search/options.ts';
import type { BitSpace } from './bit-space.ts';
import { type Budgets, budgetEntries, budgetViolation } from './budget.ts';

/** A predicted loss of a candidate, lower is better. */
export type Loss = (schemes: readonly Scheme[]) => number;

/** Of the best moves one is drawn among so many, so that repair does not send the whole population to one point. */
const DRAWN_AMONG = 4;

/** Layers looked at for one move; all of them if none of these helps. */
const LAYERS_PER_STEP = 8;

/** Lets the search evaluate only what keeps the budgets; gives up with undefined. */
export type Repair = (genome: number[], random: RandomSource) => number[] | undefined;

/**
 * Moves genomes inside their budgets before they are evaluated. As long as a budget is broken, one layer is changed: the
 * one of the few best moves by budget gained for each unit of loss added, drawn at random. Every move makes the violation
 * smaller, so it ends; after one move for each (layer, choice) it gives up.
 *
 * Prices come from the cost model's table alone: nothing is evaluated.
 */
export function createRepair(space: BitSpace, costModel: CostModel, budgets: Budgets, loss: Loss): Repair {
  if (budgetEntries(budgets).length === 0) return (genome) => genome;
  const violationOf = (genome: readonly number[]) => budgetViolation(costModel.estimate(space.decode(genome)), budgets);
  const most = space.genes.length * space.schemes.length;
  return (genome, random) => {
    let current = [...genome];
    let violation = violationOf(current);
    for (let step = 0; violation > 0; step++) {
      if (step === most) return undefined;
      const some = drawGenes(current.length, random);
      let moves = improvingMoves(space, violationOf, loss, current, violation, some);
      if (moves.length === 0) moves = improvingMoves(space, violationOf, loss, current, violation, [...current.keys()]);
      if (moves.length === 0) return undefined;
      const move = moves[random.below(Math.min(DRAWN_AMONG, moves.length))];
      current = current.with(move.gene, move.choice);
      violation = move.violation;
    }
    return current;
  };
}

interface Move {
  gene: number;
  choice: number;
  violation: number;
  /** Loss added for each unit of violation removed. */
  price: number;
}

function drawGenes(count: number, random: RandomSource): number[] {
  const genes = Array.from({ length: count }, (_, gene) => gene);
  const drawn: number[] = [];
  while (drawn.length < LAYERS_PER_STEP && genes.length > 0) drawn.push(...genes.splice(random.below(genes.length), 1));
  return drawn;
}

/** The single changes of the given genes that lessen the violation, cheapest first. */
function improvingMoves(
  space: BitSpace,
  violationOf: (genome: readonly number[]) => number,
  loss: Loss,
  genome: readonly number[],
  violation: number,
  genes: readonly number[],
): Move[] {
  const before = loss(space.decode(genome));
  const moves: Move[] = [];
  for (const gene of genes) {
    for (let choice = 0; choice < space.schemes.length; choice++) {
      if (choice === genome[gene]) continue;
      const moved = genome.with(gene, choice);
      const left = violationOf(moved);
      if (left >= violation) continue;
      const added = loss(space.decode(moved)) - before;
      // a move that costs nothing comes first, the one that gains most before the others
      const price = added <= 0 ? left - violation : added / (violation - left);
      moves.push({ gene, choice, violation: left, price });
    }
  }
  return moves.sort((a, b) => a.price - b.price || a.gene - b.gene || a.choice - b.choice);
}

/** Uniform candidates and the cheapest one by each budgeted metric: sensible points to start a search from. */
export function startingGenomes(space: BitSpace, costModel: CostModel, budgets: Budgets): number[][] {
  const uniform = space.schemes.map((_, choice) => space.genes.map(() => choice));
  const cheapest = budgetEntries(budgets).map(([metric]) => {
    const genome = space.genes.map(() => 0);
    const priceOf = (point: readonly number[]) => metricValue(costModel.estimate(space.decode(point)), metric);
    for (const gene of genome.keys()) {
      const values = space.schemes.map((_, choice) => priceOf(genome.with(gene, choice)));
      genome[gene] = values.indexOf(Math.min(...values));
    }
    return genome;
  });
  return [...uniform, ...cheapest];
}
