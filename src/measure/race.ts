import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { runsUnconditionally, type VariantRanking } from '../kernels/ranking.ts';
import { resolveVariant, variantsFor } from '../kernels/registry.ts';
import type { KernelVariant } from '../kernels/types.ts';
import { entryKey } from '../lut/entry-key.ts';
import { workloadKey } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import { Contestant } from './contestant.ts';
import { rescales } from './groups.ts';
import type { EntrySubject } from './reachable.ts';
import type { Bench } from './surroundings.ts';
import { type Stopwatch, watch } from './visit.ts';

export interface RaceOptions {
  seed: number;
  /** How long one sample lasts, about. */
  sampleMs: number;
  /** Rounds over those that are still in the race. */
  rounds: number;
  /** Asked before each workload: once the time is over, no more are raced. */
  isOver?: () => boolean;
}

export const DEFAULT_RACE: RaceOptions = { seed: 1, sampleMs: 0.3, rounds: 7 };

/** After its first sample a variant is out if something that can do its work takes less than 1 / 1.5 of its time … */
const FIRST_CUT = 1.5;
/** … and after every other one, less than 1 / 1.15. */
const CUT = 1.15;
/** How often a disturbed sample is taken again before it counts as it is. */
const ATTEMPTS = 4;
/**
 * A variant of a narrower scheme must be faster than a wider one by this much to be preferred: otherwise the scheme is an
 * alias of the wider one, and the table says so.
 */
const WORTHWHILE = 0.97;

/** What a race needs of its surroundings; without a reference kernel it cannot tell disturbed samples from others. */
type RaceBench = Pick<Bench, 'engine' | 'clock' | 'positions' | 'pause' | 'cancellation' | 'onProgress'> &
  Partial<Pick<Bench, 'reference' | 'interruptions' | 'moveAside'>>;

/** Entries of one workload, and the variants that can serve at least one of them. */
interface Heat {
  subjects: { key: string; subject: EntrySubject; eligible: Contestant[] }[];
  contestants: Contestant[];
}

/**
 * Finds the fastest variants of each entry by a short race: all variants that can compute the workload run in turn on the
 * same sizes, and the slow ones drop out after each round. Samples that other work disturbed are taken again: a neighbour on
 * the same core slows some variants more than others. A variant is timed once for all schemes that it serves, so a
 * narrower scheme never gets a slower variant than a wider one that contains it.
 *
 * @param subjects entries by table key.
 * @returns for each key the ids to try in order: the fastest, and if that one depends on the
 * weights, the fastest that does not. Nothing for what was not raced in time: the engine has a default for it.
 * @throws {BitbudgetError} `interrupted` if the user cancels, `unsupported` for an entry that no variant can run.
 */
export async function raceVariants(
  bench: RaceBench,
  subjects: ReadonlyMap<string, EntrySubject>,
  options: RaceOptions = DEFAULT_RACE,
): Promise<VariantRanking> {
  const ranking = new Map<string, string[]>();
  const byWorkload = groupByWorkload(subjects.values());
  bench.reference?.beginStage();
  await bench.reference?.settle(bench);
  let done = 0;
  for (const group of byWorkload.values()) {
    if (options.isOver?.()) break;
    const only = onlyVariant(bench, group);
    if (only) {
      for (const { workload, scheme } of group) ranking.set(entryKey(workload, scheme), [only]);
    } else {
      const random = new Random(options.seed);
      const heat = lineUp(bench, group, random);
      await run(heat, bench, options, random);
      for (const { key, subject, eligible } of heat.subjects) ranking.set(key, place(subject, eligible));
      for (const contestant of heat.contestants) contestant.dispose();
    }
    bench.onProgress('racing kernel variants', ++done / byWorkload.size);
    await bench.pause(0);
    if (bench.cancellation.aborted) {
      const remedy = 'No table was written or changed; start again when ready.';
      throw new BitbudgetError('interrupted', 'Profiling was interrupted.', remedy);
    }
  }
  return ranking;
}

function groupByWorkload(subjects: Iterable<EntrySubject>): Map<string, EntrySubject[]> {
  const groups = new Map<string, EntrySubject[]>();
  for (const subject of subjects) {
    const key = workloadKey(subject.workload);
    const group = groups.get(key);
    if (group) group.push(subject);
    else groups.set(key, [subject]);
  }
  return groups;
}

/** The id of the variant that serves all entries of a workload, if there is no other. */
function onlyVariant({ engine }: Pick<Bench, 'engine'>, entries: EntrySubject[]): string | undefined {
  const limits = { ...engine.limits, approximate: true };
  const ids = new Set(
    entries.flatMap(({ workload, scheme }) => variantsFor(workload, scheme, limits).map(({ id }) => id)),
  );
  return ids.size === 1 ? [...ids][0] : undefined;
}

/** Loads every variant that can serve one of the entries, once with and once without rescaling where both occur. */
function lineUp({ engine, clock }: Pick<Bench, 'engine' | 'clock'>, entries: EntrySubject[], random: Random): Heat {
  const limits = { ...engine.limits, approximate: true };
  const contestants = new Map<string, Contestant>();
  const subjects = entries.map((subject) => {
    const { workload, scheme } = subject;
    resolveVariant(workload, scheme, engine.limits); // says so where nothing can run it
    const variants = variantsFor(workload, scheme, limits);
    const eligible = variants.map((variant) => {
      const served = servedAs(variant, subject);
      const name = `${variant.id}/${rescales({ workload, scheme: served })}`;
      let contestant = contestants.get(name);
      if (!contestant) {
        contestant = new Contestant(engine, clock, variant, workload, served, random);
        contestants.set(name, contestant);
      }
      return contestant;
    });
    return { key: entryKey(workload, scheme), subject, eligible };
  });
  return { subjects, contestants: [...contestants.values()] };
}

/** The scheme that a variant is timed in for an entry: its own, but for an input that it has to rescale. */
export function servedAs(variant: KernelVariant, subject: EntrySubject): Scheme {
  if (!rescales(subject) || !variant.scheme.startsWith('w')) return variant.scheme;
  const { weightBits, activationBits } = schemeBits(variant.scheme);
  return activationBits < 8
    ? variant.scheme
    : (`w${weightBits}a${schemeBits(subject.scheme).activationBits}` as Scheme);
}

async function run(
  { subjects, contestants }: Heat,
  bench: RaceBench,
  { sampleMs, rounds }: RaceOptions,
  random: Random,
): Promise<void> {
  let running = contestants;
  for (const contestant of running) contestant.warmUp(sampleMs * 1e6);
  for (let round = 0; round < rounds && running.length > 0; round++) {
    for (const contestant of random.shuffle(running)) await takeSample(contestant, bench);
    const cut = round === 0 ? FIRST_CUT : CUT;
    const kept = new Set(subjects.flatMap(({ subject, eligible }) => stillIn(subject, eligible, cut)));
    running = running.filter((contestant) => kept.has(contestant));
  }
}

async function takeSample(contestant: Contestant, { reference, interruptions, ...bench }: RaceBench): Promise<void> {
  if (!reference || !interruptions) {
    contestant.sample(bench.positions.next());
    return;
  }
  const stopwatch: Stopwatch = { ...bench, reference, interruptions };
  for (let attempt = 1; ; attempt++) {
    if (watch(stopwatch, () => contestant.sample(bench.positions.next())) || attempt >= ATTEMPTS) return;
    contestant.dropSample();
    await reference.settle(stopwatch);
    contestant.run();
  }
}

/** Those of an entry that may still win it, or win it among those that do not depend on weights. */
function stillIn({ workload, scheme }: EntrySubject, eligible: readonly Contestant[], cut: number): Contestant[] {
  const close = (field: readonly Contestant[]) => {
    const limit = Math.min(...field.map(({ shortestNs }) => shortestNs)) * cut;
    return field.filter(({ shortestNs }) => shortestNs <= limit);
  };
  const unconditional = eligible.filter(({ variant }) => runsUnconditionally(variant, workload, scheme));
  return [...close(eligible), ...close(unconditional)];
}

/** The variant ids of an entry in the order in which they are to be tried. */
function place({ workload, scheme }: EntrySubject, eligible: readonly Contestant[]): string[] {
  const unconditional = eligible.filter(({ variant }) => runsUnconditionally(variant, workload, scheme));
  const [first, second] = [winner(eligible), winner(unconditional)];
  return second === first || second.ns * WORTHWHILE <= first.ns
    ? [second.variant.id]
    : [first.variant.id, second.variant.id];
}

/** The widest of those that are about as fast as the fastest. */
function winner(field: readonly Contestant[]): Contestant {
  const width = ({ variant }: Contestant) => {
    const { weightBits, activationBits } = schemeBits(variant.scheme);
    return weightBits + activationBits;
  };
  const best = Math.min(...field.map(({ ns }) => ns));
  const about = field.filter(({ ns }) => ns * WORTHWHILE <= best);
  return about.reduce((a, b) => (width(b) > width(a) || (width(b) === width(a) && b.ns < a.ns) ? b : a));
}
