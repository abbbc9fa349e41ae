import type { GuidedCore } from './core.ts';
import { scaleTables } from './joint-effects.ts';
import { type Probe, planLocalProbes, planProbes } from './probes.ts';

/** Evaluations that must be left for a neighbourhood to be measured, in probes of it. */
const LEAST_LEFT = 1.5;

/** One-at-a-time probes around the refuge: the additive model, exact where the loss is additive. */
export async function probeRefuge(core: GuidedCore): Promise<void> {
  const { space, model, archive } = core;
  const base = space.refuge;
  await core.evaluate([base]);
  const effects = space.counts.map((count) => new Array<number>(count).fill(0));
  const probes = planProbes(space, base, core.random);
  await core.evaluate(probes.map(({ genome }) => genome));
  const loss = archive.lossOf(base);
  readEffects(core, base, probes, effects);
  model.start(loss, effects);
}

/** Whether single changes of the best point were not measured yet, and the evaluations are there for it. */
export function canMeasureBest({ left, local, bestGenome, space }: GuidedCore): boolean {
  const probes = space.counts.reduce((sum, count) => sum + count - 1, 0);
  return left > LEAST_LEFT * probes && local?.base !== bestGenome;
}

/**
 * One-at-a-time probes around the best point: the model is exact there afterwards, and the probes far away, where a loss
 * that saturates hardly moves, no longer decide what a change is worth.
 */
export async function measureBest(core: GuidedCore): Promise<void> {
  if (!canMeasureBest(core)) return;
  const { space, model, archive, bestGenome: base } = core;
  const effects = model.around(base);
  const probes = planLocalProbes(space, base, effects, core.random, (one, other) => model.areJoint(one, other));
  await core.evaluate(probes.map(({ genome }) => genome));
  readEffects(core, base, probes, effects);
  core.local = { base, loss: archive.lossOf(base), effects };
  model.recentre(core.local.base, core.local.loss, effects);
  await scaleTables(core);
}

/** Reads the effect of each probe's value off its loss, given those of the other values in it. */
function readEffects({ archive }: GuidedCore, base: Int32Array, probes: readonly Probe[], effects: number[][]): void {
  const loss = archive.lossOf(base);
  for (const { genome, gene, value } of probes) {
    if (!archive.has(genome)) continue;
    let rest = archive.lossOf(genome) - loss;
    genome.forEach((v, other) => {
      if (other !== gene && v !== base[other]) rest -= effects[other][v];
    });
    effects[gene][value] = rest;
  }
}
