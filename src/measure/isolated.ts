import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { KernelVariant } from '../kernels/types.ts';
import { Contestant } from './contestant.ts';
import { servedAs } from './race.ts';
import type { EntrySubject } from './reachable.ts';
import { byLevel, stopIfCancelled, type TimedNetwork } from './rounds.ts';
import type { Bench } from './surroundings.ts';
import { STEPS_PER_SAMPLE, watch } from './visit.ts';

/** A kernel on a workload, to be timed alone. */
export interface IsolatedSubject {
  entry: EntrySubject;
  variant: KernelVariant;
}

export interface IsolatedOptions {
  /** Samples of each. */
  visits: number;
  /** With all caches filled with other data before each run. */
  cold: boolean;
  seed: number;
  /** Samples of an interrupted profile. */
  earlier: readonly TimedNetwork[];
  /** By the bench's clock. */
  deadlineNs: number;
  onSample?: (sample: TimedNetwork) => void;
}

export interface IsolatedResult {
  /** The samples, each as a network of one layer, in order. */
  timed: TimedNetwork[];
  interruptedRuns: number;
  timedOut: boolean;
}

/** How long a sample lasts, about. */
const SAMPLE_NS = 0.3e6;
/** Kernels whose tensors are in memory together, timed in turn. */
const TOGETHER = 16;
/** Samples at another speed than the machine's own are made again, so often at most. */
const PASSES = 3;
const ATTEMPTS = 4;

/**
 * Times kernels alone, on made-up numbers of their sizes: `visits` samples each, in random turns of a few kernels. Warm, a
 * sample is a loop of about 0.3 ms, or 20 steps of a coarse clock; cold, it is a single run with nothing in the caches.
 *
 * @param subjects by the name of their measurement group.
 * @throws {BitbudgetError} `unsupported` for cold runs where the clock cannot tell a single run or nothing empties the
 * caches, `interrupted` if the user cancels.
 */
export async function measureIsolated(
  bench: Bench,
  subjects: ReadonlyMap<string, IsolatedSubject>,
  options: IsolatedOptions,
): Promise<IsolatedResult> {
  const { cold, visits, deadlineNs } = options;
  if (cold) assertColdRunsAreTimed(bench);
  const random = new Random(options.seed);
  const timed = [...options.earlier];
  const result: IsolatedResult = { timed, interruptedRuns: 0, timedOut: false };
  for (let pass = 0; pass < PASSES; pass++) {
    const lacking = lackingSamples(subjects.keys(), timed, visits);
    const order = random.shuffle([...lacking.keys()]);
    for (let first = 0; first < order.length; first += TOGETHER) {
      const turn = new Map(order.slice(first, first + TOGETHER).map((name) => [name, lacking.get(name)!]));
      for await (const sample of samplesOf(turn, subjects, bench, { cold, random })) {
        if (sample === undefined) result.interruptedRuns++;
        else {
          timed.push(sample);
          options.onSample?.(sample);
        }
      }
      bench.onProgress('timing kernels alone', Math.min((first + turn.size) / order.length, 1));
      await bench.pause(0);
      stopIfCancelled(bench);
      result.timedOut = bench.clock.nowNs() > deadlineNs;
      if (result.timedOut) return result;
    }
  }
  return result;
}

function assertColdRunsAreTimed({ clockQuantumNs, evictCaches }: Bench): void {
  if (clockQuantumNs) {
    const problem = `A single run of a layer is too short for a clock with steps of ${clockQuantumNs / 1e3} µs.`;
    throw new BitbudgetError('unsupported', problem, 'Measure with `--protocol least-squares`.');
  }
  if (!evictCaches) {
    const problem = 'Nothing empties the caches of this device.';
    throw new BitbudgetError('unsupported', problem, 'Measure with `--protocol isolated-warm`, or in context.');
  }
}

/** How many samples at the machine's own speed each group lacks; those that lack none are left out. */
function lackingSamples(names: Iterable<string>, timed: readonly TimedNetwork[], visits: number): Map<string, number> {
  const lacking = new Map([...names].map((name) => [name, visits]));
  for (const { groups } of byLevel(timed).networks) {
    for (const group of groups) if (lacking.has(group)) lacking.set(group, lacking.get(group)! - 1);
  }
  return new Map([...lacking].filter(([, samples]) => samples > 0));
}

/** So many samples of each kernel, in rounds; undefined for each run that was disturbed. */
async function* samplesOf(
  turn: ReadonlyMap<string, number>,
  subjects: ReadonlyMap<string, IsolatedSubject>,
  bench: Bench,
  { cold, random }: { cold: boolean; random: Random },
): AsyncGenerator<TimedNetwork | undefined> {
  const { engine, clock, reference, clockQuantumNs = 0 } = bench;
  const contestants = new Map<string, Contestant>();
  for (const name of turn.keys()) {
    const { entry, variant } = subjects.get(name)!;
    contestants.set(name, new Contestant(engine, clock, variant, entry.workload, servedAs(variant, entry), random));
  }
  try {
    for (const contestant of contestants.values()) {
      contestant.warmUp(Math.max(SAMPLE_NS, STEPS_PER_SAMPLE * clockQuantumNs));
    }
    const rounds = Math.max(...turn.values());
    for (let round = 0; round < rounds; round++) {
      for (const [name, contestant] of random.shuffle([...contestants])) {
        if (round >= turn.get(name)!) continue;
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const ns = await runAlone(contestant, bench, cold);
          if (ns === undefined) yield undefined;
          else {
            const us = Math.round(ns) / 1e3;
            yield { groups: [name], layersUs: [us], wholeUs: us, referenceNs: Math.round(reference.levelNs) };
            break;
          }
        }
      }
    }
  } finally {
    for (const contestant of contestants.values()) contestant.dispose();
  }
}

/** One sample, ns; undefined if it was disturbed. */
async function runAlone(contestant: Contestant, bench: Bench, cold: boolean): Promise<number | undefined> {
  await bench.reference.settle(bench);
  if (cold) bench.evictCaches!();
  else contestant.run();
  const at = bench.positions.next();
  let ns = 0;
  const calm = watch(bench, () => {
    ns = at(() => (cold ? contestant.onceNs() : contestant.batchNs()));
  });
  return calm && ns > 0 ? ns : undefined;
}
