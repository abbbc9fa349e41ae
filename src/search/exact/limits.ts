import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { AllocationModel } from '../allocation/model.ts';
import { usage } from '../problem.ts';
import { buildGraph } from './graph.ts';
import { Potentials } from './potentials.ts';
import { type Limit, solveExactly } from './solve.ts';

/** A budget by the name it has in the problem, as limits, or as an object with limits. */
export type BudgetChoice = string | { limits: Readonly<Record<string, number>> } | Readonly<Record<string, number>>;

/** The limits of a budget by metric; none without a budget. */
export function limitsOf(model: AllocationModel, budget: BudgetChoice | undefined): Record<string, number> {
  if (budget === undefined) return {};
  if (typeof budget === 'string') {
    const found = model.parts.budgets.find(({ name }) => name === budget);
    if (found) return found.limits;
    const names = model.parts.budgets.map(({ name }) => name);
    const guess = nearestName(budget, names);
    const remedy = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`;
    throw usage(`The problem has no budget "${budget}".`, `${guess ? `Did you mean ${guess}? ` : ''}${remedy}`);
  }
  const limits = (typeof budget.limits === 'object' ? budget.limits : budget) as Record<string, number>;
  for (const [metric, limit] of Object.entries(limits)) {
    if (!model.metrics.includes(metric)) {
      throw usage(`A budget limits "${metric}".`, `The metrics of this problem are ${model.metrics.join(', ')}.`);
    }
    if (!Number.isFinite(limit)) throw usage(`The budget of ${metric} is ${limit}.`, 'Give a finite number.');
  }
  return limits;
}

/** The limits with the problem's tolerance. */
export function ceilingsOf(model: AllocationModel, limits: Readonly<Record<string, number>>): Limit[] {
  return Object.entries(limits).map(([name, limit]) => ({
    metric: model.metrics.indexOf(name),
    ceiling: model.ceiling(limit),
  }));
}

/**
 * The smallest value of a metric that any choice reaches, exactly; where its terms between layers reach too far, the
 * smallest that changing layers one at a time finds.
 */
export function smallestValue(model: AllocationModel, metric: number): number {
  const graph = buildGraph(model, metric === 0 ? [] : [metric]);
  const weights = metric === 0 ? [1] : [0, 1];
  if (graph) {
    const potentials = new Potentials(graph);
    return model.value(metric, potentials.follow(weights, potentials.toEnd(weights)).choice);
  }
  const groups = decisionGroups(model);
  const choice = new Int32Array(model.layerCount);
  let least = model.value(metric, choice);
  for (let improved = true; improved; ) {
    improved = false;
    for (const layers of groups) {
      for (let option = 0; option < model.counts[layers[0]]; option++) {
        const before = choice[layers[0]];
        for (const layer of layers) choice[layer] = option;
        const value = model.value(metric, choice);
        if (value < least) [least, improved] = [value, true];
        else for (const layer of layers) choice[layer] = before;
      }
    }
  }
  return least;
}

/** Layers that are decided together: the tied groups, and every other layer alone; in layer order. */
export function decisionGroups(model: AllocationModel): number[][] {
  const tied = new Set(model.parts.ties.flat());
  const single = model.counts.flatMap((_, layer) => (tied.has(layer) ? [] : [[layer]]));
  return [...model.parts.ties.map((tie) => [...tie]), ...single].sort((a, b) => a[0] - b[0]);
}

/**
 * The error for limits that exclude each other: the smallest reachable value of each, and which one or which two cannot
 * be kept.
 *
 * @param proven false where the search for a choice merely came back empty.
 */
export function infeasibleLimits(
  model: AllocationModel,
  limits: Readonly<Record<string, number>>,
  proven = true,
): BitbudgetError {
  const names = Object.keys(limits);
  const reachable = Object.fromEntries(
    names.map((name) => [name, smallestValue(model, model.metrics.indexOf(name))] as const),
  );
  const beyond = names.filter((name) => reachable[name] > model.ceiling(limits[name]));
  const listed = (chosen: readonly string[]) => chosen.map((name) => `${name} ${limits[name]}`).join(' and ');
  if (beyond.length > 0) {
    const least = beyond.map((name) => `${name} ${reachable[name]}`).join(' and ');
    return new BitbudgetError(
      'infeasible',
      `No choice keeps a budget of ${listed(beyond)}: the smallest reachable value is ${least}.`,
      `Raise the budget to at least ${least}.`,
      reachable,
    );
  }
  const pair = names.length > 2 ? conflictingPair(model, limits) : undefined;
  return new BitbudgetError(
    'infeasible',
    `No choice ${proven ? 'keeps' : 'was found that keeps'} ${listed(names)} at once, though each can be kept alone.`,
    pair ? `${listed(pair)} exclude each other: loosen one of them.` : 'Loosen one of the budgets.',
    reachable,
    names.length === 2 ? names : pair,
  );
}

function conflictingPair(model: AllocationModel, limits: Readonly<Record<string, number>>): string[] | undefined {
  const names = Object.keys(limits);
  for (const [i, first] of names.entries()) {
    for (const second of names.slice(i + 1)) {
      const pair = ceilingsOf(model, { [first]: limits[first], [second]: limits[second] });
      if (solveExactly(model, pair)?.lowerBound === Number.POSITIVE_INFINITY) return [first, second];
    }
  }
  return undefined;
}
