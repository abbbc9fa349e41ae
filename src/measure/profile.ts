import { Random } from '../core/random.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { tableRanking } from '../lut/ranking.ts';
import type { LutEntry, LutInterpolation, LutValidation } from '../lut/schema.ts';
import type { WholeNetworkFit } from '../lut/whole-network.ts';
import type { Scheme } from '../quant/scheme.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import { CourseWatch } from './course.ts';
import { measureTableEnergy, type TableEnergy } from './energy/entry-energy.ts';
import type { EnergyMeter } from './energy/meter.ts';
import { summarizeEntries } from './entries.ts';
import { groupName, MeasurementGroups } from './groups.ts';
import type { IsolatedSubject } from './isolated.ts';
import { measureByProtocol, type ProtocolName } from './protocols.ts';
import { DEFAULT_RACE, type RaceOptions, raceVariants } from './race.ts';
import { type ReachableEntry, reachableEntries } from './reachable.ts';
import { loadAssignment, type TimedNetwork } from './rounds.ts';
import { drawAssignment } from './sampler.ts';
import type { Bench } from './surroundings.ts';
import { limitTime, type TimeLimit } from './time-limit.ts';
import { TunedVariants } from './tuned-variants.ts';
import { validateTable } from './validation.ts';
import { STEPS_PER_SAMPLE } from './visit.ts';
import { lateVariants, warmUp } from './warm-up.ts';
import { fitWholeNetworks } from './whole-network-fit.ts';

export interface ProfileOptions {
  /** How entries are measured; in context unless given. */
  protocol?: ProtocolName;
  schemes: readonly Scheme[];
  seed: number;
  /** Visits that every entry is to have. */
  visits: number;
  /** Entries that need no measuring: those of an earlier table that is being resumed. */
  known?: ReadonlyMap<string, LutEntry>;
  /** That table's, for a profile that finds nothing left to measure. */
  knownFit?: WholeNetworkFit;
  /** What all may take together, but for meters of energy: each stage ends by its share of it (docs/measurement.md). */
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
  /** What a profile of a search space did not measure. */
  interpolation?: LutInterpolation;
  /** Why the energy of some or all entries could not be measured. */
  energyProblem?: string;
  protocol: { name: ProtocolName } & Record<string, number | boolean | string | null>;
}

/**
 * Measures the entries of a network by a protocol. In context, the default, whole networks with random schemes run layer by
 * layer, so that caches, frequency and drift are those of real inference, and entries are medians over visits. Under all
 * protocols one scalar, the median ratio of an untimed run to the sum of its entries, turns sums into end-to-end latency, and
 * held-out networks show the error that remains.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels; `unsupported` where the clock is too coarse for the protocol.
 */
export async function profileNetwork(given: Bench, options: ProfileOptions): Promise<ProfileResult> {
  const { protocol = 'in-context' } = options;
  const watch = new CourseWatch(given, protocol !== 'in-context');
  const { bench, clockStepNs } = watch;
  const { folded } = bench.source;
  const limit = limitTime(bench, options.timeMaxS);
  const schemes = [...options.schemes];
  const reachable = reachableEntries(folded, schemes);
  // least squares need the networks of all entries
  const known = protocol === 'least-squares' ? undefined : options.known;
  const { measurements, tuned, warm, late, raced, unraced } = await takeSamples(
    bench,
    reachable,
    { ...options, known },
    limit,
  );
  const { networks, levelNs, summariesUs } = measurements;
  const mediansUs = new Map([...summariesUs].map(([group, { median }]) => [group, [median]]));
  const fit =
    networks.length > 0 ? fitWholeNetworks(folded.name, networks, mediansUs) : (options.knownFit ?? { scalar: 1 });
  const scalar = protocol.startsWith('isolated') ? 1 : fit.scalar; // what runs alone need not add up
  const course = { ...measurements, warm, late, scalar };
  const { verdict, doubt } = watch.judge(course);
  const measured = summarizeEntries(bench, summariesUs, tuned, reachable, options.variantHashes, doubt);
  const entries = new Map([...(known ?? []), ...measured]);
  const { meter, seed, validationNetworks } = options;
  const held = { fit, levelNs, schemes, seed, networks: validationNetworks, limit };
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
    networks: measurements.timed,
    energyProblem: energy.problem,
    protocol: {
      name: protocol,
      visits: options.visits,
      seed: options.seed,
      racedVariants: raced,
      ...(unraced > 0 && { unracedEntries: unraced }),
      ...watch.record(course, verdict, slowdown),
      ...measurements.facts,
      ...energy.protocol,
    },
  };
}

/** Chooses the kernels, warms them up, and times them by the protocol until every entry has its visits. */
async function takeSamples(
  bench: Bench,
  reachable: ReadonlyMap<string, ReachableEntry>,
  options: ProfileOptions,
  limit: TimeLimit,
) {
  const { folded } = bench.source;
  const random = new Random(options.seed);
  const schemes = [...options.schemes];
  const { known } = options;
  const unknown = new Map([...reachable].filter(([key]) => !known?.has(key)));
  const earlier: VariantRanking = options.earlier?.ranking ?? new Map();
  const entrants = new Map([...unknown].filter(([key]) => !earlier.has(key)));
  const race = await raceVariants(bench, entrants, {
    ...raceOn(bench.clockQuantumNs),
    isOver: () => limit.isOver('race'),
  });
  const ranking = new Map([...tableRanking({ entries: [...(known?.values() ?? [])] }), ...earlier, ...race]);
  options.onProgressMade?.({ ranking });
  const load = (assignment: Map<string, Scheme>) => loadAssignment(bench, assignment, { ranking });

  const covering = [
    ...schemes.map((scheme) => load(uniformSchemes(folded, scheme, scheme))),
    ...Array.from({ length: 4 }, () => load(drawAssignment(folded, schemes, random))),
  ];
  bench.onProgress('warming up', 0);
  const warm = await warmUp(covering, bench.input, bench, () => limit.isOver('warmUp'));

  const tuned = new TunedVariants(bench.engine, bench.source, ranking);
  const groups = new MeasurementGroups((...layer) => tuned.of(...layer));
  const { visits, seed } = options;
  const measurements = await measureByProtocol(options.protocol ?? 'in-context', bench, {
    ...{ folded, schemes, groups, visits, ranking, random, seed, timeMaxS: limit.leftS('measuring') },
    wanted: subjectsOf(unknown.values(), tuned),
    earlier: options.earlier?.networks ?? [],
    onNetwork: (network) => options.onProgressMade?.({ network }),
  });
  const late = await lateVariants(warm, covering, bench.input, bench);
  for (const session of covering) session.dispose();
  return {
    measurements,
    tuned,
    warm,
    late,
    raced: new Set([...race.values()].flat()).size,
    unraced: entrants.size - race.size,
  };
}

/** The kernels that entries are served by, by measurement group. */
function subjectsOf(entries: Iterable<ReachableEntry>, tuned: TunedVariants): Map<string, IsolatedSubject> {
  const subjects = new Map<string, IsolatedSubject>();
  for (const entry of entries) {
    for (const layer of entry.layers) {
      for (const variant of [tuned.of(entry, layer, false), tuned.of(entry, layer, true)]) {
        subjects.set(groupName(entry, variant.id), { entry, variant });
      }
    }
  }
  return subjects;
}

/** On a coarse clock each sample of the race must last some of its steps. */
function raceOn(clockQuantumNs = 0): RaceOptions {
  const leastMs = (STEPS_PER_SAMPLE * clockQuantumNs) / 1e6;
  return { ...DEFAULT_RACE, sampleMs: Math.max(DEFAULT_RACE.sampleMs, leastMs) };
}
