import { BitbudgetError } from '../core/errors.ts';
import type { LoadOptions } from '../engine/engine.ts';
import type { Session } from '../engine/session.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import { Anchor } from './anchor.ts';
import type { MeasurementGroups } from './groups.ts';
import type { Assignment, BalancedSampler } from './sampler.ts';
import type { Bench } from './surroundings.ts';
import { type Visit, type VisitOptions, visitNetwork } from './visit.ts';

/** Networks between two looks at the anchor: neighbours come and go within tens of milliseconds. */
const NETWORKS_PER_ROUND = 1;
/** Rounds are repeated at most so often for each one that is kept; afterwards they are kept as they are. */
const REPEATS_PER_ROUND = 3;
/** Upper bound on networks for each wanted visit: reaching rare groups takes many draws, but never for ever. */
const MAXIMUM_NETWORKS = 20_000;

/** One timed network: what it would be predicted from, and what it took. */
export interface TimedNetwork {
  groups: string[];
  wholeNs: number;
}

export interface RoundsResult {
  /** Samples of every group, µs, one for each visited layer. */
  samplesUs: Map<string, number[]>;
  networks: TimedNetwork[];
  /** The anchor's time in each kept round, ms, in order. */
  anchorsMs: number[];
  repeatedRounds: number;
  interruptedRuns: number;
  timedOut: boolean;
}

/**
 * Times random networks in rounds until every group has its visits. Before and after each round an anchor, a network
 * that never changes, is timed: a round in which it is slowed down is thrown away and measured again, and its course
 * over time shows throttling without any sensor.
 */
export async function measureRounds(
  bench: Bench,
  groups: MeasurementGroups,
  sampler: BalancedSampler,
  anchorSession: Session,
  options: VisitOptions & { timeMaxS?: number; ranking?: VariantRanking },
): Promise<RoundsResult> {
  const { clock, cancellation, onProgress, pause } = bench;
  const result: RoundsResult = {
    samplesUs: new Map(),
    networks: [],
    anchorsMs: [],
    repeatedRounds: 0,
    interruptedRuns: 0,
    timedOut: false,
  };
  const deadlineNs = options.timeMaxS === undefined ? Number.POSITIVE_INFINITY : clock.nowNs() + options.timeMaxS * 1e9;
  const anchor = new Anchor(anchorSession, bench.input, clock);
  for (let networks = 0; networks < MAXIMUM_NETWORKS && !sampler.complete; networks += NETWORKS_PER_ROUND) {
    if (clock.nowNs() > deadlineNs) {
      result.timedOut = true;
      break;
    }
    const round = visitRound(bench, groups, sampler, options);
    const { ms, disturbed } = anchor.read();
    if (disturbed && result.repeatedRounds < REPEATS_PER_ROUND * (result.anchorsMs.length + 1)) {
      result.repeatedRounds++;
    } else {
      result.anchorsMs.push(ms);
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
  groups: string[];
  visit: Visit;
}

function visitRound(
  bench: Bench,
  groups: MeasurementGroups,
  sampler: BalancedSampler,
  options: VisitOptions & { ranking?: VariantRanking },
): TimedVisit[] {
  const round: TimedVisit[] = [];
  for (let n = 0; n < NETWORKS_PER_ROUND; n++) {
    const { assignment, unconditional } = sampler.next();
    const session = loadAssignment(bench, assignment, { ranking: options.ranking, unconditional });
    const visit = visitNetwork(session, bench.input, bench, options);
    session.dispose();
    if (visit) round.push({ groups: groups.ofPlan(session.network.plan, unconditional), visit });
  }
  return round;
}

/** Quantizes and loads an assignment of schemes. */
export function loadAssignment(
  { source, engine }: Pick<Bench, 'source' | 'engine'>,
  assignment: Assignment,
  options: LoadOptions = {},
): Session {
  return engine.load(quantizeNetwork(source, assignment), options);
}

function keep(result: RoundsResult, sampler: BalancedSampler, { groups, visit }: TimedVisit): void {
  for (const [layer, group] of groups.entries()) {
    const us = visit.layersNs[layer] / 1e3;
    const samples = result.samplesUs.get(group);
    if (samples) samples.push(us);
    else result.samplesUs.set(group, [us]);
  }
  sampler.visit(groups);
  result.networks.push({ groups, wholeNs: visit.wholeNs });
  result.interruptedRuns += visit.interrupted;
}
