import type { VariantRanking } from '../../kernels/ranking.ts';
import { variantById } from '../../kernels/registry.ts';
import { entryKey } from '../../lut/entry-key.ts';
import { createInterpolator } from '../../lut/interpolation/interpolate.ts';
import type { LutEntry, LutInterpolation } from '../../lut/schema.ts';
import type { Network } from '../../network/types.ts';
import { CourseWatch } from '../course.ts';
import { summarizeEntries } from '../entries.ts';
import { groupName } from '../groups.ts';
import type { ProfileResult } from '../profile.ts';
import type { EntrySubject, ReachableEntry } from '../reachable.ts';
import { samplesByGroup, scaledSamples } from '../rounds.ts';
import type { Bench } from '../surroundings.ts';
import { limitTime } from '../time-limit.ts';
import { summarizeVisits, visitSlowness, visitSpread } from '../visit-slowness.ts';
import { fitWholeNetworks } from '../whole-network-fit.ts';
import { kernelFacts, type SpacePlan } from './plan-space.ts';
import { type MeasuredSpace, type SpaceProfileOptions, sampleSpace } from './sample-space.ts';
import { validateSpace } from './validate-space.ts';

/** Entries with fewer samples are left to interpolation. */
const LEAST_SAMPLES = 4;
/** Entries between two looks at what else there is to do. */
const YIELD_EVERY = 50;

/**
 * Profiles a search space: plans which entries to measure within the time limit, chooses their kernels, times designs of
 * the space layer by layer as the `in-context` protocol does, and interpolates what was not measured. Some entries that
 * would be interpolated are measured as well, and held out, to show the error.
 *
 * @param network unfolded, with weights.
 * @throws {BitbudgetError} `interrupted` if the user cancels.
 */
export async function profileSpace(
  given: Bench,
  network: Network,
  space: MeasuredSpace,
  options: SpaceProfileOptions,
): Promise<ProfileResult> {
  const watch = new CourseWatch(given);
  const { bench, clockStepNs } = watch;
  const limit = limitTime(bench, options.timeMaxS);
  const { rounds, warm, late, plan, ranking } = await sampleSpace(bench, network, space, {
    ...options,
    timeMaxS: limit.leftS('measuring'),
  });
  const { networks, levelNs } = rounds;
  const slowness = visitSlowness(networks, bench.clockQuantumNs);
  const allUs = samplesByGroup(networks, slowness);
  const scaled = scaledSamples(rounds, allUs);
  for (const [group, samples] of scaled) allUs.set(group, samples);
  const fit =
    networks.length > 0
      ? fitWholeNetworks(bench.source.folded.name, networks, allUs)
      : (options.knownFit ?? { scalar: 1 });
  const leastSamples = Math.min(LEAST_SAMPLES, options.visits);
  const samplesUs = new Map([...allUs].filter(([, samples]) => samples.length >= leastSamples));
  const course = {
    ...rounds,
    dropped: rounds.others.length,
    warm,
    late,
    scalar: fit.scalar,
    scaled: new Set(scaled.keys()),
  };
  const { verdict, doubt } = watch.judge(course);
  const subjects = plannedEntries(plan, ranking, samplesUs);
  const ran = { of: (_: EntrySubject, variant: string) => variantById(variant)! };
  const summarized = summarizeEntries(
    bench,
    summarizeVisits(samplesUs, slowness),
    ran,
    subjects,
    options.variantHashes,
    doubt,
  );
  const heldOut = new Set(plan.heldOut.map(({ workload, scheme }) => entryKey(workload, scheme)));
  const measured = new Map(
    [...summarized].map(([key, entry]) => [key, heldOut.has(key) ? { ...entry, heldOut: true as const } : entry]),
  );
  const known = [...(options.known?.values() ?? [])].filter(({ key }) => !measured.has(key));
  const { entries, interpolation } = await fillIn(bench, space, [...known, ...measured.values()]);
  const claimed = { fit, levelNs, seed: options.seed, networks: options.validationNetworks, limit };
  const { validation, slowdown } = await validateSpace(bench, network, space, entries, claimed);
  return {
    entries: [...entries.values()],
    ...fit,
    clockStepNs,
    throttled: verdict.throttled,
    validation,
    interpolation,
    networks: rounds.timed,
    protocol: {
      name: 'in-context',
      visits: options.visits,
      seed: options.seed,
      racedVariants: new Set([...ranking.values()].flat()).size,
      spaceEntries: space.reachable.size,
      plannedEntries: plan.measure.length + plan.heldOut.length,
      ...watch.record(course, verdict, slowdown),
      visitSpread: visitSpread(slowness),
    },
  };
}

/** The planned entries; the variants that were sampled often enough stand for the layers that ran them. */
function plannedEntries(
  { measure, heldOut }: SpacePlan,
  ranking: VariantRanking,
  samplesUs: ReadonlyMap<string, unknown>,
): Map<string, ReachableEntry> {
  return new Map(
    [...measure, ...heldOut].map((entry) => {
      const key = entryKey(entry.workload, entry.scheme);
      const ran = (ranking.get(key) ?? []).filter((variant) => samplesUs.has(groupName(entry, variant)));
      return [key, { ...entry, layers: new Set(ran) }];
    }),
  );
}

/** The space's entries: those that were measured, and the others as far as they can be interpolated from them. */
async function fillIn(
  bench: Bench,
  { reachable }: MeasuredSpace,
  measured: readonly LutEntry[],
): Promise<{ entries: Map<string, LutEntry>; interpolation: LutInterpolation }> {
  bench.onProgress('interpolating', 0);
  await bench.pause(0);
  const entries = new Map(measured.map((entry) => [entry.key, entry]));
  const interpolator = createInterpolator({ entries: [...measured] }, kernelFacts(bench));
  let [interpolated, missing, done] = [0, 0, 0];
  for (const [key, { workload, scheme }] of reachable) {
    if (++done % YIELD_EVERY === 0) {
      bench.onProgress('interpolating', done / reachable.size);
      await bench.pause(0);
    }
    if (entries.has(key)) continue;
    const entry = interpolator.entryOf({ workload, scheme });
    if (entry) entries.set(key, entry);
    if (entry) interpolated++;
    else missing++;
  }
  const { heldOut, measured: learnt } = interpolator;
  return { entries, interpolation: { measured: learnt, interpolated, missing, heldOut } };
}
