import { BitbudgetError } from '../core/errors.ts';
import { type Evaluation, type GenerationReport, hypervolume, nsga2, nsga3, paretoIndices } from '../search/index.ts';
import {
  assertReachable,
  brokenBudgets,
  budgetViolation,
  createRepair,
  jointlyInfeasible,
  startingGenomes,
} from '../space/index.ts';
import { objectiveValue } from './objectives.ts';
import type { StudyPoint } from './rows.ts';
import { readCheckpoint, type SavedStudy, writeCheckpoint, writeRunFolder } from './run-folder.ts';
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
export async function runStudy<Point>(options: StudyOptions<Point>): Promise<StudyResult> {
  const { settings, space, costModel, proxy, onProgress, cancellation } = options;
  const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
  assertReachable(space, costModel, budgets, confidence);
  const points = new Map<string, StudyPoint>();
  const evaluate = (genome: number[], loss: number, point: Point) => {
    const evaluated = judge(options, genome, loss, point);
    points.set(genome.join('-'), evaluated.point);
    return evaluated.evaluation;
  };
  const saved = options.resume ? await readCheckpoint(options) : undefined;
  for (const [genome, loss] of await savedLosses(options, saved)) evaluate(genome, loss, space.decode(genome));
  const rejections: Record<string, number> = { ...saved?.rejections };
  let unsaved: GenerationReport | undefined;

  const many = objectives.length > 1; // with one objective reference directions mean nothing
  const algorithm = (settings.algorithm ?? (many ? 'nsga3' : 'nsga2')) === 'nsga3' ? nsga3 : nsga2;
  const result = await algorithm({
    variables: [...space.variables],
    objectives: objectives.length,
    evaluate: async (batch) => {
      await options.pause();
      const decoded = batch.map((genome) => space.decode(genome));
      const losses = options.accuracy
        ? await options.accuracy.losses(decoded)
        : decoded.map((point) => proxy.loss(point));
      return batch.map((genome, i) => evaluate(genome, losses[i], decoded[i]));
    },
    seed: settings.seed,
    population: settings.population,
    ...(settings.operators && { operators: settings.operators }),
    ...(settings.generations === undefined
      ? { evaluations: settings.evaluations }
      : { generations: settings.generations }),
    initial: options.initial?.map((genome) => [...genome]) ?? startingGenomes(space, costModel, budgets, confidence),
    repair: createRepair(space, costModel, budgets, (point) => proxy.loss(point), {
      confidence,
      onBroken: (names) => {
        for (const name of names) count(rejections, `over ${name}`);
      },
    }),
    ...(saved && { resume: saved.state }),
    onGeneration: async (report) => {
      const { evaluations, generation } = report;
      const share =
        settings.generations === undefined ? evaluations / settings.evaluations : generation / settings.generations;
      onProgress('searching', Math.min(share, 1));
      const due = cancellation.aborted || generation % CHECKPOINT_EVERY === 0;
      if (due) await writeCheckpoint(options, report.save(), rejections);
      unsaved = due ? undefined : report;
      if (cancellation.aborted) throw interrupted(options.folder);
      return true;
    },
  });
  const all = [...points.values()];
  if (!all.some((point) => point.feasible)) throw jointlyInfeasible(space, costModel, budgets, confidence);
  if (unsaved) await writeCheckpoint(options, unsaved.save(), rejections); // the last state is part of the run folder
  const front = await confirmedFront(options, points, rejections);
  front.sort((a, b) => a.cost.latencyMs.value - b.cost.latencyMs.value || a.loss - b.loss);
  if (front.length === 0) throw jointlyInfeasible(space, costModel, budgets, confidence);
  await writeRunFolder(options, all, front);
  const valuesOf = (point: StudyPoint) => objectives.map((objective) => objectiveValue(objective, point));
  return {
    folder: options.folder,
    front,
    points: all,
    evaluations: result.evaluations,
    rejections,
    hypervolume: scaledHypervolume(front.map(valuesOf), all.filter(({ feasible }) => feasible).map(valuesOf)),
  };
}

/** One evaluated genome as the reports hold it, and as the search wants it. */
function judge<Point>(
  { settings, costModel, measures }: StudyOptions<Point>,
  genome: number[],
  loss: number,
  decoded: Point,
): { point: StudyPoint; evaluation: Evaluation } {
  const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
  const cost = costModel.estimate(decoded);
  const broken = brokenBudgets(cost, budgets, confidence);
  const own = measures && Object.fromEntries(measures.map(({ name, value }) => [name, value(decoded, cost)]));
  const point: StudyPoint = {
    genome,
    cost,
    loss,
    feasible: broken.length === 0,
    reason: broken.map((name) => `over ${name}`).join('; '),
    ...(own && { measures: own }),
  };
  const violation = budgetViolation(cost, budgets, confidence);
  return { point, evaluation: { objectives: objectives.map((name) => objectiveValue(name, point)), violation } };
}

/** The genomes of a saved search with their losses: what was run once is not run again. */
async function savedLosses<Point>(
  { settings, space, proxy, accuracy }: StudyOptions<Point>,
  saved: SavedStudy | undefined,
): Promise<[number[], number][]> {
  if (!saved) return [];
  const { genomes, objectives } = saved.state;
  const at = settings.objectives.indexOf('accuracy');
  if (at >= 0) return genomes.map((genome, i) => [genome, objectives[i][at]]);
  const decoded = genomes.map((genome) => space.decode(genome));
  const losses = accuracy ? await accuracy.losses(decoded) : decoded.map((point) => proxy.loss(point));
  return genomes.map((genome, i) => [genome, losses[i]]);
}

/**
 * The non-dominated feasible points. Where a point costs more with its own weights than the search took it to, it is
 * priced anew, and leaves if it then breaks a budget; what it dominated may take its place.
 */
async function confirmedFront<Point>(
  { settings, space, finalCost }: StudyOptions<Point>,
  points: Map<string, StudyPoint>,
  rejections: Record<string, number>,
): Promise<StudyPoint[]> {
  const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
  const pool = [...points.values()].filter(({ feasible }) => feasible);
  const frontOf = () => {
    const values = pool.map((point) => objectives.map((objective) => objectiveValue(objective, point)));
    return paretoIndices(values).map((i) => pool[i]);
  };
  if (!finalCost) return frontOf();
  const confirmed = new Set<StudyPoint>();
  for (;;) {
    const open = frontOf().filter((point) => !confirmed.has(point));
    if (open.length === 0) return frontOf();
    for (const point of open) {
      const cost = await finalCost(space.decode(point.genome));
      const broken = brokenBudgets(cost, budgets, confidence);
      const at = pool.indexOf(point);
      if (broken.length > 0) {
        pool.splice(at, 1);
        for (const name of broken) count(rejections, `over ${name} with its own weights`);
      } else {
        pool[at] = { ...point, cost };
        confirmed.add(pool[at]);
      }
    }
  }
}

function count(rejections: Record<string, number>, reason: string): void {
  rejections[reason] = (rejections[reason] ?? 0) + 1;
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
