import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Session } from '../engine/session.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutValidation } from '../lut/schema.ts';
import { type WholeNetworkFit, wholeNetworkUs } from '../lut/whole-network.ts';
import type { Scheme } from '../quant/scheme.ts';
import { timeNetworks } from './networks.ts';
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
  /** The reference kernel's time in multiples of what it took while the table was measured; NaN if every run was disturbed. */
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
    const { plan } = session.network;
    const keys = [...plan.workloads.keys()].map((layer) => layerKey(plan, layer));
    const covered = keys.every((key) => entries.has(key)); // a profile that ran out of time has gaps
    if (covered) networks.push({ session, predicted: wholeNetworkUs(sumOf(entries, keys), folded.name, fit) / 1e3 });
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
  const pairs = networks.map(({ predicted }, i) => ({ predicted, measured: truth.times[i].median }));
  return { validation: predictionError(pairs), slowdown };
}

/** A table that is measured is not lost because nothing could be held against it. */
export function noneTimed(error: unknown): undefined {
  if (!(error instanceof BitbudgetError && error.kind === 'unsupported')) throw error;
}

function sumOf(entries: ReadonlyMap<string, LutEntry>, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + entries.get(key)!.latencyUs.median, 0);
}
