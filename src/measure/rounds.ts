import { BitbudgetError } from '../core/errors.ts';
import type { LoadOptions } from '../engine/engine.ts';
import type { Session } from '../engine/session.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import type { MeasurementGroups } from './groups.ts';
import { isSameLevel, ownLevel } from './reference-kernel.ts';
import type { Assignment, BalancedSampler, Draw } from './sampler.ts';
import type { Bench } from './surroundings.ts';
import { visitNetwork, visitWhole } from './visit.ts';

/** Upper bound on networks: reaching rare groups takes many draws, but never for ever. */
const MAXIMUM_NETWORKS = 20_000;
/** Visits in a row that may fail before measuring is given up. */
const MAXIMUM_FAILURES = 50;

/** One network that was timed: the group and the time of each layer, and what the whole took; a line of the raw samples. */
export interface TimedNetwork {
  groups: string[];
  /** Empty where the whole alone was timed. */
  layersUs: number[];
  wholeUs: number;
  /** What the reference kernel took at the time, ns for 10,000 steps. */
  referenceNs: number;
}

export interface RoundsOptions {
  timeMaxS?: number;
  ranking?: VariantRanking;
  /** Time networks as wholes alone. */
  whole?: boolean;
  /** Goes on until there are so many networks, even where every group has its visits. */
  leastNetworks?: number;
  /** Ends after so many networks, whatever the visits. */
  mostNetworks?: number;
  /** Networks of an earlier, interrupted profile: their visits count. */
  earlier?: readonly TimedNetwork[];
  /** Called with each network, so that an interruption loses nothing. */
  onNetwork?: (network: TimedNetwork) => void;
}

export interface RoundsResult {
  /** All networks that were timed, in order. */
  timed: readonly TimedNetwork[];
  /** Those that were timed at the machine's own speed, in order. */
  networks: TimedNetwork[];
  /** Those that were timed while it was slower, or faster. */
  others: TimedNetwork[];
  /** What the reference kernel takes at the machine's own speed, ns for 10,000 steps; NaN without networks. */
  levelNs: number;
  /** Runs that were dropped because other work disturbed them. */
  interruptedRuns: number;
  timedOut: boolean;
}

/** Where the networks that are timed come from. */
export interface NetworkSource {
  readonly complete: boolean;
  /** Share of the wanted visits that have been made. */
  readonly progress: number;
  /** Loads the network that is to be timed next, and tells the group of each of its layers. */
  draw(): { session: Session; groups: string[]; dispose(): void };
  /** Takes the visits of these networks, each a list of groups, for all that were made; `others` met another speed. */
  recount(networks: Iterable<Iterable<string>>, others: Iterable<Iterable<string>>): void;
}

/**
 * Times random networks until every group has its visits.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels; `unsupported` if the machine is never left alone.
 */
export async function measureRounds(
  bench: Bench,
  groups: MeasurementGroups,
  sampler: BalancedSampler,
  options: RoundsOptions = {},
): Promise<RoundsResult> {
  const { ranking } = options;
  const source: NetworkSource = {
    get complete() {
      return sampler.complete;
    },
    get progress() {
      return sampler.progress;
    },
    draw() {
      const { assignment, unconditional }: Draw = sampler.next();
      const session = loadAssignment(bench, assignment, { ranking, unconditional });
      return {
        session,
        groups: groups.ofPlan(session.network.plan, unconditional),
        dispose: () => session.dispose(),
      };
    },
    recount: (networks) => sampler.recount(networks),
  };
  return timeRounds(bench, source, options);
}

/** {@link measureRounds} of networks from anywhere. */
export async function timeRounds(
  bench: Bench,
  source: NetworkSource,
  options: Omit<RoundsOptions, 'ranking'> = {},
): Promise<RoundsResult> {
  const { clock, onProgress, pause } = bench;
  const timed = [...(options.earlier ?? [])];
  const { timeMaxS } = options;
  const limitNs = timeMaxS === undefined ? Number.POSITIVE_INFINITY : timeMaxS * 1e9;
  const deadlineNs = timeMaxS === undefined ? limitNs : clock.nowNs() + limitNs;
  const most = options.mostNetworks ?? timed.length + MAXIMUM_NETWORKS;
  let parts = divide(timed, source);
  let timedOut = false;
  let interruptedRuns = 0;
  let failures = 0;
  const leastNetworks = options.leastNetworks ?? 0;
  const isComplete = () => source.complete && parts.networks.length >= leastNetworks;
  while (!isComplete() && timed.length < most && !timedOut) {
    const { network, interrupted } = await timeNetwork(bench, source, options);
    interruptedRuns += interrupted;
    if (network) {
      failures = 0;
      timed.push(network);
      parts = divide(timed, source);
      options.onNetwork?.(network);
    } else if (++failures > MAXIMUM_FAILURES) {
      const problem = 'Every run of a network was disturbed by other work on this machine.';
      throw new BitbudgetError('unsupported', problem, 'Close other programs and measure again.');
    }
    const wantedNetworks = options.mostNetworks ?? leastNetworks;
    const share = Math.min(
      wantedNetworks > 0 ? timed.length / wantedNetworks : 1,
      options.mostNetworks ? 1 : source.progress,
    );
    const nowNs = clock.nowNs();
    const spent = timeMaxS ? 1 - (deadlineNs - nowNs) / limitNs : 0; // of a time limit
    const title = options.whole ? 'timing networks as wholes' : 'measuring layers in context';
    onProgress(title, Math.min(1, Math.max(share, spent)));
    timedOut = nowNs > deadlineNs && !isComplete();
    await pause(0);
    stopIfCancelled(bench);
  }
  return { timed, ...parts, interruptedRuns, timedOut };
}

/** @throws {BitbudgetError} `interrupted` if the user has cancelled. */
export function stopIfCancelled({ cancellation }: Pick<Bench, 'cancellation'>): void {
  if (!cancellation.aborted) return;
  const remedy = 'The table is as it was; go on with `bitbudget profile --resume`, which keeps what was measured.';
  throw new BitbudgetError('interrupted', 'Profiling was interrupted.', remedy);
}

async function timeNetwork(
  bench: Bench,
  source: NetworkSource,
  { whole }: RoundsOptions,
): Promise<{ network?: TimedNetwork; interrupted: number }> {
  const { session, groups, dispose } = source.draw();
  const { visit, interrupted } = await (whole ? visitWhole : visitNetwork)(session, bench.input, bench);
  dispose();
  if (!visit) return { interrupted };
  const network = {
    groups,
    layersUs: Array.from(visit.layersNs, (ns) => Math.round(ns) / 1e3),
    wholeUs: Math.round(visit.wholeNs) / 1e3,
    referenceNs: Math.round(bench.reference.levelNs),
  };
  return { network, interrupted };
}

/** Tells the networks that were timed at the machine's own speed from the others; the visits of the former are what counts. */
function divide(timed: readonly TimedNetwork[], source: NetworkSource) {
  const parts = byLevel(timed);
  const [counted, others] = [parts.networks, parts.others].map((networks) => networks.map(({ groups }) => groups));
  source.recount(counted, others);
  return parts;
}

/** Tells what was timed at the machine's own speed from the rest. */
export function byLevel(timed: readonly TimedNetwork[]): Pick<RoundsResult, 'networks' | 'others' | 'levelNs'> {
  const levelNs = ownLevel(timed.map(({ referenceNs }) => referenceNs));
  const networks = timed.filter(({ referenceNs }) => isSameLevel(referenceNs, levelNs));
  const others = timed.filter(({ referenceNs }) => !isSameLevel(referenceNs, levelNs));
  return { networks, others, levelNs };
}

/**
 * The samples of every group, µs: one for each layer of each network that belongs to it.
 *
 * @param slowness what each network's are divided by, as `visitSlowness` gives it.
 */
export function samplesByGroup(networks: readonly TimedNetwork[], slowness?: readonly number[]): Map<string, number[]> {
  const samplesUs = new Map<string, number[]>();
  for (const [visit, { groups, layersUs }] of networks.entries()) {
    const factor = slowness?.[visit] ?? 1;
    for (const [layer, us] of layersUs.entries()) {
      const samples = samplesUs.get(groups[layer]);
      if (samples) samples.push(us / factor);
      else samplesUs.set(groups[layer], [us / factor]);
    }
  }
  return samplesUs;
}

/**
 * Samples of groups that were never timed at the machine's own speed, from networks that were timed at others: scaled by
 * what the reference kernel says of the speed. That holds for arithmetic, not for memory: such entries are not stable.
 *
 * @param present groups that need none.
 */
export function scaledSamples(
  { others, levelNs }: Pick<RoundsResult, 'others' | 'levelNs'>,
  present: ReadonlyMap<string, unknown>,
): Map<string, number[]> {
  const scaled = others.map(({ groups, layersUs, referenceNs, ...rest }) => ({
    ...{ ...rest, groups, referenceNs },
    layersUs: layersUs.map((us) => (us * levelNs) / referenceNs),
  }));
  return new Map([...samplesByGroup(scaled)].filter(([group]) => !present.has(group)));
}

/** Quantizes and loads an assignment of schemes. */
export function loadAssignment(
  { source, engine }: Pick<Bench, 'source' | 'engine'>,
  assignment: Assignment,
  options: LoadOptions = {},
): Session {
  return engine.load(quantizeNetwork(source, assignment), options);
}
