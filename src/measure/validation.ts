import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Session } from '../engine/session.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutValidation } from '../lut/schema.ts';
import { type WholeNetworkFit, wholeNetworkUs } from '../lut/whole-network.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { type NetworkTimes, timeNetworks } from './networks.ts';
import { layerKey } from './reachable.ts';
import { loadAssignment } from './rounds.ts';
import { drawAssignment } from './sampler.ts';
import { predictionError } from './statistics.ts';
import type { Bench } from './surroundings.ts';
import type { TimeLimit } from './time-limit.ts';

/** Keeps the held-out networks apart from those that the table is made of. */
export const HELD_OUT_SEED = 0x5eed;
/** Speeds of the machine that differ by more cannot be compared. */
export const LEVEL_TOLERANCE = 0.03;
export const TIMING = { rounds: 8 };
/** An error over fewer networks is a guess. */
const LEAST_NETWORKS = 5;

/** What the table claims, and what is drawn to test it. */
export interface ValidationOptions {
  fit: WholeNetworkFit;
  /** The machine's speed while the table was measured; NaN where unknown. */
  levelNs: number;
  schemes: readonly Scheme[];
  seed: number;
  networks: number;
  limit?: TimeLimit;
}

export interface ValidationResult {
  validation: LutValidation | null;
  /** The reference kernel's time in multiples of what it took while the table was measured; NaN if most runs were disturbed. */
  slowdown: number;
}

/**
 * Times networks that were not used for a table, and holds them against its predictions. A machine that is slower, or
 * faster, than it was while the table was measured proves nothing: then there is no validation.
 */
export async function validateTable(
  bench: Bench,
  entries: ReadonlyMap<string, LutEntry>,
  options: ValidationOptions,
): Promise<ValidationResult> {
  const { fit, levelNs, schemes, seed } = options;
  const { folded } = bench.source;
  const random = new Random(seed ^ HELD_OUT_SEED);
  const ranking = tableRanking({ entries: [...entries.values()] });
  const networks: { session: Session; predicted: number }[] = [];
  for (let n = 0; n < options.networks; n++) {
    const session = loadAssignment(bench, drawAssignment(folded, schemes, random), { ranking });
    const predicted = predictMs(session.network, entries, fit);
    if (predicted !== undefined) networks.push({ session, predicted });
    else session.dispose();
  }
  if (networks.length === 0) return { validation: null, slowdown: 1 };
  const sessions = networks.map(({ session }) => session);
  const timing = { ...TIMING, levelNs, isOver: () => options.limit?.isOver('validation') ?? false };
  const truth = await timeNetworks(sessions, bench.input, bench, random, timing, bench).catch(noneTimed);
  for (const session of sessions) session.dispose();
  if (!truth) return { validation: null, slowdown: Number.NaN };
  const slowdown = Number.isNaN(levelNs) ? 1 : truth.levelNs / levelNs;
  if (Math.abs(slowdown - 1) > LEVEL_TOLERANCE) return { validation: null, slowdown };
  return errorOf(
    networks.map(({ predicted }) => predicted),
    truth,
    slowdown,
  );
}

/** The error over the networks that were timed at one speed, if there are enough; what met another proves nothing. */
export function errorOf(
  predictedMs: readonly number[],
  { times, atLevel }: NetworkTimes,
  slowdown: number,
): ValidationResult {
  const pairs = predictedMs
    .map((predicted, i) => ({ predicted, measured: times[i].median }))
    .filter((_, i) => atLevel[i]);
  if (pairs.length < Math.min(LEAST_NETWORKS, times.length)) return { validation: null, slowdown: Number.NaN };
  return { validation: predictionError(pairs), slowdown };
}

/** End-to-end latency by the entries of a profile; undefined where one is lacking, as in a profile that ran out of time. */
export function predictMs(
  { plan, folded }: Pick<QuantizedNetwork, 'plan' | 'folded'>,
  entries: ReadonlyMap<string, LutEntry>,
  fit: WholeNetworkFit,
): number | undefined {
  const keys = [...plan.workloads.keys()].map((layer) => layerKey(plan, layer));
  if (!keys.every((key) => entries.has(key))) return undefined;
  const sumUs = keys.reduce((sum, key) => sum + entries.get(key)!.latencyUs.median, 0);
  return wholeNetworkUs(sumUs, folded.name, fit) / 1e3;
}

/** A table that is measured is not lost because nothing could be held against it. */
export function noneTimed(error: unknown): undefined {
  if (!(error instanceof BitbudgetError && error.kind === 'unsupported')) throw error;
}
