import { Random } from '../core/random.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutValidation } from '../lut/schema.ts';
import type { WholeNetworkFit } from '../lut/whole-network.ts';
import type { Scheme } from '../quant/scheme.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import { measureClockStepNs } from './clock-step.ts';
import { ConditionWatch } from './condition-watch.ts';
import { measureTableEnergy, type TableEnergy } from './energy/entry-energy.ts';
import type { EnergyMeter } from './energy/meter.ts';
import { summarizeEntries } from './entries.ts';
import { MeasurementGroups } from './groups.ts';
import { raceVariants } from './race.ts';
import { type ReachableEntry, reachableEntries } from './reachable.ts';
import { loadAssignment, measureRounds, samplesByGroup, scaledSamples, type TimedNetwork } from './rounds.ts';
import { BalancedSampler, drawAssignment } from './sampler.ts';
import { clockQuantumNs, SteadyClock } from './steady-clock.ts';
import type { Bench } from './surroundings.ts';
import { TunedVariants } from './tuned-variants.ts';
import { validateTable } from './validation.ts';
import { judge } from './verdict.ts';
import { lateVariants, warmUp } from './warm-up.ts';
import { fitWholeNetworks } from './whole-network-fit.ts';

export interface ProfileOptions {
  schemes: readonly Scheme[];
  seed: number;
  /** Visits that every entry is to have. */
  visits: number;
  /** Entries that need no measuring: those of an earlier table that is being resumed. */
  known?: ReadonlyMap<string, LutEntry>;
  /** That table's, for a profile that finds nothing left to measure. */
  knownFit?: WholeNetworkFit;
  timeMaxS?: number;
  /** Held-out networks for the validation; 0 for none. */
  validationNetworks: number;
  variantHashes: ReadonlyMap<string, string>;
  /** What an interrupted profile of the same network and schemes had found out. */
  earlier?: ProfileProgress;
  onProgressMade?: (step: ProfileStep) => void;
  /** Measures the entries' energy once their latency is known; without it energy is modelled. */
  meter?: EnergyMeter;
}

/** The raw results of a profile, as far as it has come. */
export interface ProfileProgress {
  ranking: VariantRanking;
  networks: readonly TimedNetwork[];
}

/** What a profile reports as soon as it knows it, so that an interruption loses nothing. */
export type ProfileStep = { ranking: VariantRanking } | { network: TimedNetwork };

/** What a profile adds to the facts of device and engine to make a table. */
export interface ProfileResult extends WholeNetworkFit {
  entries: LutEntry[];
  clockStepNs: number;
  throttled: boolean;
  validation: LutValidation | null;
  /** The raw samples. */
  networks: readonly TimedNetwork[];
  /** Why the energy of some or all entries could not be measured. */
  energyProblem?: string;
  protocol: { name: 'in-context' } & Record<string, number | boolean | string | null>;
}

/**
 * The `in-context` protocol: whole networks with random schemes run layer by layer, so that caches, frequency and drift
 * are those of real inference. Entries are medians over visits; one scalar, the mean ratio of an untimed run to the sum
 * of its entries, turns sums into end-to-end latency; held-out networks show the error that remains.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels.
 */
export async function profileNetwork(given: Bench, options: ProfileOptions): Promise<ProfileResult> {
  const clock = new SteadyClock(given.clock);
  const watch = new ConditionWatch();
  const bench = watch.around({ ...given, clock, interruptions: clock.countedWith(given.interruptions) });
  const { folded } = bench.source;
  const clockStepNs = measureClockStepNs(given.clock);
  const schemes = [...options.schemes];
  const reachable = reachableEntries(folded, schemes);
  const samples = await takeSamples(bench, reachable, options);
  const { rounds, tuned, warm, late, raced } = samples;
  const { networks, levelNs } = rounds;
  const samplesUs = samplesByGroup(networks);
  const scaled = rounds.timedOut ? scaledSamples(rounds, samplesUs) : new Map<string, number[]>();
  for (const [group, samples] of scaled) samplesUs.set(group, samples);
  const fit =
    networks.length > 0 ? fitWholeNetworks(folded.name, networks, samplesUs) : (options.knownFit ?? { scalar: 1 });
  const quantumNs = clockQuantumNs(clock, clockStepNs);
  const verdict = judge({
    levelsNs: rounds.timed.map(({ referenceNs }) => referenceNs),
    bestLevelNs: bench.reference.bestLevelNs,
    readings: watch.finish(),
    scalar: fit.scalar,
    warmUpProven: warm.proven,
    lateVariants: late.length,
    unrest: bench.reference.unrest,
    setBacks: clock.setBacks,
    clockQuantumNs: quantumNs,
  });
  const doubt = {
    throttled: verdict.throttled,
    unwarmed: new Set(late),
    allNoisy: verdict.noisy,
    groups: new Set(scaled.keys()),
    drift: verdict.drift,
    belowBest: verdict.belowBest,
    clockQuantumNs: quantumNs,
  };
  const measured = summarizeEntries(bench, samplesUs, tuned, reachable, options.variantHashes, doubt);
  const entries = new Map([...(options.known ?? []), ...measured]);
  const { meter, seed, validationNetworks } = options;
  const held = { fit, levelNs, schemes, seed, networks: validationNetworks };
  const { validation, slowdown } = await validateTable(bench, entries, held);
  const energy: TableEnergy = meter
    ? await measureTableEnergy(bench, { entries, scalar: fit.scalar, schemes, seed }, meter)
    : { entries: [...entries.values()], protocol: {} };
  return {
    entries: energy.entries,
    ...fit,
    clockStepNs,
    throttled: verdict.throttled,
    validation,
    networks: rounds.timed,
    energyProblem: energy.problem,
    protocol: {
      name: 'in-context',
      visits: options.visits,
      seed: options.seed,
      networks: networks.length,
      racedVariants: raced,
      droppedNetworks: rounds.others.length,
      interruptedRuns: rounds.interruptedRuns,
      waitedS: Math.round(bench.reference.waitedMs / 100) / 10,
      levelShifts: bench.reference.levelShifts,
      referenceNs: Number.isNaN(levelNs) ? null : Math.round(levelNs),
      bestReferenceNs: Math.round(bench.reference.bestLevelNs),
      validationSlowdown: Math.round(slowdown * 1000) / 1000,
      warmUpPasses: warm.passes,
      warmUpProven: warm.proven && late.length === 0,
      timedOut: rounds.timedOut,
      drift: Math.round(verdict.drift * 1e4) / 1e4,
      unrest: Math.round(bench.reference.unrest * 1e4) / 1e4,
      ...(verdict.reasons.length > 0 && { doubts: verdict.reasons.join('; ') }),
      ...energy.protocol,
    },
  };
}

/** Chooses the kernels, warms them up, and times whole networks until every entry has its visits. */
async function takeSamples(bench: Bench, reachable: ReadonlyMap<string, ReachableEntry>, options: ProfileOptions) {
  const { folded } = bench.source;
  const random = new Random(options.seed);
  const schemes = [...options.schemes];
  const { known } = options;
  const unknown = new Map([...reachable].filter(([key]) => !known?.has(key)));
  const earlier: VariantRanking = options.earlier?.ranking ?? new Map();
  const race = await raceVariants(bench, new Map([...unknown].filter(([key]) => !earlier.has(key))));
  const ranking = new Map([...tableRanking({ entries: [...(known?.values() ?? [])] }), ...earlier, ...race]);
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
  return { rounds, tuned, warm, late, raced: new Set([...race.values()].flat()).size };
}
