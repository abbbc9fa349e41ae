import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Files, Progress } from '../core/ports.ts';
import type { CostModel } from '../cost/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import { hypervolume, nsga2, nsga3, type SearchState } from '../search/index.ts';
import {
  assertReachable,
  type BitSpace,
  type Budgets,
  budgetViolation,
  createRepair,
  jointlyInfeasible,
  startingGenomes,
} from '../space/index.ts';
import { type Objective, objectiveValue } from './objectives.ts';
import type { StudyPoint } from './rows.ts';
import { readCheckpoint, writeCheckpoint, writeRunFolder } from './run-folder.ts';

/** What decides a search; together with the table and the calibration it decides every byte of reports.csv. */
export interface StudySettings {
  objectives: readonly Objective[];
  budgets: Budgets;
  population: number;
  /** Upper bound on evaluated candidates; all of a small space may be fewer. */
  evaluations: number;
  generations?: number;
  seed: number;
}

export interface StudyProxy {
  name: string;
  /** Lower is better. */
  loss(schemes: readonly Scheme[]): number;
}

export interface StudyOptions {
  settings: StudySettings;
  space: BitSpace;
  costModel: CostModel;
  proxy: StudyProxy;
  files: Files;
  /** The run folder. */
  folder: string;
  /** Everything that config.json is to hold besides the settings: network, table, calibration, version. */
  provenance: Record<string, unknown>;
  /** The candidate file of a point of the front. */
  toCandidate(point: StudyPoint): object;
  /** Go on from the folder's checkpoint. */
  resume?: boolean;
  onProgress: Progress;
  cancellation: Cancellation;
  /** Lets signals through between generations. */
  pause(): Promise<void>;
}

export interface StudyResult {
  folder: string;
  /** Non-dominated feasible points, by latency. */
  front: StudyPoint[];
  /** Every evaluated point, in order. */
  points: StudyPoint[];
  evaluations: number;
  /** Of the front, in objectives scaled to the range of all feasible points, reference 1.1. */
  hypervolume: number;
}

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
      if (cancellation.aborted || generation % CHECKPOINT_EVERY === 0) await writeCheckpoint(options, report.save());
      if (cancellation.aborted) throw interrupted(options.folder);
      return true;
    },
  });
  const all = [...points.values()];
  if (!all.some((point) => point.feasible)) throw jointlyInfeasible(space, costModel, budgets);
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

export type { SearchState };

function scaledHypervolume(front: number[][], archive: number[][]): number {
  const low = archive[0].map((_, k) => Math.min(...archive.map((objectives) => objectives[k])));
  const high = archive[0].map((_, k) => Math.max(...archive.map((objectives) => objectives[k])));
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
