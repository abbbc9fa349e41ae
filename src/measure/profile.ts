import { Random } from '../core/random.ts';
import type { Session } from '../engine/session.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutValidation } from '../lut/schema.ts';
import type { Scheme } from '../quant/scheme.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import { measureClockStepNs } from './clock-step.ts';
import { summarizeEntries } from './entries.ts';
import { MeasurementGroups } from './groups.ts';
import { timeNetworks } from './networks.ts';
import { raceVariants } from './race.ts';
import { layerKey, reachableEntries } from './reachable.ts';
import { loadAssignment, measureRounds, samplesByGroup, scaledSamples, type TimedNetwork } from './rounds.ts';
import { BalancedSampler, drawAssignment } from './sampler.ts';
import { predictionError, summarizeSamples, trimmedMean } from './statistics.ts';
import type { Bench } from './surroundings.ts';
import { isThrottled } from './trust.ts';
import { TunedVariants } from './tuned-variants.ts';
import { lateVariants, warmUp } from './warm-up.ts';

export interface ProfileOptions {
  schemes: readonly Scheme[];
  seed: number;
  /** Visits that every entry is to have. */
  visits: number;
  /** Entries that need no measuring: those of an earlier table that is being resumed. */
  known?: ReadonlyMap<string, LutEntry>;
  /** That table's scalar, for a profile that finds nothing left to measure. */
  knownScalar?: number;
  timeMaxS?: number;
  /** Held-out networks for the validation; 0 for none. */
  validationNetworks: number;
  variantHashes: ReadonlyMap<string, string>;
  /** What an interrupted profile of the same network and schemes had found out. */
  earlier?: ProfileProgress;
  onProgressMade?: (step: ProfileStep) => void;
}

/** The raw results of a profile, as far as it has come. */
export interface ProfileProgress {
  ranking: VariantRanking;
  networks: readonly TimedNetwork[];
}

/** What a profile reports as soon as it knows it, so that an interruption loses nothing. */
export type ProfileStep = { ranking: VariantRanking } | { network: TimedNetwork };

/** What a profile adds to the facts of device and engine to make a table. */
export interface ProfileResult {
  entries: LutEntry[];
  scalar: number;
  clockStepNs: number;
  throttled: boolean;
  validation: LutValidation | null;
  /** The raw samples. */
  networks: TimedNetwork[];
  protocol: { name: 'in-context' } & Record<string, number | boolean | string | null>;
}

/** Keeps the held-out networks apart from those that the table is made of. */
const HELD_OUT_SEED = 0x5eed;
/** Speeds of the machine that differ by more cannot be compared. */
const LEVEL_TOLERANCE = 0.05;
const VALIDATION_TIMING = { rounds: 8 };

/**
 * The `in-context` protocol: whole networks with random schemes run layer by layer, so that caches, frequency and drift
 * are those of real inference. Entries are medians over visits; one scalar, the median ratio of an untimed run to the
 * sum of its entries, turns sums into end-to-end latency; held-out networks show the error that remains.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels.
 */
export async function profileNetwork(bench: Bench, options: ProfileOptions): Promise<ProfileResult> {
  const { folded } = bench.source;
  const random = new Random(options.seed);
  const clockStepNs = measureClockStepNs(bench.clock);
  const schemes = [...options.schemes];
  const reachable = reachableEntries(folded, schemes);
  const { known } = options;
  const unknown = new Map([...reachable].filter(([key]) => !known?.has(key)));
  const raced: VariantRanking = options.earlier?.ranking ?? new Map();
  const race = await raceVariants(bench, new Map([...unknown].filter(([key]) => !raced.has(key))));
  const ranking = new Map([...tableRanking({ entries: [...(known?.values() ?? [])] }), ...raced, ...race]);
  options.onProgressMade?.({ ranking });
  const load = (assignment: Map<string, Scheme>) => loadAssignment(bench, assignment, { ranking });

  const covering = [
    ...schemes.map((scheme) => load(uniformSchemes(folded, scheme, scheme))),
    ...Array.from({ length: 4 }, () => load(drawAssignment(folded, schemes, random))),
  ];
  bench.onProgress('warming up', 0);
  const warm = await warmUp(covering, bench.input, bench);

  const tuned = new TunedVariants(bench.engine, bench.source, ranking);
  const groups = new MeasurementGroups((...layer) => tuned.of(...layer));
  const wanted = [...unknown.values()].flatMap((entry) => [...groups.ofEntry(entry, entry.layers)]);
  const sampler = new BalancedSampler(folded, schemes, groups, wanted, options.visits, random);
  const rounds = await measureRounds(bench, groups, sampler, {
    timeMaxS: options.timeMaxS,
    ranking,
    earlier: options.earlier?.networks,
    onNetwork: (network) => options.onProgressMade?.({ network }),
  });
  const late = await lateVariants(warm, covering, bench.input, bench);
  for (const session of covering) session.dispose();

  const { networks, levelNs } = rounds;
  const throttled = isThrottled(networks.map(({ referenceNs }) => referenceNs));
  const samplesUs = samplesByGroup(networks);
  const scaled = rounds.timedOut ? scaledSamples(rounds, samplesUs) : new Map<string, number[]>();
  for (const [group, samples] of scaled) samplesUs.set(group, samples);
  const doubt = { throttled, unwarmed: new Set(late), allUnwarmed: !warm.proven, groups: new Set(scaled.keys()) };
  const measured = summarizeEntries(bench, samplesUs, tuned, reachable, options.variantHashes, doubt);
  const entries = new Map([...(options.known ?? []), ...measured]);
  const scalar = networks.length > 0 ? fitScalar(networks, samplesUs) : (options.knownScalar ?? 1);
  const { validation, slowdown } = await validate(bench, entries, scalar, levelNs, options);
  return {
    entries: [...entries.values()],
    scalar,
    clockStepNs,
    throttled,
    validation,
    networks: [...networks, ...rounds.others],
    protocol: {
      name: 'in-context',
      visits: options.visits,
      seed: options.seed,
      networks: networks.length,
      racedVariants: new Set([...race.values()].flat()).size,
      droppedNetworks: rounds.others.length,
      interruptedRuns: rounds.interruptedRuns,
      waitedS: Math.round(bench.reference.waitedMs / 100) / 10,
      levelShifts: bench.reference.levelShifts,
      referenceNs: Number.isNaN(levelNs) ? null : Math.round(levelNs),
      validationSlowdown: Math.round(slowdown * 1000) / 1000,
      warmUpPasses: warm.passes,
      warmUpProven: warm.proven && late.length === 0,
      timedOut: rounds.timedOut,
    },
  };
}

/** The mean ratio of an untimed run to the sum of its layers' medians, without the tenth at either end. */
function fitScalar(networks: readonly TimedNetwork[], samplesUs: ReadonlyMap<string, readonly number[]>): number {
  const mediansUs = new Map([...samplesUs].map(([group, samples]) => [group, summarizeSamples(samples).median]));
  const sumUs = (groups: readonly string[]) => groups.reduce((sum, group) => sum + mediansUs.get(group)!, 0);
  return trimmedMean(networks.map(({ groups, wholeUs }) => wholeUs / sumUs(groups)));
}

/**
 * Held-out networks against their predictions. A machine that is slower, or faster, meanwhile than it was while its table was measured
 * proves nothing: then there is no validation.
 */
async function validate(
  bench: Bench,
  entries: ReadonlyMap<string, LutEntry>,
  scalar: number,
  levelNs: number,
  options: ProfileOptions,
): Promise<{ validation: LutValidation | null; slowdown: number }> {
  const random = new Random(options.seed ^ HELD_OUT_SEED);
  const ranking = tableRanking({ entries: [...entries.values()] });
  const networks: { session: Session; predicted: number }[] = [];
  for (let n = 0; n < options.validationNetworks; n++) {
    const session = loadAssignment(bench, drawAssignment(bench.source.folded, options.schemes, random), { ranking });
    const { plan } = session.network;
    const keys = [...plan.workloads.keys()].map((layer) => layerKey(plan, layer));
    const covered = keys.every((key) => entries.has(key)); // a profile that ran out of time has gaps
    if (covered) networks.push({ session, predicted: (scalar * sumOf(entries, keys)) / 1e3 });
    else session.dispose();
  }
  if (networks.length === 0) return { validation: null, slowdown: 1 };
  const sessions = networks.map(({ session }) => session);
  const truth = await timeNetworks(sessions, bench.input, bench, random, VALIDATION_TIMING, bench);
  for (const session of sessions) session.dispose();
  const slowdown = Number.isNaN(levelNs) ? 1 : truth.levelNs / levelNs;
  if (Math.abs(slowdown - 1) > LEVEL_TOLERANCE) return { validation: null, slowdown };
  const pairs = networks.map(({ predicted }, i) => ({ predicted, measured: truth.times[i].median }));
  return { validation: predictionError(pairs), slowdown };
}

function sumOf(entries: ReadonlyMap<string, LutEntry>, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + entries.get(key)!.latencyUs.median, 0);
}
