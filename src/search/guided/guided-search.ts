import { AllocationModel } from '../allocation/model.ts';
import { parseAllocation } from '../allocation/parse.ts';
import { usage } from '../problem.ts';
import { GuidedCore } from './core.ts';
import { measureTables, screenPairs, tableCost } from './joint-effects.ts';
import { chooseOpening, searchByProcess } from './opening.ts';
import { canMeasureBest, measureBest, probeRefuge } from './single-effects.ts';
import { traceFront, widenFront } from './trace-front.ts';
import type { GuidedProblem, GuidedResult, GuidedSettings } from './types.ts';

/** Elites that breed and that walks start from. */
const ELITES = 40;
/** So many batches in a row just as predicted, and the model is taken for the truth. */
const PROVEN_BATCHES = 10;
/** Tables of pairs are measured where those of all that act together take at most this share of what is left. */
const MOST_TABLES = 0.5;
/** Neighbourhoods of the best point that are measured one after the other. */
const NEIGHBOURHOODS = 2;
/** By how much joint effects are doubted after a batch that found something better, and how that grows until the next. */
const LEAST_DOUBT = 0.1;
const DOUBT_GROWTH = 1.3;
/** Batches that find nothing better before the neighbourhood of the best point is measured. */
const PATIENCE = 5;

/**
 * Minimises a loss that is known only by evaluating it, under hard limits on metrics that tables tell for nothing: for
 * choosing bits where the loss does not add up over the layers. Every evaluated choice keeps the limits. Where a front is
 * looked for and the loss does not add up, and where evaluations are fewer than values, a Gaussian process first chooses
 * what to look at, all over the space, as in `surrogateSearch`. Then each value of each gene is probed alone, which fits an
 * additive model; its exact optimum is evaluated next. Where the model errs,
 * pairs of genes are probed as well, and around the best point single changes again and some of each pair that acts
 * together; from then on batches mix the model's exact optimum, walks over the model and over what it might be as well,
 * and children of the best points (uniform crossover, one or two genes reset, swaps). What is proposed stays as near to the
 * best point as the model's errors advise; a model whose rank correlation with the truth falls makes way for the children.
 * With several objectives the front is traced instead. No choice is evaluated twice. The search ends early where the
 * model has predicted everything exactly for some time and has nothing left to propose.
 *
 * @throws {BitbudgetError} `infeasible` before any evaluation if nothing keeps the limits, `usage` for objectives that
 * are no metrics.
 * @see Deng et al., Mixed-precision quantization with cross-layer dependencies, 2023 (joint effects of pairs of layers).
 * @example guidedSearch({ tables: { tables: { loss: [[0, 0]], latency: [[1, 2]] } }, limits: { latency: 2 }, evaluate: (batch) => batch.map(([x]) => 1 - x) }, { evaluations: 5, seed: 1 }).then(({ archive }) => Math.min(...archive.map(({ loss }) => loss))) // => 0
 */
export async function guidedSearch(problem: GuidedProblem, settings: GuidedSettings): Promise<GuidedResult> {
  const { objectives = ['loss'] } = problem;
  const tables = problem.tables instanceof AllocationModel ? problem.tables : parseAllocation(problem.tables);
  const unknown = objectives.find((name) => !tables.metrics.includes(name));
  if (unknown !== undefined) {
    throw usage(`"${unknown}" is no metric of this problem.`, `Its metrics are ${tables.metrics.join(', ')}.`);
  }
  if (!objectives.includes('loss') || new Set(objectives).size < objectives.length) {
    throw usage(`The objectives are ${objectives.join(', ')}.`, 'Name "loss" and at most each other metric once.');
  }
  if (!(Number.isInteger(settings.evaluations) && settings.evaluations >= 1)) {
    throw usage(`The option evaluations is ${settings.evaluations}.`, 'Give a whole number of at least 1.');
  }
  const checked = { ...problem, tables };
  const core = new GuidedCore(checked, settings);
  await core.evaluate([core.space.refuge]);
  const { looks, probes } = await chooseOpening(core, objectives.length, settings.evaluations);
  if (looks > 0) await searchByProcess(core, checked, objectives, { ...settings, evaluations: looks });
  if (core.left > 0) await learn(core, objectives, settings, probes);
  return core.result();
}

async function learn(core: GuidedCore, objectives: readonly string[], settings: GuidedSettings, probes: boolean) {
  if (!probes) {
    core.refit();
    return widenFront(core, objectives, settings);
  }
  await probeRefuge(core);
  return objectives.length > 1 ? traceFront(core, objectives, settings) : minimise(core);
}

async function minimise(core: GuidedCore): Promise<void> {
  let idle = 0;
  const propose = () => core.examine(nextBatch(core, idle));
  await propose();
  if (core.exactBatches === 0) await learnInteractions(core, propose);
  while (core.left > 0 && (core.exactBatches < PROVEN_BATCHES || !core.space.tablesHold)) {
    const before = core.archive.size;
    const best = core.archive.best!.loss;
    await propose();
    if (core.archive.size === before) break;
    idle = core.archive.best!.loss < best ? 0 : idle + 1;
    if (core.exactBatches === 0 && idle >= PATIENCE && canMeasureBest(core)) {
      await measureBest(core);
      idle = 0;
    }
    core.refit();
  }
}

/** How pairs of genes act together, then what single changes do where the loss is low. */
async function learnInteractions(core: GuidedCore, propose: () => Promise<void>): Promise<void> {
  const pairs = await screenPairs(core);
  await propose();
  if (tableCost(core, pairs) <= MOST_TABLES * core.left) await measureTables(core, pairs, propose, 1);
  for (let round = 0; round < NEIGHBOURHOODS; round++) {
    await measureBest(core);
    await propose();
  }
}

/** By multiplication alone, so that it is the same everywhere. */
function doubtAfter(idle: number): number {
  let doubt = LEAST_DOUBT;
  for (let k = 0; k < idle && doubt < 1; k++) doubt *= DOUBT_GROWTH;
  return Math.min(1, doubt);
}

function nextBatch({ archive, proposals, trusted, left, batchSize, local }: GuidedCore, idle: number): Int32Array[] {
  const wanted = Math.min(batchSize, left);
  const elites = archive.elites(ELITES);
  const chosen = new Set<string>();
  const batch: Int32Array[] = [];
  const best = archive.genomes[elites[0]];
  if (trusted && wanted > 0) {
    let optimum = local ? proposals.jointAllocation(best, chosen, local) : undefined;
    if (!(local && proposals.solvesJointly)) optimum ??= proposals.allocation(best, chosen);
    if (optimum) batch.push(optimum);
  }
  const walks = trusted ? Math.ceil(wanted / (local ? 10 : 4)) : 1;
  if (trusted && local) {
    batch.push(...proposals.fromDoubt(Math.ceil(wanted / 2), elites, chosen, doubtAfter(idle)));
  }
  for (const afar of [false, true]) {
    const count = Math.max(0, Math.min(walks, wanted - batch.length));
    batch.push(...proposals.fromModel(count, elites, chosen, afar));
  }
  batch.push(...proposals.children(Math.max(0, wanted - batch.length), elites, chosen));
  return batch;
}
