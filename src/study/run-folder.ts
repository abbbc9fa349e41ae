import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import { sha256Hex } from '../core/sha256.ts';
import type { SearchResult, SearchState, StopReason, SurrogateBatch } from '../search/index.ts';
import { type BudgetUse, choiceCounts } from '../space/index.ts';
import { formatOutput } from './presets/output.ts';
import {
  type AccuracyColumn,
  formatBatches,
  formatFront,
  formatGenerations,
  formatReports,
  type MeasuredPoint,
  proxyColumn,
  type StudyPoint,
} from './rows.ts';
import type { Strategy, StudyOptions } from './types.ts';

type FolderOptions<Point> = Pick<
  StudyOptions<Point>,
  'files' | 'folder' | 'settings' | 'space' | 'spaceRecord' | 'proxy' | 'accuracy' | 'provenance'
>;

/** The complete configuration of a run, as config.json holds it. */
function configuration<Point>(options: FolderOptions<Point>): Record<string, unknown> {
  const { settings, space, spaceRecord, proxy, accuracy, provenance } = options;
  return {
    ...provenance,
    ...settings,
    proxy: proxy.name,
    ...(accuracy && { accuracy: accuracy.kind }),
    space: { name: space.name, ...(spaceRecord ?? { choices: choiceCounts(space) }) },
  };
}

/** What study.json tells of a search that is done. */
export interface StudySummary {
  strategy: Strategy;
  evaluations: number;
  /** How many genomes broke which budget, by reason. */
  rejections: Readonly<Record<string, number>>;
  hypervolume: number;
  /** How much of each budget the point of least loss uses, the one that leaves least first. */
  budgetUse: readonly BudgetUse[];
  generations?: number;
  /** Why an evolution ended. */
  stopped?: StopReason;
  /** Rank correlation of the guided search's model with the losses of its last batch. */
  modelCorrelation?: number | null;
}

/** Writes config.json, study.json, reports.csv, generations.csv or batches.csv, pareto_front.csv and front/*.json. */
export async function writeRunFolder<Point>(
  options: FolderOptions<Point> & Pick<StudyOptions<Point>, 'toCandidate' | 'publishedOutput' | 'onProgress'>,
  points: readonly StudyPoint[],
  front: readonly StudyPoint[],
  summary: StudySummary,
  {
    course,
    batches,
  }: { course?: Pick<SearchResult, 'history' | 'hypervolumes'>; batches?: readonly SurrogateBatch[] } = {},
): Promise<void> {
  const { files, folder } = options;
  const column = options.accuracy ?? proxyColumn(options.proxy.name);
  await files.writeAtomic(`${folder}/config.json`, `${JSON.stringify(configuration(options), null, 2)}\n`);
  const study = { ...summary, candidates: points.length, front: front.length };
  await files.writeAtomic(`${folder}/study.json`, `${JSON.stringify(study, null, 2)}\n`);
  await files.writeAtomic(`${folder}/reports.csv`, formatReports(points, column));
  const courses = { generations: course && formatGenerations(course), batches: batches && formatBatches(batches) };
  for (const [name, text] of Object.entries(courses)) {
    const path = `${folder}/${name}.csv`;
    if (text !== undefined) await files.writeAtomic(path, text);
    else if (await files.exists(path)) await files.remove(path); // of an earlier run
  }
  await removeOldFront(options, front.length);
  for (const [i, point] of front.entries()) {
    await files.writeAtomic(`${folder}/${frontFile(i)}`, `${JSON.stringify(options.toCandidate(point), null, 2)}\n`);
    options.onProgress('writing the front', (i + 1) / front.length);
  }
  await files.writeAtomic(`${folder}/pareto_front.csv`, formatFront(front, column));
  if (options.publishedOutput) await files.writeAtomic(`${folder}/output.csv`, formatOutput(front, column));
}

/** A run into a folder that was used before leaves no candidate of the earlier, longer front. */
async function removeOldFront(
  { files, folder }: Pick<FolderOptions<never>, 'files' | 'folder'>,
  kept: number,
): Promise<void> {
  for (let i = kept; await files.exists(`${folder}/${frontFile(i)}`); i++)
    await files.remove(`${folder}/${frontFile(i)}`);
}

/**
 * Where the i-th candidate of a front is kept within its run folder.
 *
 * @example frontFile(7) // => 'front/007.json'
 */
export function frontFile(index: number): string {
  return `front/${String(index).padStart(3, '0')}.json`;
}

/** Rewrites the front with what running its candidates showed; reports.csv stays as the search wrote it. */
export async function recordMeasured(
  options: Pick<FolderOptions<never>, 'files' | 'folder'> & {
    proxy: { name: string };
    accuracy?: AccuracyColumn;
    publishedOutput?: boolean;
  },
  front: readonly StudyPoint[],
  measured: readonly (MeasuredPoint | undefined)[],
  candidates: readonly (object | undefined)[],
): Promise<void> {
  const { files, folder } = options;
  const column = options.accuracy ?? proxyColumn(options.proxy.name);
  for (const [i, candidate] of candidates.entries()) {
    if (candidate) await files.writeAtomic(`${folder}/${frontFile(i)}`, `${JSON.stringify(candidate, null, 2)}\n`);
  }
  await files.writeAtomic(`${folder}/pareto_front.csv`, formatFront(front, column, measured));
  if (options.publishedOutput) await files.writeAtomic(`${folder}/output.csv`, formatOutput(front, column, measured));
}

/** A guided search between two batches: every evaluated genome with its loss, in order. The rest follows from them. */
export interface GuidedState {
  algorithm: 'guided';
  genomes: number[][];
  losses: number[];
}

interface Checkpoint {
  /** Of the configuration: a checkpoint serves no other search. */
  configSha256: string;
  /** Of the state as it stands in the file: a checkpoint that was cut or edited would lead to other bytes. */
  stateSha256: string;
  state: SearchState | GuidedState;
  rejections?: Record<string, number>;
}

export async function writeCheckpoint<Point>(
  options: FolderOptions<Point>,
  state: SearchState | GuidedState,
  rejections: Record<string, number>,
): Promise<void> {
  const checkpoint: Checkpoint = {
    configSha256: configSha256(options),
    stateSha256: stateSha256(state),
    rejections,
    state,
  };
  await options.files.writeAtomic(`${options.folder}/checkpoint.json`, `${JSON.stringify(checkpoint)}\n`);
}

function configSha256<Point>(options: FolderOptions<Point>): string {
  return sha256Hex(canonicalJson(configuration(options)));
}

function stateSha256(state: SearchState | GuidedState | undefined): string {
  return sha256Hex(JSON.stringify(state) ?? '');
}

/** A search that was interrupted, and how many genomes had broken which budget by then. */
export interface SavedStudy {
  state: SearchState | GuidedState;
  rejections: Record<string, number>;
}

/**
 * The state to resume from.
 *
 * @throws {BitbudgetError} `input` if there is none, `damaged-file` if it is no checkpoint or its state was changed,
 * `mismatch` if it is of another configuration.
 */
export async function readCheckpoint<Point>(options: FolderOptions<Point>): Promise<SavedStudy> {
  const path = `${options.folder}/checkpoint.json`;
  if (!(await options.files.exists(path))) {
    throw new BitbudgetError('input', `There is no checkpoint at ${path}.`, 'Start the search without --resume.');
  }
  const damaged = (fault: string) => new BitbudgetError('damaged-file', `${path} ${fault}.`, 'Start the search anew.');
  let checkpoint: Partial<Checkpoint> | null;
  try {
    checkpoint = JSON.parse(await options.files.readText(path));
  } catch (error) {
    if (error instanceof BitbudgetError) throw error;
    throw damaged(`is no JSON: ${(error as Error).message}`);
  }
  if (typeof checkpoint?.configSha256 !== 'string') throw damaged('is no checkpoint');
  if (checkpoint.configSha256 !== configSha256(options)) {
    throw new BitbudgetError(
      'mismatch',
      `The checkpoint at ${path} is of a search with other settings.`,
      'Resume with the very same flags and table, or choose another --out.',
    );
  }
  const { state, rejections = {} } = checkpoint;
  if (state && checkpoint.stateSha256 === stateSha256(state)) return { state, rejections };
  throw damaged('was changed since the search wrote it');
}
