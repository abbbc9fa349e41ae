import { BitbudgetError } from '../../core/errors.ts';
import { AllocationModel } from '../allocation/model.ts';
import { allocationFront } from '../exact/front.ts';
import { smallestValue } from '../exact/limits.ts';
import { paretoIndices } from '../indicators/pareto-front.ts';
import type { GuidedCore } from './core.ts';

/** Points at any stage beyond which the exact front is given up; fronts of real numbers grow so large soon. */
const MOST_POINTS = 60_000;
/** Steps that the range of each objective is then rounded to, until the front is small enough. */
const GRIDS = [4000, 1000, 250, 60];
/** Points that are solved for one at a time, where limits on further metrics shape the front. */
const SOLVED = 64;

/**
 * The front of the additive model within the limits, every other point before those between; empty where the terms between
 * genes reach too far. Without limits on other metrics than the objectives it is exact, or that of values rounded to a
 * fine grid; with such limits it is made of the least losses at different bounds of the other objectives.
 */
export function modelFront(core: GuidedCore, objectives: readonly string[]): Int32Array[] {
  const { space, model } = core;
  const tables = space.withLoss(model.around(space.refuge));
  const further = space.limits.some(({ metric }) => !objectives.includes(tables.metrics[metric]));
  const choices = further ? solvedPoints(core, objectives) : wholeFront(tables, objectives);
  const genomes = choices.map((choice) => Int32Array.from(space.groups, ([layer]) => choice[layer]));
  const different = [...new Map(genomes.map((genome) => [genome.join(), genome])).values()];
  const inside = different.filter((genome) => space.admits(genome));
  const at = objectives.map((name) => tables.metrics.indexOf(name));
  const values = inside.map((genome) => at.map((metric) => tables.value(metric, space.decode(genome))));
  const front = paretoIndices(values).sort((a, b) => values[a][0] - values[b][0]);
  return coarseToFine(front.map((i) => inside[i]));
}

function wholeFront(tables: AllocationModel, objectives: readonly string[]): number[][] {
  const exact = frontOrNothing(tables, objectives);
  if (exact) return exact;
  for (const steps of GRIDS) {
    const rounded = frontOrNothing(roundedTo(steps, tables, objectives), objectives);
    if (rounded) return rounded;
  }
  return [];
}

function frontOrNothing(tables: AllocationModel, objectives: readonly string[]): number[][] | undefined {
  try {
    return allocationFront(tables, objectives, MOST_POINTS).map(({ choice }) => choice);
  } catch (error) {
    if (error instanceof BitbudgetError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}

/** The tables of the objectives in whole steps of their ranges. */
function roundedTo(steps: number, { parts }: AllocationModel, objectives: readonly string[]): AllocationModel {
  const tables = parts.tables.map((table, metric) => {
    if (!table || !objectives.includes(parts.metrics[metric])) return table;
    const range = table.reduce((sum, row) => sum + Math.max(...row) - Math.min(...row), 0);
    return table.map((row) => {
      const least = Math.min(...row);
      return row.map((value) => (range > 0 ? Math.round(((value - least) / range) * steps) : 0));
    });
  });
  return new AllocationModel({ ...parts, tables });
}

/** The least losses under the limits and, on the other objectives, bounds from wide to narrow. */
function solvedPoints({ space, model, random }: GuidedCore, objectives: readonly string[]): number[][] {
  const loss = model.around(space.refuge);
  const loosest = space.allocate(loss);
  if (!loosest) return [];
  const others = objectives.filter((name) => name !== 'loss').map((name) => space.tables.metrics.indexOf(name));
  const ranges = others.map((metric) => ({
    metric,
    low: smallestValue(space.tables, metric),
    high: space.tables.value(metric, space.decode(loosest)),
  }));
  const found = [space.decode(loosest)];
  for (let k = 0; k < SOLVED; k++) {
    // Of one metric evenly, of several at random: their combinations are too many.
    const share = () => (others.length === 1 ? k / SOLVED : random.real());
    const bounds = ranges.map(({ metric, low, high }) => ({ metric, ceiling: low + share() * (high - low) }));
    const genome = space.allocate(loss, bounds);
    if (genome) found.push(space.decode(genome));
  }
  return found;
}

/** Both ends, then the middle, then the quarters, and so on. */
export function coarseToFine<T>(items: readonly T[]): T[] {
  const taken = new Uint8Array(items.length);
  const order: T[] = [];
  const take = (index: number) => {
    if (taken[index]) return;
    taken[index] = 1;
    order.push(items[index]);
  };
  for (let parts = 1; order.length < items.length; parts *= 2) {
    for (let k = 0; k <= parts; k++) take(Math.round((k * (items.length - 1)) / parts));
  }
  return order;
}
