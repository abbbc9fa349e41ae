import { noiseLoss, outputNoise } from '../accuracy/proxies/output-noise.ts';
import type { Top1 } from '../accuracy/top1.ts';
import type { Cancellation, Files, Progress } from '../core/ports.ts';
import { createCostModel } from '../cost/cost-model.ts';
import type { CostModel } from '../cost/types.ts';
import type { DatasetSpec } from '../data/open.ts';
import { weightConditions } from '../engine/conditions.ts';
import type { Candidate } from '../quant/candidate.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { assertReachable, createBitSpace } from '../space/index.ts';
import {
  type MeasuredPoint,
  proxyScore,
  recordMeasured,
  runStudy,
  type StudyPoint,
  type StudyResult,
  type StudySettings,
} from '../study/index.ts';
import { makeCandidate } from './candidates.ts';
import { evaluateNetworks } from './evaluate.ts';
import { deviceFacts, type OpenedTable } from './tables.ts';
import type { Workbench } from './workbench.ts';

/** The only proxy so far: the noise that each layer alone puts into the logits. */
export const PROXY_NAMES: readonly string[] = ['output-noise'];

export interface SearchRequest {
  settings: StudySettings;
  schemes: readonly Scheme[];
  /** Whether the first and the last layer keep w8a8 or are searched as well. */
  ends: 'fixed' | 'free';
  folder: string;
  resume: boolean;
  version: string;
}

export interface Surroundings {
  files: Files;
  cancellation: Cancellation;
  onProgress: Progress;
}

/** A search that is done, with all that its front can be evaluated and reported with. */
export interface FinishedSearch {
  study: StudyResult;
  costModel: CostModel;
  candidates: Candidate[];
  /** Accuracy of the front's candidates that were run, by position. */
  evaluated: (Top1 | undefined)[];
}

/** Images that the proxy looks at. */
const PROXY_IMAGES = 32;

/** Prices a network's candidates from a table. */
export async function openCostModel(
  files: Files,
  workbench: Workbench,
  { table }: Pick<OpenedTable, 'table'>,
): Promise<CostModel> {
  return createCostModel({
    network: workbench.opened.network,
    table,
    device: await deviceFacts(files, table),
    conditional: weightConditions(workbench.source),
  });
}

/**
 * Searches candidates of one network under budgets and writes the run folder.
 *
 * @throws {BitbudgetError} `infeasible`, `interrupted`, `missing-entry` if the table lacks what the space needs.
 */
export async function searchNetwork(
  workbench: Workbench,
  opened: OpenedTable,
  request: SearchRequest,
  { files, cancellation, onProgress }: Surroundings,
): Promise<FinishedSearch> {
  const costModel = await openCostModel(files, workbench, opened);
  const { layers } = costModel;
  const ends: [string, Scheme][] =
    request.ends === 'free' ? [] : [layers[0], layers[layers.length - 1]].map((l) => [l, 'w8a8']);
  const space = createBitSpace({ layers, schemes: request.schemes, fixed: new Map(ends) });
  assertReachable(space, costModel, request.settings.budgets); // before the proxy takes its time
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const schemes = [...new Set<Scheme>([...request.schemes, 'w8a8'])];
  const images = workbench.images.slice(0, PROXY_IMAGES);
  const noise = await outputNoise(workbench.engine, workbench.source, schemes, images, onProgress, pause);
  const proxy = { name: PROXY_NAMES[0], loss: (assigned: readonly Scheme[]) => noiseLoss(noise, assigned) };
  const toCandidate = ({ genome, cost, loss }: StudyPoint) =>
    makeCandidate(workbench, {
      space: space.name,
      genome,
      schemes: new Map(space.decode(genome).map((scheme, i) => [layers[i], scheme])),
      cost,
      accuracy: { value: proxyScore(loss), kind: `proxy:${proxy.name}` },
    });
  const study = await runStudy({
    settings: request.settings,
    space,
    costModel,
    proxy,
    files,
    folder: request.folder,
    provenance: {
      version: request.version,
      network: workbench.folded.name,
      weightsSha256: workbench.opened.weightsSha256,
      calibration: workbench.calibration,
      lut: { path: opened.path, sha256: opened.table.sha256, device: opened.table.device.id },
    },
    toCandidate,
    resume: request.resume,
    onProgress,
    cancellation,
    pause,
  });
  return { study, costModel, candidates: study.front.map(toCandidate), evaluated: study.front.map(() => undefined) };
}

/**
 * Evenly spread positions of a front, both ends included.
 *
 * @example spreadOver(9, 3) // => [0, 4, 8]
 */
export function spreadOver(count: number, wanted: number): number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, i) => i);
  if (wanted === 1) return [0];
  return Array.from({ length: wanted }, (_, i) => Math.round((i * (count - 1)) / (wanted - 1)));
}

/** Runs chosen candidates of a front on a dataset and rewrites the front's files with what came out. */
export async function evaluateFront(
  workbench: Workbench,
  search: FinishedSearch,
  positions: readonly number[],
  dataset: DatasetSpec,
  options: Surroundings & { workers?: number; disabled: Iterable<string> },
): Promise<FinishedSearch> {
  const networks = positions.map((position) => {
    const { layers } = search.candidates[position];
    return quantizeNetwork(workbench.source, new Map(layers.map(({ name, scheme }) => [name, scheme])));
  });
  const results = await evaluateNetworks(networks, { ...options, dataset });
  const evaluated = [...search.evaluated];
  const candidates = [...search.candidates];
  for (const [i, position] of positions.entries()) {
    const { top1: value, low, high, samples } = results[i];
    evaluated[position] = results[i];
    const measured = {
      ...candidates[position].measured,
      accuracy: { value, low, high, samples, dataset: dataset.name },
    };
    candidates[position] = { ...candidates[position], measured };
  }
  const finished = { ...search, candidates, evaluated };
  await recordFront(finished, options.files);
  return finished;
}

/** Writes the front's candidates and pareto_front.csv with all that has been measured so far. */
export async function recordFront({ study, candidates }: FinishedSearch, files: Files): Promise<void> {
  const measured = candidates.map(({ measured }): MeasuredPoint | undefined =>
    measured ? { accuracy: measured.accuracy?.value, latencyMs: measured.latencyMs?.value } : undefined,
  );
  const proxy = { name: PROXY_NAMES[0] };
  await recordMeasured({ files, folder: study.folder, proxy }, study.front, measured, candidates);
}

/** Position on the front of the most accurate candidate: by measurement where there is one, else by the proxy. */
export function bestPosition({ study, evaluated }: FinishedSearch): number {
  const better = (i: number, j: number) =>
    (evaluated[i]?.top1 ?? -1) - (evaluated[j]?.top1 ?? -1) || study.front[j].loss - study.front[i].loss;
  return study.front.map((_, i) => i).reduce((best, i) => (better(i, best) > 0 ? i : best), 0);
}
