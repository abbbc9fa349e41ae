import { BitbudgetError } from '../core/errors.ts';
import { defaultSelection, type GenerationReport, nsga2, nsga3, type SearchState } from '../search/index.ts';
import { budgetEntries, createRepair, startingGenomes } from '../space/index.ts';
import { genePriors } from './gene-priors.ts';
import type { StudyRecord } from './record.ts';
import { type SavedStudy, writeCheckpoint } from './run-folder.ts';
import { endsOf } from './termination.ts';
import type { StudyOptions, StudyOutcome } from './types.ts';

/** Of a given first generation, under budgets: what starts from the genome that is best gene by gene. */
const FAVOURITE_SHARE = 0.1;
/** Generations between two checkpoints; where candidates are run, each is worth one. */
const CHECKPOINT_EVERY = 10;

/** NSGA-III or NSGA-II over the whole space, every genome repaired into the budgets before it is evaluated. */
export async function evolveStudy<Point>(
  options: StudyOptions<Point>,
  record: StudyRecord<Point>,
  saved: SavedStudy | undefined,
): Promise<StudyOutcome> {
  const { settings, space, costModel, proxy, onProgress, cancellation } = options;
  const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
  const state = saved && (saved.state as SearchState);
  if (state) for (const [genome, loss] of await savedLosses(options, record, state)) record.add(genome, loss);
  let unsaved: GenerationReport | undefined;
  let kept = saved !== undefined;
  const every = options.accuracy?.kind === 'measured' ? 1 : CHECKPOINT_EVERY;
  const algorithm = (settings.algorithm ?? defaultSelection(objectives.length)) === 'nsga3' ? nsga3 : nsga2;
  const result = await algorithm({
    variables: [...space.variables],
    objectives: objectives.length,
    evaluate: async (batch) => {
      await options.pause();
      const losses = await record.losses(batch).catch((error) => {
        throw kept ? asInterruption(error, options.folder) : error;
      });
      return batch.map((genome, i) => record.add(genome, losses[i]));
    },
    seed: settings.seed,
    population: settings.population,
    ...(settings.operators && { operators: settings.operators }),
    ...endsOf(options),
    initial: options.initial
      ? firstGeneration(options, options.initial)
      : startingGenomes(space, costModel, budgets, confidence),
    repair: createRepair(space, costModel, budgets, (point) => proxy.loss(point), {
      confidence,
      onBroken: (names) => record.reject(names),
    }),
    ...(state && { resume: state }),
    onGeneration: async (report) => {
      const { evaluations, generation } = report;
      const share =
        settings.generations === undefined ? evaluations / settings.evaluations : generation / settings.generations;
      onProgress('searching', Math.min(share, 1));
      const due = cancellation.aborted || generation % every === 0;
      if (due) await writeCheckpoint(options, report.save(), record.rejections);
      kept ||= due;
      unsaved = due ? undefined : report;
      if (cancellation.aborted) throw interrupted(options.folder);
      return true;
    },
  });
  // The last state is part of the run folder, if there is to be one.
  if (unsaved && record.points.size > 0) await writeCheckpoint(options, unsaved.save(), record.rejections);
  const { evaluations, generations, stopped, history, hypervolumes } = result;
  return { evaluations, generations, stopped, course: { history, hypervolumes } };
}

/**
 * A given first generation; under budgets some of it is the genome of the least predicted loss gene by gene, which the
 * repair brings inside, each time in another way: random genomes lie far from the budgets that are to be used up.
 */
function firstGeneration<Point>(options: StudyOptions<Point>, given: readonly (readonly number[])[]): number[][] {
  const genomes = given.map((genome) => [...genome]);
  if (budgetEntries(options.settings.budgets).length === 0) return genomes;
  const favourite = genePriors(options).map((row) => row.indexOf(0));
  const count = Math.ceil(FAVOURITE_SHARE * genomes.length);
  return [...Array.from({ length: count }, () => [...favourite]), ...genomes.slice(count)];
}

/** The genomes of a saved search with their losses: what was run once is not run again. */
async function savedLosses<Point>(
  { settings }: StudyOptions<Point>,
  record: StudyRecord<Point>,
  { genomes, objectives }: SearchState,
): Promise<[number[], number][]> {
  const at = settings.objectives.indexOf('accuracy');
  if (at >= 0) return genomes.map((genome, i) => [genome, objectives[i][at]]);
  const losses = await record.losses(genomes);
  return genomes.map((genome, i) => [genome, losses[i]]);
}

/** What an interrupted search throws, its checkpoint being whole. */
export function interrupted(folder: string): BitbudgetError {
  return new BitbudgetError('interrupted', 'The search was interrupted.', `Go on with --resume --out ${folder}.`);
}

/** The error of an evaluation: the search's own where it was interrupted, for what was evaluated before is kept. */
export function asInterruption(error: unknown, folder: string): unknown {
  return error instanceof BitbudgetError && error.kind === 'interrupted' ? interrupted(folder) : error;
}
