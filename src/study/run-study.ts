import { BitbudgetError } from '../core/errors.ts';
import { type GenerationReport, hypervolume, nsga2, nsga3 } from '../search/index.ts';
import { assertReachable, budgetViolation, createRepair, jointlyInfeasible, startingGenomes } from '../space/index.ts';
import { objectiveValue } from './objectives.ts';
import type { StudyPoint } from './rows.ts';
import { readCheckpoint, writeCheckpoint, writeRunFolder } from './run-folder.ts';
import type { StudyOptions, StudyResult } from './types.ts';

/** Generations between two checkpoints. */
const CHECKPOINT_EVERY = 10;

/**
 * One search from settings to run folder: NSGA-III over the space, every genome repaired into the budgets before it is
 * evaluated, none evaluated twice. The same settings, table and proxy give the same bytes.
 *
 * @throws {BitbudgetError} `infeasible` before any evaluation if a budget cannot be kept; `interrupted` on cancellation,
 * with a whole checkpoint to resume from.
 * @see Deb and Jain 2014 (NSGA-III).
 */
export async function runStudy(options: StudyOptions): Promise<StudyResult> {
  const { settings, space, costModel, proxy, onProgress, cancellation } = options;
  const { budgets, objectives } = settings;
  assertReachable(space, costModel, budgets);
  const points = new Map<string, StudyPoint>();
  const evaluate = (genome: number[]) => {
    const schemes = space.decode(genome);
    const cost = costModel.estimate(schemes);
    const violation = budgetViolation(cost, budgets);
    const loss = proxy.loss(schemes);
    const point = { genome, cost, loss, feasible: violation === 0, reason: violation === 0 ? '' : 'over budget' };
    points.set(genome.join('-'), point);
    return { objectives: objectives.map((objective) => objectiveValue(objective, cost, loss)), violation };
  };
  const saved = options.resume ? await readCheckpoint(options) : undefined;
  for (const genome of saved?.genomes ?? []) evaluate(genome);
  let unsaved: GenerationReport | undefined;

  const algorithm = objectives.length > 1 ? nsga3 : nsga2; // with one objective reference directions mean nothing
  const result = await algorithm({
    variables: space.variables,
    objectives: objectives.length,
    evaluate: async (batch) => {
      await options.pause();
      return batch.map(evaluate);
    },
    seed: settings.seed,
    population: settings.population,
    ...(settings.generations === undefined
      ? { evaluations: settings.evaluations }
      : { generations: settings.generations }),
    initial: startingGenomes(space, costModel, budgets),
    repair: createRepair(space, costModel, budgets, proxy.loss),
    ...(saved && { resume: saved }),
    onGeneration: async (report) => {
      const { evaluations, generation } = report;
      const share =
        settings.generations === undefined ? evaluations / settings.evaluations : generation / settings.generations;
      onProgress('searching', Math.min(share, 1));
      const due = cancellation.aborted || generation % CHECKPOINT_EVERY === 0;
      if (due) await writeCheckpoint(options, report.save());
      unsaved = due ? undefined : report;
      if (cancellation.aborted) throw interrupted(options.folder);
      return true;
    },
  });
  const all = [...points.values()];
  if (!all.some((point) => point.feasible)) throw jointlyInfeasible(space, costModel, budgets);
  if (unsaved) await writeCheckpoint(options, unsaved.save()); // the last state is part of the run folder
  const front = result.front
    .map(({ variables }) => points.get(variables.join('-'))!)
    .sort((a, b) => a.cost.latencyMs.value - b.cost.latencyMs.value || a.loss - b.loss);
  await writeRunFolder(options, all, front);
  const archive = result.archive.map((individual) => individual.objectives);
  return {
    folder: options.folder,
    front,
    points: all,
    evaluations: result.evaluations,
    hypervolume: scaledHypervolume(
      result.front.map((individual) => individual.objectives),
      archive,
    ),
  };
}

function scaledHypervolume(front: number[][], archive: number[][]): number {
  // Not Math.min(...values): a long archive has more values than a call may have arguments.
  const low = archive.reduce((least, point) => least.map((value, k) => Math.min(value, point[k])));
  const high = archive.reduce((most, point) => most.map((value, k) => Math.max(value, point[k])));
  const scale = (point: number[]) =>
    point.map((value, k) => (high[k] > low[k] ? (value - low[k]) / (high[k] - low[k]) : 0));
  return hypervolume(
    front.map(scale),
    low.map(() => 1.1),
  );
}

function interrupted(folder: string): BitbudgetError {
  return new BitbudgetError('interrupted', 'The search was interrupted.', `Go on with --resume --out ${folder}.`);
}
