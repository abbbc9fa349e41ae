import { BitbudgetError } from '../core/errors.ts';
import type { Session, Step } from '../engine/session.ts';
import type { Workload } from '../network/workload.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { layerKey } from './reachable.ts';
import type { Assignment, BalancedSampler } from './sampler.ts';
import { summarizeSamples } from './statistics.ts';
import type { Bench } from './surroundings.ts';
import { timeWhole, type Visit, type VisitOptions, visitNetwork } from './visit.ts';

/** Networks between two looks at the anchor. */
const NETWORKS_PER_ROUND = 12;
const ANCHOR_RUNS = 9;
/** A round during which the anchor strayed further than this from its median so far is measured again. */
const ANCHOR_TOLERANCE = 0.03;
/** Rounds are repeated at most so often for each one that is kept; afterwards they are kept as they are. */
const REPEATS_PER_ROUND = 0.5;
/** Upper bound on networks for each wanted visit: reaching rare entries takes many draws, but never for ever. */
const MAXIMUM_NETWORKS = 20_000;

/** What is known of an entry besides its time. */
export interface EntryFacts {
  workload: Workload;
  scheme: Scheme;
  variant: string;
  scratchBytes: number;
  packedBytes: number;
}

/** One timed network: what it would be predicted from, and what it took. */
export interface TimedNetwork {
  keys: string[];
  wholeNs: number;
}

export interface RoundsResult {
  /** Samples of every entry, µs, one for each visited layer. */
  samplesUs: Map<string, number[]>;
  facts: Map<string, EntryFacts>;
  networks: TimedNetwork[];
  /** The anchor's time in each kept round, ms, in order. */
  anchorsMs: number[];
  repeatedRounds: number;
  interruptedRuns: number;
  timedOut: boolean;
}

/**
 * Times random networks in rounds until every entry has its visits. Before and after each round an anchor, a network
 * that never changes, is timed: a round in which it strays is thrown away and measured again, and its course over time
 * shows throttling without any sensor.
 */
export async function measureRounds(
  bench: Bench,
  sampler: BalancedSampler,
  anchor: Session,
  options: VisitOptions & { timeMaxS?: number },
): Promise<RoundsResult> {
  const { clock, cancellation, onProgress, pause } = bench;
  const result: RoundsResult = {
    samplesUs: new Map(),
    facts: new Map(),
    networks: [],
    anchorsMs: [],
    repeatedRounds: 0,
    interruptedRuns: 0,
    timedOut: false,
  };
  const deadlineNs = options.timeMaxS === undefined ? Number.POSITIVE_INFINITY : clock.nowNs() + options.timeMaxS * 1e9;
  let anchorMs = timeAnchor(bench, anchor);
  for (let networks = 0; networks < MAXIMUM_NETWORKS && !sampler.complete; networks += NETWORKS_PER_ROUND) {
    if (clock.nowNs() > deadlineNs) {
      result.timedOut = true;
      break;
    }
    const round = visitRound(bench, sampler, options);
    const before = anchorMs;
    anchorMs = timeAnchor(bench, anchor);
    const strayed = isAstray(Math.max(before, anchorMs), result.anchorsMs);
    if (strayed && result.repeatedRounds < REPEATS_PER_ROUND * result.anchorsMs.length) {
      result.repeatedRounds++;
    } else {
      result.anchorsMs.push((before + anchorMs) / 2);
      for (const timed of round) keep(result, sampler, timed);
    }
    onProgress('measuring layers in context', sampler.progress);
    await pause(0);
    if (cancellation.aborted) {
      const remedy = 'No table was written or changed; start again when ready.';
      throw new BitbudgetError('interrupted', 'Profiling was interrupted.', remedy);
    }
  }
  return result;
}

interface TimedVisit {
  keys: string[];
  steps: readonly Step[];
  visit: Visit;
}

function visitRound(bench: Bench, sampler: BalancedSampler, options: VisitOptions): TimedVisit[] {
  const round: TimedVisit[] = [];
  for (let n = 0; n < NETWORKS_PER_ROUND; n++) {
    const { session, keys } = loadAssignment(bench, sampler.next());
    const visit = visitNetwork(session, bench.input, bench, options);
    session.dispose();
    if (visit) round.push({ keys, steps: session.steps, visit });
  }
  return round;
}

/** Quantizes and loads an assignment of schemes; `keys` are the LUT keys of its steps. */
export function loadAssignment(
  { source, engine }: Bench,
  assignment: Assignment,
): { session: Session; keys: string[] } {
  const network = quantizeNetwork(source, assignment);
  const keys = network.layers.map((layer) => layerKey(network.plan, layer.name));
  return { session: engine.load(network), keys };
}

function keep(result: RoundsResult, sampler: BalancedSampler, { keys, steps, visit }: TimedVisit): void {
  for (const [i, key] of keys.entries()) {
    const us = visit.layersNs[i] / 1e3;
    const samples = result.samplesUs.get(key);
    if (samples) {
      samples.push(us);
    } else {
      result.samplesUs.set(key, [us]);
      result.facts.set(key, factsOf(steps[i]));
    }
  }
  sampler.visit(keys);
  result.networks.push({ keys, wholeNs: visit.wholeNs });
  result.interruptedRuns += visit.interrupted;
}

function factsOf({ layer: { workload, scheme }, variant }: Step): EntryFacts {
  const [scratchBytes, packedBytes] = [variant.scratchBytes(workload), variant.packedBytes(workload)];
  return { workload, scheme, variant: variant.id, scratchBytes, packedBytes };
}

function timeAnchor({ input, clock }: Bench, anchor: Session): number {
  const runs = Array.from({ length: ANCHOR_RUNS }, () => timeWhole(anchor, input, clock) / 1e6);
  return summarizeSamples(runs).median;
}

function isAstray(anchorMs: number, history: readonly number[]): boolean {
  if (history.length < 3) return false;
  const { median } = summarizeSamples(history);
  return Math.abs(anchorMs - median) > ANCHOR_TOLERANCE * median;
}
