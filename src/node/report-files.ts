import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Top1 } from '../accuracy/top1.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import type { Cost } from '../cost/types.ts';
import type { Candidate } from '../quant/candidate.ts';
import { renderReport } from '../report/render.ts';
import { parseReportData, type ReportData, type ReportNetwork } from '../report/types.ts';
import { frontFile } from '../study/index.ts';
import { keepsBudget, type VerificationReport, type VerifiedNetwork } from '../verify/verify.ts';
import { bestPosition, type FinishedSearch } from './search.ts';
import type { OpenedTable } from './tables.ts';
import type { Workbench } from './workbench.ts';

/** One network for the report: predicted, and as far as it went measured. */
export interface ReportedNetwork {
  name: string;
  kind: 'candidate' | 'baseline';
  /** One for each layer of the network. */
  schemes: readonly string[];
  /** The layers that are left, where some may be gone, smaller or added. */
  layers?: Candidate['layers'];
  cost: Cost;
  proxyLoss?: number;
  accuracy?: Top1;
  measured?: VerifiedNetwork;
  best?: boolean;
}

export interface ReportFacts {
  workbench: Workbench;
  opened: OpenedTable;
  search: FinishedSearch;
  latencyBudgetMs?: number;
  networks: readonly ReportedNetwork[];
  verification?: VerificationReport;
  command: string;
  version: string;
  seed: number;
  dataset: string;
}

/** A candidate of a front as a search leaves it: predicted, and perhaps evaluated. */
export function reportedCandidate(search: FinishedSearch, position: number): ReportedNetwork {
  const { cost, loss } = search.study.front[position];
  return {
    name: frontFile(position).replace('.json', ''),
    kind: 'candidate',
    schemes: [],
    layers: search.candidates[position].layers,
    cost,
    proxyLoss: loss,
    accuracy: search.evaluated[position],
    best: position === bestPosition(search),
  };
}

/** Gathers what a report shows. */
export function collectReport(facts: ReportFacts): ReportData {
  const { workbench, opened, search, latencyBudgetMs, verification } = facts;
  const { device, engine, conditions } = opened.table;
  const { calibration, folded, opened: network } = workbench;
  const { networks: _, ...error } = verification ?? { networks: [] };
  const layers = allLayers(search.costModel.layers, facts.networks);
  return {
    title: `${folded.name} on ${device.cpu}`,
    network: folded.name,
    layers,
    device: {
      id: device.id,
      cpu: device.cpu,
      cores: device.cores,
      os: device.os,
      engine: `${engine.name} ${engine.version}`,
    },
    conditions,
    provenance: [
      ['command', facts.command],
      ['bitbudget', facts.version],
      ['seed', String(facts.seed)],
      ['table', opened.path],
      ['table SHA-256', opened.table.sha256],
      ['table measured', opened.table.measuredAt ?? 'unknown'],
      ['weights', `${network.trained ? 'trained' : 'seeded'}, SHA-256 ${network.weightsSha256}`],
      ['calibration', `${calibration.method}, ${calibration.samples} images of ${calibration.dataset}`],
    ],
    proxyName: search.proxyName,
    ...(latencyBudgetMs !== undefined && { latencyBudgetMs }),
    evaluations: search.study.evaluations,
    rejections: { ...search.study.rejections },
    points: search.study.points.map(({ cost, loss, feasible }) => ({
      latencyMs: cost.latencyMs.value,
      loss,
      feasible,
    })),
    networks: facts.networks.map((reported) => reportNetwork(reported, layers, facts)),
    ...(verification && {
      verification: { ...(error as Omit<VerificationReport, 'networks'>), networks: verification.networks.length },
    }),
  };
}

/** The layers of the network, and those that candidates have besides, each behind the one that it follows there. */
function allLayers(whole: readonly string[], networks: readonly ReportedNetwork[]): string[] {
  const all = [...whole];
  for (const { layers = [] } of networks) {
    for (const [i, { name }] of layers.entries()) {
      if (!all.includes(name)) all.splice(i === 0 ? 0 : all.indexOf(layers[i - 1].name) + 1, 0, name);
    }
  }
  return all;
}

/** Of each layer of the report its scheme, empty where the network lacks it, and its channels where some were removed. */
function layersOf({ schemes, layers }: ReportedNetwork, all: readonly string[], whole: readonly string[]) {
  const own = new Map(layers?.map((layer) => [layer.name, layer]) ?? []);
  const schemeOf = (name: string) => (layers ? own.get(name)?.scheme : schemes[whole.indexOf(name)]) ?? '';
  const channels = all.map((name) => (own.get(name)?.keptChannels ? own.get(name)!.outChannels : null));
  return {
    schemes: all.map(schemeOf),
    ...(channels.some((count) => count !== null) && { outChannels: channels }),
  };
}

function reportNetwork(
  reported: ReportedNetwork,
  layers: readonly string[],
  { latencyBudgetMs, dataset, search }: ReportFacts,
): ReportNetwork {
  const { name, kind, cost, proxyLoss, accuracy, measured, best } = reported;
  const { latencyMs, energyMj, sizeBytes, ramBytes } = cost;
  return {
    name,
    kind,
    ...layersOf(reported, layers, search.costModel.layers),
    predictedMs: { ...latencyMs },
    ...(measured && {
      measuredMs: { value: measured.measuredMs, low: measured.measuredLowMs, high: measured.measuredHighMs },
    }),
    energyMj: { value: energyMj.value, source: energyMj.source },
    sizeBytes,
    ramBytes,
    ...(proxyLoss !== undefined && { proxyLoss }),
    ...(accuracy && {
      accuracy: { value: accuracy.top1, low: accuracy.low, high: accuracy.high, samples: accuracy.samples, dataset },
    }),
    ...(measured && latencyBudgetMs !== undefined && { budgetVerdict: keepsBudget(measured, latencyBudgetMs) }),
    ...(best && { best }),
  };
}

/** Writes report.json and the page made of it into a run folder. */
export async function writeReport(files: Files, folder: string, data: ReportData): Promise<string> {
  await files.writeAtomic(join(folder, 'report.json'), `${JSON.stringify(data, null, 1)}\n`);
  return renderReportFile(files, folder);
}

/**
 * Renders a run folder's report.json into report.html.
 *
 * @returns the page's path.
 * @throws {BitbudgetError} `input` if the run has no report.json, `damaged-file` if it is none.
 */
export async function renderReportFile(files: Files, folder: string): Promise<string> {
  const source = join(folder, 'report.json');
  if (!(await files.exists(source))) {
    throw new BitbudgetError(
      'input',
      `The run ${folder} has no report.json.`,
      'Name a folder that `bitbudget search` or `demo` wrote.',
    );
  }
  const data = parseReportData(await files.readText(source), source);
  const echarts = createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js');
  const page = join(folder, 'report.html');
  await files.writeAtomic(page, renderReport(data, { echartsScript: await readFile(echarts, 'utf8') }));
  return page;
}
