import type { Top1 } from '../accuracy/top1.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Clock, Files, Progress } from '../core/ports.ts';
import { createCostModel } from '../cost/cost-model.ts';
import { createDesignCosts } from '../cost/design-costs.ts';
import type { Cost, CostModel } from '../cost/types.ts';
import type { DatasetSpec } from '../data/open.ts';
import { weightConditions } from '../engine/conditions.ts';
import { createInterpolator } from '../lut/interpolation/interpolate.ts';
import { isWhole } from '../network/reduce/index.ts';
import type { Candidate } from '../quant/candidate.ts';
import type { Design } from '../quant/design.ts';
import type { Scheme } from '../quant/scheme.ts';
import {
  assertReachable,
  createSearchSpace,
  type Pricer,
  type SearchSpace,
  type SpaceConfigInput,
  type SpacePoint,
} from '../space/index.ts';
import {
  type AccuracyColumn,
  type AccuracySource,
  type MeasuredPoint,
  type Preset,
  proxyColumn,
  recordMeasured,
  runStudy,
  type StudyPoint,
  type StudyResult,
  type StudySettings,
} from '../study/index.ts';
import { makeCandidate } from './candidates.ts';
import { DesignBuilder } from './designs.ts';
import { evaluateNetworks } from './evaluate.ts';
import { DEFAULT_PROXIES, type ProxyChoice, spaceProxy } from './space-proxy.ts';
import { deviceFacts, type OpenedTable } from './tables.ts';
import type { Workbench } from './workbench.ts';

export interface SearchRequest {
  settings: StudySettings;
  /** The space, or the schemes that all layers but the fixed ones may take. */
  space: SpaceConfigInput;
  /** The file or preset of the space, as the profile command would be told of it. */
  spaceFile?: string;
  /** A published search, for its first generation, its columns and its output. */
  preset?: Preset;
  /** Price what the tables lack by interpolation; otherwise a missing entry is an error. */
  interpolate?: boolean;
  /** The proxies that rank candidates; the default ones unless given. */
  proxies?: ProxyChoice;
  /** Where accuracies come from, if not from the proxy. */
  accuracy?: (
    builder: DesignBuilder,
    space: SearchSpace,
  ) => AccuracySource<SpacePoint> | Promise<AccuracySource<SpacePoint>>;
  folder: string;
  resume: boolean;
  version: string;
}

/**
 * The space in which every layer may take every scheme.
 *
 * @param ends whether the first and the last layer keep w8a8 or are searched as well.
 * @example schemesSpace(['w8a8', 'w4a4'], 'free') // => { bits: { schemes: ['w8a8', 'w4a4'] }, fixed: {} }
 */
export function schemesSpace(schemes: readonly Scheme[], ends: 'fixed' | 'free'): SpaceConfigInput {
  return { bits: { schemes: [...schemes] }, ...(ends === 'free' && { fixed: {} }) };
}

export interface Surroundings {
  files: Files;
  cancellation: Cancellation;
  onProgress: Progress;
  /** A search ends after the generation that ends so late; needs the clock. */
  timeMaxMs?: number;
  clock?: Clock;
}

/** A search that is done, with all that its front can be evaluated and reported with. */
export interface FinishedSearch {
  study: StudyResult;
  /** Prices the whole network on the first device. */
  costModel: CostModel;
  /** Builds the networks of the candidates. */
  builder: DesignBuilder;
  /** What each candidate of the front is made of. */
  designs: Design[];
  /** Of the proxy that ranked them. */
  proxyName: string;
  /** How accuracy stands in the reports. */
  accuracy: AccuracyColumn;
  /** Whether output.csv is part of the run. */
  publishedOutput: boolean;
  candidates: Candidate[];
  /** Accuracy of the front's candidates that were run, by position. */
  evaluated: (Top1 | undefined)[];
}

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
 * Searches designs of one network under budgets and writes the run folder.
 *
 * @param tables of the devices that budgets may name; the first is the one that candidates are reported for.
 * @throws {BitbudgetError} `infeasible`, `interrupted`, `missing-entry` if a table lacks what the space needs.
 */
export async function searchNetwork(
  workbench: Workbench,
  tables: readonly OpenedTable[],
  request: SearchRequest,
  surroundings: Surroundings,
): Promise<FinishedSearch> {
  const { files, cancellation, onProgress, timeMaxMs, clock } = surroundings;
  const { settings, folder, resume, version, preset } = request;
  const network = workbench.opened.network;
  const space = createSearchSpace(network, request.space);
  const pricers = await openPricers(files, workbench, tables, request);
  const costModel = await openCostModel(files, workbench, tables[0]);
  assertReachable(space, pricers.search, settings.budgets, settings.budgetConfidence); // before the proxy takes its time
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const { proxies = DEFAULT_PROXIES } = request;
  const proxy = await spaceProxy(workbench, space, { onProgress, cancellation, pause }, proxies);
  const builder = new DesignBuilder(workbench);
  const accuracy = await request.accuracy?.(builder, space);
  const column = accuracy ?? proxyColumn(proxy.name);
  const written = new Map<string, Candidate>();
  const toCandidate = ({ genome, cost, loss }: StudyPoint) => {
    const key = genome.join('-');
    let candidate = written.get(key);
    if (!candidate) {
      const design = space.decode(genome);
      const predicted = { value: column.accuracyOf(loss), kind: column.kind };
      const facts = { space: space.name, genome, design, cost, accuracy: predicted };
      written.set(key, (candidate = makeCandidate(workbench, builder, facts)));
    }
    return candidate;
  };
  const study = await runStudy<SpacePoint>({
    settings,
    space,
    spaceRecord: { ...request.space, name: space.name },
    costModel: pricers.search,
    finalCost: (design) => pricers.final(builder, design),
    proxy,
    ...(accuracy && { accuracy }),
    ...(preset && {
      measures: preset.measures,
      initial: preset.initial(space, settings.seed),
      publishedOutput: true,
    }),
    files,
    folder,
    provenance: {
      version,
      network: workbench.folded.name,
      weightsSha256: workbench.opened.weightsSha256,
      calibration: workbench.calibration,
      lut: tables.map(({ path, table }) => ({ path, sha256: table.sha256, device: table.device.id })),
    },
    toCandidate,
    resume,
    ...(timeMaxMs !== undefined && { timeMaxMs, clock }),
    onProgress,
    cancellation,
    pause,
  });
  const candidates = study.front.map(toCandidate);
  const designs = study.front.map(({ genome }) => space.decode(genome));
  const evaluated = study.front.map(() => undefined);
  return {
    ...{ study, costModel, builder, designs, accuracy: column, candidates, evaluated },
    ...{ proxyName: proxy.name, publishedOutput: preset !== undefined },
  };
}

/** Prices on one device or on several: as the search takes designs to run, and as their own weights let them run. */
export async function openPricers(
  files: Files,
  workbench: Workbench,
  tables: readonly OpenedTable[],
  { spaceFile: space, interpolate }: Pick<SearchRequest, 'spaceFile' | 'interpolate'>,
): Promise<{ search: Pricer<Design>; final(builder: DesignBuilder, design: Design): Cost }> {
  const labels = deviceLabels(tables);
  const { name } = workbench.opened.network;
  const conditional = weightConditions(workbench.source);
  const devices = await Promise.all(
    tables.map(async ({ table, path }) => ({
      ...{ table, device: await deviceFacts(files, table) },
      measuredAs: { network: name, space, table: path },
      ...(interpolate && { estimateEntry: createInterpolator(table).entryOf }),
    })),
  );
  const network = workbench.opened.network;
  const costs = devices.map((device) => createDesignCosts({ ...device, network, conditional }));
  const onAll = (prices: Cost[]): Cost => {
    if (prices.length === 1) return prices[0];
    const [first] = prices;
    first.byDevice = Object.fromEntries(prices.map((price, i) => [labels[i], price]));
    return first;
  };
  return {
    search: { estimate: (design) => onAll(costs.map((own) => own.estimate(design))) },
    final(builder, design) {
      const real = [...design.schemes.values()].every((scheme) => scheme === 'f32'); // no kernel of f32 asks for weights
      if (real || isWhole(design.reduction)) return onAll(costs.map((own) => own.estimate(design)));
      return onAll(devices.map((device) => builder.price(design, device).cost));
    },
  };
}

/**
 * The names that budgets know devices by: their ids, with engine and threads where one device has several tables.
 *
 * @throws {BitbudgetError} `usage` where two tables cannot be told apart.
 */
export function deviceLabels(tables: readonly Pick<OpenedTable, 'table'>[]): string[] {
  const ids = tables.map(({ table }) => table.device.id);
  const labels = tables.map(({ table: { device, engine, threads } }) =>
    ids.filter((id) => id === device.id).length === 1
      ? device.id
      : `${device.id}-${engine.name}${engine.version.split('.')[0]}-t${threads}`,
  );
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice === undefined) return labels;
  throw new BitbudgetError('usage', `Two tables are of ${twice}.`, 'Give one table a device and engine.');
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
  search: FinishedSearch,
  positions: readonly number[],
  dataset: DatasetSpec,
  options: Surroundings & { workers?: number; disabled: Iterable<string> },
): Promise<FinishedSearch> {
  const networks = positions.map((position) => search.builder.quantize(search.designs[position]));
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
export async function recordFront(search: FinishedSearch, files: Files): Promise<void> {
  const { study, candidates, accuracy, publishedOutput, proxyName: name } = search;
  const measured = candidates.map(({ measured }): MeasuredPoint | undefined =>
    measured ? { accuracy: measured.accuracy?.value, latencyMs: measured.latencyMs?.value } : undefined,
  );
  await recordMeasured(
    { files, folder: study.folder, proxy: { name }, accuracy, publishedOutput },
    study.front,
    measured,
    candidates,
  );
}

/** Position on the front of the most accurate candidate: by measurement where there is one, else by the proxy. */
export function bestPosition({ study, evaluated }: FinishedSearch): number {
  const better = (i: number, j: number) =>
    (evaluated[i]?.top1 ?? -1) - (evaluated[j]?.top1 ?? -1) || study.front[j].loss - study.front[i].loss;
  return study.front.map((_, i) => i).reduce((best, i) => (better(i, best) > 0 ? i : best), 0);
}
