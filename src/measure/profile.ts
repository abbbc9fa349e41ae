import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Session } from '../engine/session.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutValidation } from '../lut/schema.ts';
import type { Scheme } from '../quant/scheme.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import { quickest } from './anchor.ts';
import { measureClockStepNs } from './clock-step.ts';
import { ConditionWatch } from './condition-watch.ts';
import { measureTableEnergy, type TableEnergy } from './energy/entry-energy.ts';
import type { EnergyMeter } from './energy/meter.ts';
import { summarizeEntries } from './entries.ts';
import { MeasurementGroups } from './groups.ts';
import { timeNetworks } from './networks.ts';
import { raceVariants } from './race.ts';
import { layerKey, reachableEntries } from './reachable.ts';
import { loadAssignment, measureRounds, type RoundsResult } from './rounds.ts';
import { BalancedSampler, drawAssignment } from './sampler.ts';
import { predictionError, summarizeSamples } from './statistics.ts';
import { clockQuantumNs, SteadyClock } from './steady-clock.ts';
import type { Bench } from './surroundings.ts';
import { TunedVariants } from './tuned-variants.ts';
import { judge } from './verdict.ts';
import { lateVariants, slowdownSinceWarmUp, warmUp } from './warm-up.ts';

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
  /** Measures the entries' energy once their latency is known; without it energy is modelled. */
  meter?: EnergyMeter;
}

/** What a profile adds to the facts of device and engine to make a table. */
export interface ProfileResult {
  entries: LutEntry[];
  scalar: number;
  clockStepNs: number;
  throttled: boolean;
  validation: LutValidation | null;
  /** Why the energy of some or all entries could not be measured. */
  energyProblem?: string;
  protocol: { name: 'in-context' } & Record<string, number | boolean | string>;
}

/** Keeps the held-out networks apart from those that the table is made of. */
const HELD_OUT_SEED = 0x5eed;
const VISIT = { warmRuns: 5, repeats: 3 };
const VALIDATION_TIMING = { rounds: 8, warmRuns: 6, runsPerRound: 3 };

/**
 * The `in-context` protocol: whole networks with random schemes run layer by layer, so that caches, frequency and drift
 * are those of real inference. Entries are medians over visits; one scalar, the median ratio of an untimed run to the
 * sum of its entries, turns sums into end-to-end latency; held-out networks show the error that remains.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels.
 */
export async function profileNetwork(given: Bench, options: ProfileOptions): Promise<ProfileResult> {
  const clock = new SteadyClock(given.clock);
  const watch = new ConditionWatch();
  const bench = watch.around({ ...given, clock });
  const { folded } = bench.source;
  const random = new Random(options.seed);
  const clockStepNs = measureClockStepNs(given.clock);
  const schemes = [...options.schemes];
  const reachable = reachableEntries(folded, schemes);
  const { known } = options;
  const unknown = new Map([...reachable].filter(([key]) => !known?.has(key)));
  const race = await raceVariants(bench, unknown);
  const ranking = new Map([...tableRanking({ entries: [...(known?.values() ?? [])] }), ...race]);
  const load = (assignment: Map<string, Scheme>) => loadAssignment(bench, assignment, { ranking });

  const covering = [
    ...schemes.map((scheme) => load(uniformSchemes(folded, scheme, scheme))),
    ...Array.from({ length: 4 }, () => load(drawAssignment(folded, schemes, random))),
  ];
  bench.onProgress('warming up', 0);
  const warm = await warmUp(covering, bench.input, bench, bench.pause, bench.cancellation);

  const tuned = new TunedVariants(bench.engine, bench.source, ranking);
  const groups = new MeasurementGroups((...layer) => tuned.of(...layer));
  const wanted = [...unknown.values()].flatMap((entry) => [...groups.ofEntry(entry, entry.layers)]);
  const sampler = new BalancedSampler(folded, schemes, groups, wanted, options.visits, random);
  const anchor = quickest(covering, bench.input, bench.clock);
  const rounds = await measureRounds(bench, groups, sampler, anchor, {
    ...VISIT,
    timeMaxS: options.timeMaxS,
    ranking,
  });
  const late = lateVariants(warm, covering, bench.input, bench);
  const slowdown = slowdownSinceWarmUp(warm, covering, bench.input, bench);
  for (const session of covering) session.dispose();

  const scalar = rounds.networks.length > 0 ? fitScalar(rounds) : (options.knownScalar ?? 1);
  const quantumNs = clockQuantumNs(clock, clockStepNs);
  const { setBacks } = clock;
  const verdict = judge({ ...rounds, slowdown, readings: watch.finish(), scalar, setBacks, clockQuantumNs: quantumNs });
  const doubt = {
    throttled: verdict.throttled,
    unwarmed: new Set(late),
    allUnwarmed: !warm.proven || verdict.noisy,
    drift: verdict.drift,
    clockQuantumNs: quantumNs,
  };
  const measured = summarizeEntries(bench, rounds, tuned, reachable, options.variantHashes, doubt);
  const entries = new Map([...(options.known ?? []), ...measured]);
  const validation = await validate(bench, entries, scalar, options);
  const { meter, seed } = options;
  const energy: TableEnergy = meter
    ? await measureTableEnergy(bench, { entries, scalar, schemes, seed }, meter)
    : { entries: [...entries.values()], protocol: {} };
  return {
    entries: energy.entries,
    scalar,
    clockStepNs,
    throttled: verdict.throttled,
    validation,
    energyProblem: energy.problem,
    protocol: {
      name: 'in-context',
      visits: options.visits,
      seed: options.seed,
      networks: rounds.networks.length,
      rounds: rounds.anchorsMs.length,
      racedVariants: new Set([...race.values()].flat()).size,
      repeatedRounds: rounds.repeatedRounds,
      interruptedRuns: rounds.interruptedRuns,
      warmUpPasses: warm.passes,
      warmUpProven: warm.proven && late.length === 0,
      timedOut: rounds.timedOut,
      drift: verdict.drift,
      ...(verdict.reasons.length > 0 && { doubts: verdict.reasons.join('; ') }),
      ...energy.protocol,
    },
  };
}

/** The median ratio of an untimed run to the sum of its layers' medians. */
function fitScalar({ samplesUs, networks }: RoundsResult): number {
  const mediansUs = new Map([...samplesUs].map(([group, samples]) => [group, summarizeSamples(samples).median]));
  const ratios = networks.map(({ groups, wholeNs }) => {
    const sumUs = groups.reduce((sum, group) => sum + mediansUs.get(group)!, 0);
    return wholeNs / 1e3 / sumUs;
  });
  const scalar = summarizeSamples(ratios).median;
  if (scalar > 0 && Number.isFinite(scalar)) return scalar;
  const problem = 'The clock is too coarse: most layers take less than one of its steps.';
  throw new BitbudgetError('unsupported', problem, 'Measure a larger network, or where the clock is finer.');
}

async function validate(
  bench: Bench,
  entries: ReadonlyMap<string, LutEntry>,
  scalar: number,
  options: ProfileOptions,
): Promise<LutValidation | null> {
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
  if (networks.length === 0) return null;
  const sessions = networks.map(({ session }) => session);
  const truth = await timeNetworks(sessions, bench.input, bench, random, VALIDATION_TIMING, bench);
  for (const session of sessions) session.dispose();
  return predictionError(networks.map(({ predicted }, i) => ({ predicted, measured: truth[i].median })));
}

function sumOf(entries: ReadonlyMap<string, LutEntry>, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + entries.get(key)!.latencyUs.median, 0);
}
