import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { Random } from '../core/random.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { Anchor, quickest } from './anchor.ts';
import { type Summary, summarizeSamples } from './statistics.ts';
import { type Stopwatch, timeWhole } from './visit.ts';

export interface NetworkTimingOptions {
  /** Rounds over all networks, each in a new order. */
  rounds: number;
  /** Unmeasured runs after switching to a network. */
  warmRuns: number;
  /** Measured runs of a network in one round; their median is one sample. */
  runsPerRound: number;
}

export const DEFAULT_NETWORK_TIMING: NetworkTimingOptions = { rounds: 12, warmRuns: 6, runsPerRound: 5 };

const ATTEMPTS_PER_RUN = 4;
/** A sample during which the anchor was slowed down is taken again; of so many the least disturbed one counts. */
const ATTEMPTS_PER_SAMPLE = 5;

/**
 * The truth that predictions are held against: end-to-end latency of loaded networks, timed in interleaved rounds so
 * that drift meets all of them alike. One sample is the median of a round's runs; runs with a context switch are dropped,
 * and samples during which the anchor (the quickest network) was slowed down by other work are taken again.
 *
 * @returns for each session the median over rounds with its 95% interval, in milliseconds.
 * @throws {BitbudgetError} `interrupted` if the user cancels; `unsupported` if every run of a network was disturbed.
 */
export async function timeNetworks(
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
  random: Random,
  options: NetworkTimingOptions,
  surroundings: { cancellation: Cancellation; onProgress: Progress; pause: (ms: number) => Promise<void> },
): Promise<Summary[]> {
  const samplesMs = sessions.map(() => [] as number[]);
  const order = sessions.map((_, i) => i);
  const anchor = new Anchor(quickest(sessions, input, stopwatch.clock), input, stopwatch.clock);
  for (let round = 0; round < options.rounds; round++) {
    for (const index of random.shuffle(order)) {
      const ms = sampleMs(sessions[index], input, stopwatch, options, anchor);
      if (ms !== undefined) samplesMs[index].push(ms);
    }
    surroundings.onProgress('timing whole networks', (round + 1) / options.rounds);
    await surroundings.pause(0);
    if (surroundings.cancellation.aborted) {
      throw new BitbudgetError(
        'interrupted',
        'Timing was interrupted.',
        'Nothing was written; start again when ready.',
      );
    }
  }
  if (samplesMs.some((samples) => samples.length === 0)) {
    const problem = 'Every run of a network was disturbed by other work on this machine.';
    throw new BitbudgetError('unsupported', problem, 'Close other programs and measure again.');
  }
  return samplesMs.map(summarizeSamples);
}

/** One sample; undefined if there was a context switch in every run. */
function sampleMs(
  session: Session,
  input: NetworkInput,
  { clock, interruptions }: Stopwatch,
  { warmRuns, runsPerRound }: NetworkTimingOptions,
  anchor: Anchor,
): number | undefined {
  let sample: number | undefined;
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS_PER_SAMPLE; attempt++) {
    for (let run = 0; run < warmRuns; run++) timeWhole(session, input, clock);
    const runsMs: number[] = [];
    for (let run = 0; run < runsPerRound * ATTEMPTS_PER_RUN && runsMs.length < runsPerRound; run++) {
      const switches = interruptions.contextSwitches();
      const ns = timeWhole(session, input, clock);
      if (interruptions.contextSwitches() === switches) runsMs.push(ns / 1e6);
    }
    const { ms, disturbed } = anchor.read();
    if (runsMs.length === 0) continue;
    if (ms < leastMs) {
      leastMs = ms;
      sample = summarizeSamples(runsMs).median;
    }
    if (!disturbed) break;
  }
  return sample;
}
