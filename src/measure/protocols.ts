import { BitbudgetError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import type { Network } from '../network/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { MeasurementGroups } from './groups.ts';
import { type IsolatedSubject, measureIsolated } from './isolated.ts';
import { leastSquares } from './least-squares.ts';
import {
  byLevel,
  measureRounds,
  type RoundsOptions,
  samplesByGroup,
  scaledSamples,
  type TimedNetwork,
} from './rounds.ts';
import { BalancedSampler } from './sampler.ts';
import { type Summary, summarizeSamples } from './statistics.ts';
import type { Bench } from './surroundings.ts';
import { summarizeVisits, visitSlowness, visitSpread } from './visit-slowness.ts';

/** How entries are measured (docs/measurement.md). */
export const PROTOCOLS = ['in-context', 'isolated-warm', 'isolated-cold', 'least-squares'] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

/** Networks that the scalar of isolated entries is fitted on. */
const FITTED_NETWORKS = 40;
/** Networks that least squares need at least. */
const LEAST_NETWORKS = 100;
/** Samples of each kernel alone, as what least squares start from. */
const STARTING_SAMPLES = 6;

/** What there is to measure, with what. */
export interface MeasuringTask {
  folded: Network;
  schemes: readonly Scheme[];
  groups: MeasurementGroups;
  /** What is to be measured, by group. */
  wanted: ReadonlyMap<string, IsolatedSubject>;
  visits: number;
  ranking: VariantRanking;
  random: Random;
  seed: number;
  timeMaxS?: number;
  earlier: readonly TimedNetwork[];
  onNetwork?: (network: TimedNetwork) => void;
}

export interface Measurements {
  /** Everything that was timed, in order. */
  timed: readonly TimedNetwork[];
  /** Times of every group, µs. */
  summariesUs: Map<string, Summary>;
  /** Groups that were not timed at the machine's own speed. */
  scaled: ReadonlySet<string>;
  /** The networks, timed at the machine's own speed, on which sums are fitted to wholes. */
  networks: readonly TimedNetwork[];
  /** What was timed at other speeds. */
  dropped: number;
  levelNs: number;
  interruptedRuns: number;
  timedOut: boolean;
  /** What the protocol has to say of its fit. */
  facts: Record<string, number>;
}

/**
 * Measures all wanted groups by a protocol.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels; `unsupported` if the machine is never left alone, or its
 * clock or its caches do not allow the protocol.
 */
export function measureByProtocol(name: ProtocolName, bench: Bench, task: MeasuringTask): Promise<Measurements> {
  if (name === 'in-context') return inContext(bench, task);
  return name === 'least-squares' ? byLeastSquares(bench, task) : isolated(bench, task, name === 'isolated-cold');
}

async function inContext(bench: Bench, task: MeasuringTask): Promise<Measurements> {
  const rounds = await measureRounds(bench, task.groups, balanced(task, task.visits), task);
  const slowness = visitSlowness(rounds.networks, bench.clockQuantumNs);
  const samplesUs = samplesByGroup(rounds.networks, slowness);
  const scaled = rounds.timedOut ? scaledSamples(rounds, samplesUs) : new Map<string, number[]>();
  const summariesUs = summarizeVisits(new Map([...samplesUs, ...scaled]), slowness);
  const { others, ...rest } = rounds;
  return {
    ...rest,
    summariesUs,
    scaled: new Set(scaled.keys()),
    dropped: others.length,
    facts: { visitSpread: visitSpread(slowness) },
  };
}

async function isolated(bench: Bench, task: MeasuringTask, cold: boolean): Promise<Measurements> {
  const startNs = bench.clock.nowNs();
  const alone = await timeAlone(bench, task, cold, task.visits);
  const whole = await timeWholes(bench, task, startNs, { mostNetworks: FITTED_NETWORKS, visits: FITTED_NETWORKS });
  return together(alone, whole, alone.summariesUs, {});
}

/** Where a clock is too coarse for layers: times alone, and whole networks until every group was in its share of them. */
async function byLeastSquares(bench: Bench, task: MeasuringTask): Promise<Measurements> {
  const startNs = bench.clock.nowNs();
  const alone = await timeAlone(bench, task, false, STARTING_SAMPLES);
  const whole = await timeWholes(bench, task, startNs, { visits: task.visits, leastNetworks: LEAST_NETWORKS });
  const aloneUs = new Map([...alone.summariesUs].map(([group, { median }]) => [group, median]));
  const networks = coveredBy(aloneUs, byLevel(whole.timed).networks);
  if (networks.length === 0) {
    const problem = 'No whole network was timed, and least squares need many.';
    throw new BitbudgetError('unsupported', problem, 'Give more time with `--time-max-s`.');
  }
  const { estimates, noise, deviation } = leastSquares(networks, aloneUs);
  const round = (value: number) => Math.round(value * 1e4) / 1e4;
  const facts = { fitNoise: round(noise), fitDeviation: round(deviation) };
  return together(alone, whole, estimates, facts);
}

interface Timed {
  timed: readonly TimedNetwork[];
  interruptedRuns: number;
  timedOut: boolean;
}

async function timeAlone(bench: Bench, task: MeasuringTask, cold: boolean, visits: number) {
  const { wanted, seed, timeMaxS = Number.POSITIVE_INFINITY } = task;
  bench.reference.beginStage();
  const result = await measureIsolated(bench, wanted, {
    ...{ cold, visits, seed, onSample: task.onNetwork, deadlineNs: bench.clock.nowNs() + timeMaxS * 1e9 },
    earlier: task.earlier.filter(({ layersUs }) => layersUs.length > 0),
  });
  const levels = byLevel(result.timed);
  const samplesUs = samplesByGroup(levels.networks);
  const scaled = scaledSamples(levels, samplesUs);
  return {
    ...result,
    scaled: new Set(scaled.keys()),
    summariesUs: summarizeGroups(new Map([...samplesUs, ...scaled])),
  };
}

function timeWholes(
  bench: Bench,
  task: MeasuringTask,
  startNs: number,
  { visits, ...networks }: { visits: number } & Pick<RoundsOptions, 'leastNetworks' | 'mostNetworks'>,
): Promise<Timed> {
  const { timeMaxS, ranking, onNetwork } = task;
  const leftS = timeMaxS === undefined ? undefined : timeMaxS - (bench.clock.nowNs() - startNs) / 1e9;
  bench.reference.beginStage();
  return measureRounds(bench, task.groups, balanced(task, visits), {
    ...{ ranking, onNetwork, ...networks, timeMaxS: leftS, whole: true },
    earlier: task.earlier.filter(({ layersUs }) => layersUs.length === 0),
  });
}

/** Both stages as one measuring; those of the wholes are fitted whose groups were all timed. */
function together(
  alone: Timed & Pick<Measurements, 'scaled'>,
  whole: Timed,
  summariesUs: Map<string, Summary>,
  facts: Record<string, number>,
): Measurements {
  const timed = [...alone.timed, ...whole.timed];
  const { networks, others, levelNs } = byLevel(timed);
  const wholes = networks.filter(({ layersUs }) => layersUs.length === 0);
  return {
    ...{ timed, summariesUs, levelNs, facts, scaled: alone.scaled, dropped: others.length },
    networks: coveredBy(summariesUs, wholes),
    interruptedRuns: alone.interruptedRuns + whole.interruptedRuns,
    timedOut: alone.timedOut || whole.timedOut,
  };
}

function coveredBy(groups: ReadonlyMap<string, unknown>, networks: readonly TimedNetwork[]): TimedNetwork[] {
  return networks.filter((network) => network.groups.every((group) => groups.has(group)));
}

function balanced({ folded, schemes, groups, wanted, random }: MeasuringTask, visits: number): BalancedSampler {
  return new BalancedSampler(folded, schemes, groups, wanted.keys(), visits, random);
}

/** Samples of each group as median and interval. */
export function summarizeGroups(samplesUs: ReadonlyMap<string, readonly number[]>): Map<string, Summary> {
  return new Map([...samplesUs].map(([group, samples]) => [group, summarizeSamples(samples)]));
}
