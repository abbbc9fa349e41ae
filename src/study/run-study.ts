import { Random } from '../core/random.ts';
import { paretoIndices, scaledHypervolume } from '../search/index.ts';
import { assertReachable, brokenBudgets, budgetUse, jointlyInfeasible } from '../space/index.ts';
import { evolveStudy } from './evolve.ts';
import { canProbe, guideStudy } from './guide.ts';
import { objectiveValue } from './objectives.ts';
import { StudyRecord } from './record.ts';
import type { StudyPoint } from './rows.ts';
import { readCheckpoint, writeRunFolder } from './run-folder.ts';
import { asItWent } from './termination.ts';
import type { StudyOptions, StudyOutcome, StudyResult, StudySettings } from './types.ts';

/**
 * One search from settings to run folder: guided by a model of the loss, or evolution over the space; nothing is evaluated
 * that breaks a budget, nothing twice. The same settings, table and proxy give the same bytes.
 *
 * @throws {BitbudgetError} `infeasible` before any evaluation if a budget cannot be kept; `interrupted` on cancellation,
 * with a whole checkpoint to resume from.
 * @see Deb and Jain 2014 (NSGA-III).
 */
export async function runStudy<Point>(given: StudyOptions<Point>): Promise<StudyResult> {
  const strategy = given.settings.strategy ?? defaultStrategy(given);
  const options = { ...given, settings: { ...given.settings, strategy } };
  const { settings, space, costModel } = options;
  const { budgets, budgetConfidence: confidence = 0 } = settings;
  assertReachable(space, costModel, budgets, confidence);
  const saved = options.resume ? await readCheckpoint(options) : undefined;
  const guided = strategy !== 'evolution';
  const record = new StudyRecord(options, guided ? {} : saved?.rejections);
  const { course, batches, ...outcome }: StudyOutcome = guided
    ? await guideStudy(options, record, saved)
    : await evolveStudy(options, record, saved);
  const all = [...record.points.values()];
  if (!all.some((point) => point.feasible)) throw jointlyInfeasible(space, costModel, budgets, confidence);
  const front = await confirmedFront(options, record);
  front.sort((a, b) => a.cost.latencyMs.value - b.cost.latencyMs.value || a.loss - b.loss);
  if (front.length === 0) throw jointlyInfeasible(space, costModel, budgets, confidence);
  const best = front.reduce((least, point) => (point.loss < least.loss ? point : least));
  const summary = {
    strategy,
    ...outcome,
    rejections: record.rejections,
    budgetUse: budgetUse(best.cost, budgets, confidence),
    hypervolume: volumeOf(settings, front, all),
  };
  await writeRunFolder(asItWent(options, outcome), all, front, summary, { course, batches });
  return { folder: options.folder, front, points: all, ...summary };
}

/** Genomes of more genes say too little about each other after few evaluations. */
const MOST_SURROGATE_GENES = 128;

/**
 * By a surrogate where candidates are run, for those evaluations are dear; otherwise guided wherever it can be: where
 * accuracy is asked for, and the genes are few or there are evaluations enough to probe the space.
 */
function defaultStrategy<Point>(options: StudyOptions<Point>): NonNullable<StudySettings['strategy']> {
  const { generations, stagnation, target, objectives, operators } = options.settings;
  const ends = generations ?? stagnation ?? target ?? options.timeMaxMs;
  const evolves = ends !== undefined || operators || options.initial || options.measures;
  if (evolves || !objectives.includes('accuracy')) return 'evolution';
  const isSmall = options.space.variables.length <= MOST_SURROGATE_GENES;
  if (options.accuracy?.kind === 'measured' && isSmall) return 'surrogate';
  return isSmall || canProbe(options) ? 'guided' : 'evolution';
}

/**
 * The non-dominated feasible points. Where a point costs more with its own weights than the search took it to, it is
 * priced anew, and leaves if it then breaks a budget; what it dominated may take its place.
 */
async function confirmedFront<Point>(
  { settings, space, finalCost }: StudyOptions<Point>,
  record: StudyRecord<Point>,
): Promise<StudyPoint[]> {
  const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
  const pool = [...record.points.values()].filter(({ feasible }) => feasible);
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
        record.reject(broken, ' with its own weights');
      } else {
        pool[at] = { ...point, cost };
        confirmed.add(pool[at]);
      }
    }
  }
}

/** Of the front, in objectives scaled to the range of all feasible points. */
function volumeOf({ objectives }: StudySettings, front: readonly StudyPoint[], all: readonly StudyPoint[]): number {
  const valuesOf = (point: StudyPoint) => objectives.map((objective) => objectiveValue(objective, point));
  const archive = all.filter(({ feasible }) => feasible).map(valuesOf);
  // Not Math.min(...values): a long archive has more values than a call may have arguments.
  const low = archive.reduce((least, point) => least.map((value, k) => Math.min(value, point[k])));
  const high = archive.reduce((most, point) => most.map((value, k) => Math.max(value, point[k])));
  const bounds = low.map((value, k): [number, number] => [value, high[k]]);
  return scaledHypervolume(front.map(valuesOf), bounds, new Random(1));
}
