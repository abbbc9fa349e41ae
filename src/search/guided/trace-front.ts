import { BitbudgetError } from '../../core/errors.ts';
import { allocationFront } from '../exact/front.ts';
import { paretoIndices } from '../indicators/pareto-front.ts';
import { nsga2 } from '../nsga2.ts';
import { nsga3 } from '../nsga3.ts';
import type { GuidedCore } from './core.ts';
import type { GuidedSettings } from './types.ts';

/** Evaluations of one spell of evolution. */
const SPELL = 400;
const DEFAULT_POPULATION = 92;
/** Points of the front that one round of walks starts from. */
const WALKS = 60;

/**
 * Several objectives: the additive model's whole front, exactly, and its points evaluated from coarse to fine; where the
 * model errs, pairs are probed, and spells of evolution from the archive's front alternate with walks over the model, each
 * towards less loss at the metrics of a point of the front.
 */
export async function traceFront(
  core: GuidedCore,
  objectives: readonly string[],
  settings: GuidedSettings,
): Promise<void> {
  const front = modelFront(core, objectives);
  const first = front.slice(0, core.batchSize);
  await core.examine(first);
  if (core.exactBatches > 0 || first.length === 0) {
    for (let start = 0; start < front.length && core.left > 0; start += core.batchSize) {
      await core.examine(front.slice(start, start + core.batchSize));
    }
    if (core.exactBatches > 0 && front.length > 0) return;
  }
  if (core.exactBatches === 0) await core.probePairs(() => walkRound(core, objectives));
  while (core.left > 0) {
    const before = core.archive.size;
    await walkRound(core, objectives);
    core.refit();
    await evolve(core, objectives, settings);
    core.refit();
    if (core.archive.size === before) break;
  }
}

/** The front of the additive model within the limits, every other point before those between; empty where it is too large. */
function modelFront({ space, model }: GuidedCore, objectives: readonly string[]): Int32Array[] {
  try {
    const points = allocationFront(space.withLoss(model.around(space.refuge)), objectives);
    const genomes = points.map(({ choice }) => Int32Array.from(space.groups, ([layer]) => choice[layer]));
    return coarseToFine(genomes).filter((genome) => space.excess(genome) === 0);
  } catch (error) {
    if (error instanceof BitbudgetError && error.kind === 'unsupported') return [];
    throw error;
  }
}

/** Both ends, then the middle, then the quarters, and so on. */
function coarseToFine<T>(items: readonly T[]): T[] {
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

/** The objectives of a genome whose loss is known. */
function objectiveValues({ space }: GuidedCore, objectives: readonly string[], genome: Int32Array, loss: number) {
  const costs = space.costs(genome);
  return objectives.map((name) => (name === 'loss' ? loss : costs[space.tables.metrics.indexOf(name) - 1]));
}

/** Rows of the archive that nothing dominates, by ascending loss. */
function frontRows(core: GuidedCore, objectives: readonly string[]): number[] {
  const { archive } = core;
  const values = archive.genomes.map((genome, row) => objectiveValues(core, objectives, genome, archive.losses[row]));
  return paretoIndices(values).sort((a, b) => archive.losses[a] - archive.losses[b]);
}

async function walkRound(core: GuidedCore, objectives: readonly string[]): Promise<void> {
  const { archive, proposals, random, space } = core;
  const rows = frontRows(core, objectives);
  const chosen = new Set<string>();
  const metrics = objectives.filter((name) => name !== 'loss').map((name) => space.tables.metrics.indexOf(name));
  const batch: Int32Array[] = [];
  for (let k = 0; k < (core.trusted ? WALKS : 2) && batch.length < core.left; k++) {
    const genome = archive.genomes[rows[random.below(rows.length)]];
    const found = proposals.lowerLossAt(genome, metrics, chosen);
    if (found) batch.push(found);
  }
  await core.examine(batch);
}

/** A spell of NSGA-III (or NSGA-II) from the archive's front; what it makes is moved inside the limits first. */
async function evolve(core: GuidedCore, objectives: readonly string[], settings: GuidedSettings): Promise<void> {
  const { archive, space, random } = core;
  const population = settings.population ?? DEFAULT_POPULATION;
  const front = coarseToFine(frontRows(core, objectives)).slice(0, population);
  const wanted = Math.min(SPELL, core.left);
  const until = archive.size + wanted;
  const algorithm = settings.algorithm === 'nsga2' ? nsga2 : nsga3;
  await algorithm({
    variables: space.counts.map((count) => ({ kind: 'choice', count })),
    objectives: objectives.length,
    seed: random.uint32(),
    population,
    evaluations: front.length + 4 * wanted, // known genomes cost nothing; `until` ends the spell
    initial: front.map((row) => Array.from(archive.genomes[row])),
    repair: (genome, source) => Array.from(space.repair(Int32Array.from(genome), source, core.model.effects)),
    evaluate: async (batch) => {
      const genomes = batch.map((genome) => Int32Array.from(genome));
      await core.evaluate(genomes);
      return genomes.map((genome) => {
        // What the evaluations no longer sufficed for ends the spell anyway.
        const known = archive.has(genome);
        const values = objectiveValues(core, objectives, genome, known ? archive.lossOf(genome) : 0);
        return { objectives: values, violation: known ? 0 : 1 };
      });
    },
    onGeneration: () => archive.size < until && core.left > 0,
  });
}
