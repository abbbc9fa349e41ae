import type { Cost } from '../cost/types.ts';
import { type GuidedProblem, guidedSearch, surrogateSearch } from '../search/index.ts';
import {
  brokenBudgets,
  budgetEntries,
  budgetMetrics,
  choiceCounts,
  findFeasible,
  type GeneMetric,
  jointlyInfeasible,
  tabulateGenes,
  uniformGenomes,
} from '../space/index.ts';
import { asInterruption, interrupted } from './evolve.ts';
import { genePriors } from './gene-priors.ts';
import { budgetOfObjective, objectiveValue } from './objectives.ts';
import type { StudyRecord } from './record.ts';
import { type GuidedState, type SavedStudy, writeCheckpoint } from './run-folder.ts';
import type { StudyOptions, StudyOutcome } from './types.ts';

/** Evaluations between two checkpoints, at least. */
const CHECKPOINT_EVERY = 200;
/** Points of the model's front that are evaluated, in populations: a front of thousands helps nobody. */
const FRONT_POPULATIONS = 4;

/**
 * The searches that learn a model of the loss and propose by it. Costs are tabulated over the genes; where they do not add
 * up the tables propose and the cost model decides. A saved search is replayed: its decisions follow from the losses, and
 * those are kept.
 */
export async function guideStudy<Point>(
  options: StudyOptions<Point>,
  record: StudyRecord<Point>,
  saved: SavedStudy | undefined,
): Promise<StudyOutcome> {
  const { settings, space, costModel, onProgress } = options;
  const { budgets, budgetConfidence: confidence = 0, evaluations, seed, population, algorithm } = settings;
  const limited = budgetEntries(budgets).length > 0;
  const refuge = limited ? findFeasible(space, costModel, budgets, confidence) : uniformGenomes(space)[0];
  if (!refuge) throw jointlyInfeasible(space, costModel, budgets, confidence);
  const { problem, save, unsaved } = dearProblem(options, record, saved, refuge);
  const saveWhenDue = async (done: number, message: string) => {
    onProgress(message, Math.min(done / evaluations, 1));
    if (unsaved() >= (settings.strategy === 'surrogate' ? 1 : CHECKPOINT_EVERY)) await save();
  };
  if (settings.strategy === 'surrogate') {
    const { batches } = await surrogateSearch(
      { ...problem, prior: genePriors(options) },
      {
        ...{ evaluations, seed },
        onBatch: ({ evaluations: done, correlation }) => saveWhenDue(done, searchingAt(correlation)),
      },
    );
    await save();
    return { evaluations: record.points.size, modelCorrelation: batches.at(-1)?.correlation ?? null, batches };
  }
  const result = await guidedSearch(problem, {
    ...{ evaluations, seed, population, algorithm, frontPoints: FRONT_POPULATIONS * population },
    onBatch: ({ evaluations: done }) => saveWhenDue(done, 'searching'),
  });
  await save(); // the last state is part of the run folder
  return { evaluations: record.points.size, modelCorrelation: result.modelCorrelation };
}

/** The study as a problem of search, every evaluation of which is kept, and the checkpoints of it. */
function dearProblem<Point>(
  options: StudyOptions<Point>,
  record: StudyRecord<Point>,
  saved: SavedStudy | undefined,
  refuge: number[],
): { problem: GuidedProblem; save(): Promise<void>; unsaved(): number } {
  const { settings, space, costModel, cancellation } = options;
  const { budgets, budgetConfidence: confidence = 0 } = settings;
  const costOf = (genome: readonly number[]) => costModel.estimate(space.decode(genome));
  const limits = budgetMetrics(costOf(refuge), budgets, confidence);
  const minimised = objectiveMetrics(options, limits);
  const tables = tabulateGenes(space, costModel, [...limits, ...minimised.metrics], refuge);
  const state: GuidedState = { algorithm: 'guided', genomes: [], losses: [] };
  const known = new Map((saved?.state as GuidedState | undefined)?.genomes.map((genome, i) => [genome.join(), i]));
  const savedLosses = (saved?.state as GuidedState | undefined)?.losses ?? [];
  let savedAt = 0;
  const save = async () => {
    savedAt = state.genomes.length;
    await writeCheckpoint(options, state, record.rejections);
  };
  const rethrow = async (error: unknown): Promise<never> => {
    if (state.genomes.length === 0) throw error;
    const thrown = asInterruption(error, options.folder);
    if (thrown !== error) await save();
    throw thrown;
  };
  const problem: GuidedProblem = {
    tables: tables.model,
    limits: tables.limits,
    objectives: minimised.names,
    costs(genome) {
      const cost = costOf(genome);
      return tables.metrics.map(({ value }) => value(cost));
    },
    tablesHold: tables.model.metrics.every((name) => tables.exact.has(name)),
    refuge,
    ...(space.canonical && { alike: (genome) => space.canonical!(genome).join() }),
    onRejected: (genome) => record.reject(brokenBudgets(costOf(genome), budgets, confidence)),
    async evaluate(batch) {
      await options.pause();
      if (cancellation.aborted) {
        await save();
        throw interrupted(options.folder);
      }
      const fresh = batch.filter((genome) => !known.has(genome.join()));
      const losses = fresh.length > 0 ? await record.losses(fresh).catch(rethrow) : [];
      let next = 0;
      return batch.map((genome) => {
        const row = known.get(genome.join());
        const loss = row === undefined ? losses[next++] : savedLosses[row];
        const kept = space.canonical?.(genome) ?? genome;
        record.add(kept, loss);
        state.genomes.push(genome);
        state.losses.push(loss);
        return loss;
      });
    },
  };
  return { problem, save, unsaved: () => state.genomes.length - savedAt };
}

/** What a surrogate search shows: how well its last predictions ranked the truth, in steps that do not flicker. */
function searchingAt(correlation: number | null): string {
  return correlation === null ? 'searching' : `searching, predictions rank at ${correlation.toFixed(1)}`;
}

/** Whether a space is small enough to be probed: at most half of the evaluations go into single changes. */
export function canProbe<Point>({ settings, space }: StudyOptions<Point>): boolean {
  const probes = choiceCounts(space).reduce((sum, count) => sum + count - 1, 1);
  return probes <= settings.evaluations / 2;
}

/** The objectives but accuracy as metrics; one that a budget limits as it stands is that budget's metric. */
function objectiveMetrics<Point>(
  { settings }: StudyOptions<Point>,
  limited: readonly GeneMetric[],
): { metrics: GeneMetric[]; names: string[] } {
  const metrics: GeneMetric[] = [];
  const names = settings.objectives.map((objective) => {
    if (objective === 'accuracy') return 'loss';
    const own = settings.budgetConfidence ? undefined : budgetOfObjective(objective);
    // Peak RAM is limited by its excess alone, which is no objective.
    const shared = limited.find(({ name }) => name === own && !name.startsWith('ramBytes'));
    if (shared) return shared.name;
    const value = (cost: Cost) => objectiveValue(objective, { cost, loss: 0 });
    metrics.push({ name: `objective ${objective}`, value });
    return `objective ${objective}`;
  });
  return { metrics, names };
}
