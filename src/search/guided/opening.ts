import { surrogateSearch } from '../surrogate/surrogate-search.ts';
import { type GuidedCore, SAME } from './core.ts';
import { coarseToFine } from './model-front.ts';
import { tabulateMetric } from './pairwise-tables.ts';
import type { CheckedProblem, GuidedSettings } from './types.ts';

/** Looks of a process before single changes are probed, and at most where they are not. */
const FIRST_LOOKS = 300;
const MOST_LOOKS = 600;
/** Beyond so many genes a process takes too long. */
const MOST_GENES = 128;
/** Probes of single changes may take this share of the evaluations where the loss adds up, and of what is left where it does not. */
const PROBED = 0.8;
const PROBED_AFTER = 0.33;
/** Evaluations that make use of the probes, where the loss alone is an objective. */
const LEAST_AFTER = 4;
/** Ways to part the changes of one genome that must add up. */
const PARTINGS = 2;
const MOST_ATTEMPTS = 20;
/** Steps from the cheapest genome to the dearest that are looked at first. */
const RUNGS = 5;

/** How a search begins. */
export interface Opening {
  /** Evaluations that a Gaussian process spends all over the space. */
  looks: number;
  /** Whether single changes are probed then. */
  probes: boolean;
}

/**
 * Single changes of one choice tell everything where the loss adds up, and are all that they cost; where it does not they
 * tell little of what is far away, and want several times as many evaluations as there are values. The loss alone, under
 * limits, is looked for near to them; a front goes through the whole space, and is first looked for all over it.
 */
export async function chooseOpening(core: GuidedCore, objectives: number, evaluations: number): Promise<Opening> {
  const { counts } = core.space;
  const probes = counts.reduce((sum, count) => sum + count - 1, 1);
  const most = counts.length > MOST_GENES ? 0 : Math.min(evaluations, MOST_LOOKS);
  if (objectives === 1) return { looks: probes + LEAST_AFTER > evaluations ? most : 0, probes: true };
  if (probes <= PROBED * evaluations && (await addsUp(core))) return { looks: 0, probes: true };
  const first = Math.min(most, FIRST_LOOKS);
  if (probes <= PROBED_AFTER * (evaluations - first)) return { looks: first, probes: true };
  return { looks: most, probes: false };
}

/**
 * Whether the changes of a genome drawn at random do to the loss, in two parts, what they do together; by few evaluations
 * that are spread over the space.
 */
async function addsUp(core: GuidedCore): Promise<boolean> {
  const { space, archive } = core;
  const base = space.refuge;
  for (let parting = 0; parting < PARTINGS; parting++) {
    const parts = partedChanges(core);
    if (!parts) return false;
    await core.evaluate([base, ...parts]);
    if (!parts.every((genome) => archive.has(genome))) return false;
    const loss = archive.lossOf(base);
    const [whole, one, other] = parts.map((genome) => archive.lossOf(genome) - loss);
    // changes that do nothing, as in a network that is broken already, add up to nothing
    if (one === 0 || other === 0) return false;
    if (Math.abs(whole - one - other) > SAME * Math.abs(loss + whole)) return false;
  }
  return true;
}

/** A genome drawn at random, and the refuge with either part of what it changes; undefined where limits leave none such. */
function partedChanges({ space, model, random }: GuidedCore): Int32Array[] | undefined {
  const base = space.refuge;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const drawn = Int32Array.from(space.counts, (count) => random.below(count));
    const whole = space.repair(drawn, random, model.effects);
    const isFirst = whole.map(() => random.below(2));
    const one = whole.map((value, gene) => (isFirst[gene] ? value : base[gene]));
    const other = whole.map((value, gene) => (isFirst[gene] ? base[gene] : value));
    const parts = [whole, one, other];
    const different = new Set([base, ...parts].map((genome) => genome.join()));
    if (different.size === 4 && parts.every((genome) => space.excess(genome) === 0)) return parts;
  }
  return undefined;
}

/** The cheapest genome, the dearest, and some between, each about as dear in every gene; inside the limits. */
function costLadder({ space, model, random }: GuidedCore, objectives: readonly string[]): Int32Array[] {
  const { tables, groups, counts, limits, refuge } = space;
  const free = objectives.filter((name) => name !== 'loss').map((name) => tables.metrics.indexOf(name));
  const metrics = [...new Set([...free, ...limits.map(({ metric }) => metric)])];
  const sheets = metrics.map((metric) => tabulateMetric(tables, metric, groups));
  const ranges = sheets.map((sheet) =>
    counts.reduce((sum, count, gene) => {
      const changes = Array.from({ length: count }, (_, value) => sheet.change(refuge, gene, value));
      return sum + Math.max(...changes) - Math.min(...changes);
    }, 0),
  );
  const orders = counts.map((count, gene) => {
    const cost = Array.from({ length: count }, (_, value) =>
      sheets.reduce((sum, sheet, k) => sum + sheet.change(refuge, gene, value) / (ranges[k] || 1), 0),
    );
    return cost.map((_, value) => value).sort((a, b) => cost[a] - cost[b]);
  });
  return coarseToFine(Array.from({ length: RUNGS }, (_, rung) => rung / (RUNGS - 1))).map((height) => {
    const genome = Int32Array.from(orders, (order) => order[Math.round(height * (order.length - 1))]);
    return space.repair(genome, random, model.effects);
  });
}

/** Spends evaluations as a surrogate search does, by a Gaussian process; the core learns along. */
export async function searchByProcess(
  core: GuidedCore,
  problem: CheckedProblem,
  objectives: readonly string[],
  { evaluations, seed, batch }: GuidedSettings,
): Promise<void> {
  const { archive, space } = core;
  const { rejections } = await surrogateSearch(
    {
      ...problem,
      objectives,
      async evaluate(choices) {
        const genomes = choices.map((choice) => Int32Array.from(space.groups, ([layer]) => choice[layer]));
        await core.evaluate(genomes);
        // what is left out when a search is told to stop is the last thing that is asked for
        return genomes.map((genome) => (archive.has(genome) ? archive.lossOf(genome) : 0));
      },
    },
    {
      ...{ evaluations, seed, batch },
      initial: [...archive.genomes, ...costLadder(core, objectives)].map((genome) => space.decode(genome)),
      onBatch({ correlation }) {
        core.correlation = correlation;
        return core.left > 0;
      },
    },
  );
  for (const [name, count] of Object.entries(rejections)) {
    space.rejections[name] = (space.rejections[name] ?? 0) + count;
  }
}
