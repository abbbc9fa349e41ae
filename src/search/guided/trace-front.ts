import { paretoIndices } from '../indicators/pareto-front.ts';
import { nsga2 } from '../nsga2.ts';
import { nsga3 } from '../nsga3.ts';
import type { GuidedCore } from './core.ts';
import { measureTables, screenPairs } from './joint-effects.ts';
import { coarseToFine, modelFront } from './model-front.ts';
import type { GuidedSettings } from './types.ts';

/** Evaluations of one spell of evolution. */
const SPELL = 400;
const DEFAULT_POPULATION = 92;
/** Pairs are probed with at most this share of the evaluations that are left. */
const PAIR_SHARE = 0.5;
/** Rounds in a row that find nothing new before the space counts as exhausted. */
const MOST_IDLE = 4;
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
  const front = modelFront(core, objectives).slice(0, settings.frontPoints);
  const first = front.slice(0, core.batchSize);
  await core.examine(first);
  if (core.exactBatches > 0 || first.length === 0) {
    for (let start = 0; start < front.length && core.left > 0; start += core.batchSize) {
      await core.examine(front.slice(start, start + core.batchSize));
    }
    if (core.exactBatches > 0 && front.length > 0 && core.space.tablesHold) return;
  }
  if (core.exactBatches === 0) {
    const walks = () => walkRound(core, objectives);
    await measureTables(core, await screenPairs(core), walks, PAIR_SHARE);
    await walks();
  }
  await widenFront(core, objectives, settings);
}

/** Walks over the model and spells of evolution in turn, both from the front so far. */
export async function widenFront(
  core: GuidedCore,
  objectives: readonly string[],
  settings: GuidedSettings,
): Promise<void> {
  for (let idle = 0; core.left > 0 && idle < MOST_IDLE; idle++) {
    const before = core.archive.size;
    await walkRound(core, objectives);
    core.refit();
    await evolve(core, objectives, settings);
    core.refit();
    if (core.archive.size > before) idle = -1;
  }
}

/** The objectives of an evaluated genome. */
function objectiveValues({ space, archive }: GuidedCore, objectives: readonly string[], row: number): number[] {
  const costs = archive.costsOf(row);
  return objectives.map((name) =>
    name === 'loss' ? archive.losses[row] : costs[space.tables.metrics.indexOf(name) - 1],
  );
}

/** Rows of the archive that nothing dominates, by ascending loss. */
function frontRows(core: GuidedCore, objectives: readonly string[]): number[] {
  const { archive } = core;
  const values = archive.genomes.map((_, row) => objectiveValues(core, objectives, row));
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

/**
 * The selection where none is asked for: NSGA-II up to three objectives, where it reached the larger hypervolume after
 * 3,000 evaluations of the allocation problems whose loss does not add up; NSGA-III beyond, where crowding no longer tells
 * points apart.
 *
 * @example defaultSelection(2) // => 'nsga2'
 */
export function defaultSelection(objectives: number): 'nsga2' | 'nsga3' {
  return objectives <= 3 ? 'nsga2' : 'nsga3';
}

/** A spell of NSGA-II or NSGA-III from the archive's front; what it makes is moved inside the limits first. */
async function evolve(core: GuidedCore, objectives: readonly string[], settings: GuidedSettings): Promise<void> {
  const { archive, space, random } = core;
  const population = settings.population ?? DEFAULT_POPULATION;
  const front = coarseToFine(frontRows(core, objectives)).slice(0, population);
  const wanted = Math.min(SPELL, core.left);
  const until = archive.size + wanted;
  const algorithm = (settings.algorithm ?? defaultSelection(objectives.length)) === 'nsga2' ? nsga2 : nsga3;
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
        const row = archive.rowOf(genome);
        // What the evaluations no longer sufficed for ends the spell anyway.
        if (row < 0) return { objectives: objectives.map(() => 0), violation: 1 };
        return { objectives: objectiveValues(core, objectives, row), violation: 0 };
      });
    },
    onGeneration: () => archive.size < until && core.left > 0,
  });
}
