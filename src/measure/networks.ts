import { mean, sum } from 'simple-statistics';
import { BitbudgetError } from '../core/errors.ts';
import type { Progress } from '../core/ports.ts';
import type { Random } from '../core/random.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { isSameLevel, ownLevel } from './reference-kernel.ts';
import { type Summary, summarizeSamples } from './statistics.ts';
import { RunTimer, type Stopwatch, undisturbedNs, warmSession } from './visit.ts';

export interface NetworkTimingOptions {
  /**
   * Rounds over all networks, each in a new order; one gives one sample of each. Networks with fewer than half so many at
   * the machine's own speed get more, in up to five times as many further rounds.
   */
  rounds: number;
  /** The machine's speed that the times are to be of, if it runs at that speed for a tenth of the time: as {@link NetworkTimes.levelNs}. */
  levelNs?: number;
  /** Asked once every network has a sample: when the time is over, there are no more. */
  isOver?: () => boolean;
}

export const DEFAULT_NETWORK_TIMING: NetworkTimingOptions = { rounds: 12 };

export interface NetworkTimes {
  /** For each session the median over rounds with its 95% interval, in milliseconds. */
  times: Summary[];
  /** The machine's speed while they were taken: the least that the reference kernel took, ns for 10,000 steps. */
  levelNs: number;
  /** Of each session whether it has samples at that speed; the times of the others are of whatever speeds there were. */
  atLevel: boolean[];
}

/**
 * A sample is made of so many visits as a profile makes, which last so long together. Of more runs the shortest is shorter,
 * and with it what counts as left alone: predictions are of visits, and so is what they are held against.
 */
const SAMPLE_NS = 8e6;
const SAMPLE_VISITS = 2;
/** A level is the least of its looks, and another process may find a lesser one. */
const WANTED_LEVEL = 0.01;
const WANTED_SHARE = 0.1;
/** Rounds in all, in multiples of those asked for. */
const MOST_ROUNDS = 6;

/**
 * The truth that predictions are held against: end-to-end latency of loaded networks, timed in interleaved rounds so
 * that drift meets all of them alike. One sample is the mean of two visits in a row or more, over at least 8 ms, each made
 * of the runs that were left alone; runs during which the reference kernel or a context switch shows other work are made
 * again.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels; `unsupported` if every run of a network was disturbed.
 */
export async function timeNetworks(
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
  random: Random,
  options: NetworkTimingOptions,
  { onProgress }: { onProgress: Progress },
): Promise<NetworkTimes> {
  stopwatch.reference.beginStage();
  const samples = sessions.map(() => [] as Sample[]);
  const levelsNs: number[] = [];
  const levelNs = () => levelOf(levelsNs, options);
  const isOver = () => options.isOver?.() === true && samples.every(({ length }) => length > 0);
  let order = sessions.map((_, i) => i);
  for (let round = 0; order.length > 0; round++) {
    for (const [done, index] of random.shuffle(order).entries()) {
      if (isOver()) break;
      const sample = await takeSample(sessions[index], input, stopwatch);
      if (sample) {
        samples[index].push(sample);
        levelsNs.push(sample.referenceNs);
      }
      onProgress(...progressOf(round + (done + 1) / order.length, options));
      await stopwatch.pause(0);
      stopIfCancelled(stopwatch);
    }
    if (isOver() || round + 1 >= MOST_ROUNDS * options.rounds) order = [];
    else if (round + 1 >= options.rounds) order = lacking(samples, levelNs(), options);
  }
  if (samples.some(({ length }) => length === 0)) {
    const problem = 'Every run of a network was disturbed by other work on this machine.';
    throw new BitbudgetError('unsupported', problem, 'Close other programs and measure again.');
  }
  return atOneLevel(samples, levelNs());
}

function stopIfCancelled({ cancellation }: Stopwatch): void {
  if (!cancellation.aborted) return;
  throw new BitbudgetError('interrupted', 'Timing was interrupted.', 'Nothing was written; start again when ready.');
}

/** Further rounds are told of as such: how many there will be nobody knows, but the most. */
function progressOf(roundsDone: number, { rounds }: NetworkTimingOptions): [message: string, fraction: number] {
  if (roundsDone <= rounds) return ['timing whole networks', roundsDone / rounds];
  return ['timing whole networks again that met another speed', (roundsDone / rounds - 1) / (MOST_ROUNDS - 1)];
}

/** The networks that have too few samples at the machine's own speed. */
function lacking(samples: readonly Sample[][], levelNs: number, { rounds }: NetworkTimingOptions): number[] {
  return [...samples.keys()].filter((i) => 2 * ofLevel(samples[i], levelNs).length < rounds);
}

/** The wanted speed where the machine has shown it, or else its own; `levelsNs` in order of time. */
function levelOf(levelsNs: readonly number[], { levelNs: wantedNs }: NetworkTimingOptions): number {
  if (wantedNs !== undefined && !Number.isNaN(wantedNs)) {
    const fromNs = wantedNs * (1 - WANTED_LEVEL);
    if (levelsNs.filter((ns) => isSameLevel(ns, fromNs)).length >= WANTED_SHARE * levelsNs.length) return fromNs;
  }
  return ownLevel(levelsNs);
}

function ofLevel(samples: readonly Sample[], levelNs: number): Sample[] {
  return samples.filter(({ referenceNs }) => isSameLevel(referenceNs, levelNs));
}

/** One sample of a network: milliseconds, and what the reference kernel took at the time. */
interface Sample {
  ms: number;
  referenceNs: number;
}

/** The samples that were taken at the machine's own speed; all of a network of which there is none. */
function atOneLevel(samples: readonly Sample[][], levelNs: number): NetworkTimes {
  const kept = samples.map((own) => ofLevel(own, levelNs));
  const atLevel = kept.map(({ length }) => length > 0);
  const times = kept.map((own, i) => summarizeSamples((atLevel[i] ? own : samples[i]).map(({ ms }) => ms)));
  const metNs = kept.flat().map(({ referenceNs }) => referenceNs);
  return { times, levelNs: metNs.length > 0 ? Math.min(...metNs) : levelNs, atLevel };
}

/** The mean of visits in a row; undefined if every run was disturbed. */
async function takeSample(session: Session, input: NetworkInput, stopwatch: Stopwatch): Promise<Sample | undefined> {
  const at = stopwatch.positions.next();
  await stopwatch.reference.settle(stopwatch);
  const { repeats } = at(() => warmSession(session, input, stopwatch.clock));
  const timer = new RunTimer(session, input, stopwatch);
  const visitsNs: number[] = [];
  for (let sumNs = 0; sumNs < SAMPLE_NS || visitsNs.length < SAMPLE_VISITS; ) {
    const { runsNs } = await timer.calmRuns(repeats, at);
    if (runsNs.length === 0) break;
    visitsNs.push(undisturbedNs(runsNs, stopwatch));
    sumNs += sum(runsNs) * timer.runs;
  }
  return visitsNs.length === 0 ? undefined : { ms: mean(visitsNs) / 1e6, referenceNs: stopwatch.reference.levelNs };
}
