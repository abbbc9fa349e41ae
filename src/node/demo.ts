import type { Top1 } from '../accuracy/top1.ts';
import type { Cancellation, Files, Progress } from '../core/ports.ts';
import { costBounds } from '../cost/bounds.ts';
import type { Cost, CostModel } from '../cost/types.ts';
import type { DatasetSpec } from '../data/open.ts';
import { tableLevelNs } from '../lut/protocol.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { NetworkTimingOptions } from '../measure/networks.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { frontFile } from '../study/index.ts';
import { type VerificationReport, verifyPredictions } from '../verify/verify.ts';
import { withOwnCore } from './affinity.ts';
import { evaluateNetworks } from './evaluate.ts';
import { disabledIds, type Host } from './host.ts';
import { DEFAULT_PROFILE, profileThisMachine } from './profile.ts';
import {
  evaluateFront,
  type FinishedSearch,
  openCostModel,
  recordFront,
  schemesSpace,
  searchNetwork,
  spreadOver,
} from './search.ts';
import { type OpenedTable, tablePath } from './tables.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

export interface DemoSettings {
  network: string;
  schemes: readonly Scheme[];
  /** Upper bound of the predicted latency; a share of uniform w8a8's where it is not given. */
  latencyBudgetMs?: number;
  seed: number;
  population: number;
  evaluations: number;
  /** Candidates of the front that are run. */
  candidates: number;
  /** Test images of each. */
  samples: number;
  /** Threads that share each layer, in the table and in what is timed. */
  threads: number;
  workers?: number;
  /** Beside busy neighbours profiling goes on for so long; where they leave gaps, entries are marked. */
  timeMaxS: number;
  version: string;
  folder: string;
}

/** The schemes that stand beside the front as a user would otherwise pick them. */
export const BASELINES: readonly Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a2'];

/** For calm, when the candidates are timed: the whole job ends in five minutes beside neighbours too. */
const PATIENCE_MS = 20_000;
const TIMING: NetworkTimingOptions = { rounds: 15 };

/** One network that was run: a candidate of the front by its position, or a baseline. */
export interface DemoNetwork {
  name: string;
  position?: number;
  schemes: Scheme[];
  cost: Cost;
  accuracy: Top1 | undefined;
}

export interface DemoResult {
  workbench: Workbench;
  opened: OpenedTable;
  latencyBudgetMs: number;
  search: FinishedSearch;
  /** The chosen candidates by latency, then the baselines. */
  networks: DemoNetwork[];
  verification: VerificationReport;
}

interface Surroundings {
  files: Files;
  cancellation: Cancellation;
  onProgress: Progress;
  /** Called before each step, with what it does in words. */
  onStep(step: string): void;
}

/**
 * The whole job on this machine: profile it, search under a latency budget, run the survivors for their accuracy, and
 * time them beside uniform baselines.
 *
 * @throws {BitbudgetError} whatever a step throws.
 */
export async function runDemo(host: Host, settings: DemoSettings, surroundings: Surroundings): Promise<DemoResult> {
  const { onStep, files, cancellation, onProgress } = surroundings;
  const { network, schemes, seed, population, evaluations, threads, folder, version, timeMaxS } = settings;
  const disabled = disabledIds(host);
  onStep(`Profiling ${network}: every layer at ${schemes.length} schemes, in random whole networks`);
  const out = tablePath(host.device, host.engine, threads);
  const opened = await profileThisMachine(
    network,
    host,
    { ...DEFAULT_PROFILE, energy: 'off', schemes, threads, seed, resume: false, out, timeMaxS }, // meters take minutes
    surroundings,
  );

  const workbench = await openWorkbench(network, { disabled, threads });
  const { costModel, latencyBudgetMs } = await chooseBudget(workbench, opened, settings, files);
  onStep(`Searching ${evaluations} candidates predicted to take at most ${latencyBudgetMs.toFixed(3)} ms`);
  const study = {
    objectives: ['accuracy', 'latency'] as const,
    budgets: { latencyMs: latencyBudgetMs },
    population,
    evaluations,
    seed,
  };
  const request = { settings: study, space: schemesSpace(schemes, 'fixed'), folder, resume: false, version };
  let search = await searchNetwork(workbench, [opened], request, surroundings);

  const positions = spreadOver(search.candidates.length, settings.candidates);
  onStep(`Running ${positions.length} candidates and the uniform baselines on ${settings.samples} test images`);
  const dataset: DatasetSpec = { name: 'builtin', split: 'test', samples: settings.samples };
  const options = { ...surroundings, workers: settings.workers, disabled };
  const uniform = BASELINES.filter((scheme) => schemes.includes(scheme));
  const baselines = uniform.map((scheme) => costModel.uniform(scheme));
  let baselineAccuracy: (Top1 | undefined)[] = baselines.map(() => undefined);
  if (workbench.opened.trained) {
    search = await evaluateFront(search, positions, dataset, options);
    const networks = baselines.map((assigned) => quantizeNetwork(workbench.source, byLayer(costModel, assigned)));
    baselineAccuracy = await evaluateNetworks(networks, { ...options, dataset });
  }
  const networks: DemoNetwork[] = [
    ...positions.map((position) => demoCandidate(search, position)),
    ...baselines.map((assigned, i) => ({
      name: `uniform ${uniform[i]}`,
      schemes: assigned,
      cost: costModel.estimate(assigned),
      accuracy: baselineAccuracy[i],
    })),
  ];

  onStep(`Timing all ${networks.length} on this machine, in interleaved rounds`);
  const bench = workbench.bench({ cancellation, onProgress });
  bench.reference.waitAtMost(PATIENCE_MS);
  const assignments = networks.map((n) => n.schemes);
  const timed = { seed, timing: TIMING, ranking: tableRanking(opened.table), levelNs: tableLevelNs(opened.table) };
  const verification = await withOwnCore(bench, (calm) => verifyPredictions(calm, costModel, assignments, timed));
  search = await recordLatencies(search, networks, verification, files);
  return { workbench, opened, latencyBudgetMs, search, networks, verification };
}

/** What the search may choose from: the first and the last layer stay w8a8. */
function choicesOf({ layers }: CostModel, schemes: readonly Scheme[]): Scheme[][] {
  return layers.map((_, i) => (i === 0 || i === layers.length - 1 ? ['w8a8'] : [...schemes]));
}

async function chooseBudget(
  workbench: Workbench,
  opened: OpenedTable,
  settings: DemoSettings,
  files: Files,
): Promise<{ costModel: CostModel; latencyBudgetMs: number }> {
  const costModel = await openCostModel(files, workbench, opened);
  const latencyBudgetMs = settings.latencyBudgetMs ?? halfwayBudgetMs(costModel, settings.schemes);
  return { costModel, latencyBudgetMs };
}

/** Without a budget of the user's own: halfway between the fastest candidate there is and w8a8 throughout. */
export function halfwayBudgetMs(costModel: CostModel, schemes: readonly Scheme[]): number {
  const uniform = costModel.estimate(costModel.uniform('w8a8'));
  const { low } = costBounds(costModel, choicesOf(costModel, schemes), 'latencyMs');
  // rounded up, so that what reaches the smallest latency is always within
  return Math.ceil(((low + Math.max(uniform.latencyMs.value, low)) / 2) * 1000) / 1000;
}

function byLayer(costModel: CostModel, schemes: readonly Scheme[]): Map<string, Scheme> {
  return new Map(costModel.layers.map((layer, i) => [layer, schemes[i]]));
}

function demoCandidate({ study, candidates, evaluated }: FinishedSearch, position: number): DemoNetwork {
  const schemes = candidates[position].layers.map(({ scheme }) => scheme);
  const name = frontFile(position).replace('.json', '');
  return { name, position, schemes, cost: study.front[position].cost, accuracy: evaluated[position] };
}

/** Puts the measured latencies into the candidates' files. */
async function recordLatencies(
  search: FinishedSearch,
  networks: readonly DemoNetwork[],
  verification: VerificationReport,
  files: Files,
): Promise<FinishedSearch> {
  const candidates = [...search.candidates];
  for (const [i, { position }] of networks.entries()) {
    if (position === undefined) continue;
    const { measuredMs: value, measuredLowMs: low, measuredHighMs: high } = verification.networks[i];
    const measured = { ...candidates[position].measured, latencyMs: { value, low, high } };
    candidates[position] = { ...candidates[position], measured };
  }
  const recorded = { ...search, candidates };
  await recordFront(recorded, files);
  return recorded;
}
