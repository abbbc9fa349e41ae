import { quantileSorted } from 'simple-statistics';
import { Random } from '../../src/core/random.ts';
import { summarizeSamples } from '../../src/measure/statistics.ts';
import { nodeInterruptions } from '../../src/node/clock.ts';
import { quantile } from '../harness.ts';
import type { Runner, Timed } from './contestants.ts';

export interface InterleaveOptions {
  rounds: number;
  /** One sample repeats a runner until it lasts about this long. */
  sampleMs: number;
  /** Each runner runs at least this long beforehand … */
  warmUpMs: number;
  /** … and until this many batches in a row bring nothing faster: engines compile their hot loops while they run. */
  steadyBatches: number;
}

/** However unsteady it is, warming a runner up ends after so many times `warmUpMs`. */
const LONGEST_WARM_UP = 20;
/** A batch is faster than those before it if it takes less than this share of their time. */
const FASTER = 0.97;
/** A sample during which another process ran is taken again, at most so many times; then the fastest counts. */
const ATTEMPTS = 4;

async function batchMs(runner: Runner, runs: number): Promise<number> {
  const start = performance.now();
  if (runner.isAsync) for (let i = 0; i < runs; i++) await runner.run();
  else for (let i = 0; i < runs; i++) runner.run();
  return (performance.now() - start) / runs;
}

/** Runs until the time of a run is steady; returns the shortest. */
async function warmUp(runner: Runner, { sampleMs, warmUpMs, steadyBatches }: InterleaveOptions): Promise<number> {
  let fastest = await batchMs(runner, 1);
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  for (let steady = 0; elapsed() < warmUpMs || steady < steadyBatches; steady++) {
    if (elapsed() > LONGEST_WARM_UP * warmUpMs) break;
    const ms = await batchMs(runner, Math.max(Math.round(sampleMs / fastest), 3));
    if (ms < fastest * FASTER) steady = 0;
    fastest = Math.min(fastest, ms);
  }
  return fastest;
}

async function sample({ runner, timed, runs }: Entry): Promise<void> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = nodeInterruptions.contextSwitches();
    const ms = await batchMs(runner, runs);
    const disturbed = nodeInterruptions.contextSwitches() !== before;
    fastest = Math.min(fastest, ms);
    if (!disturbed) {
      timed.samplesMs.push(ms);
      return;
    }
  }
  timed.samplesMs.push(fastest);
  timed.interrupted++;
}

interface Entry {
  runner: Runner;
  timed: Timed;
  runs: number;
}

/** Warms every runner up, then times them in rounds, each in a new order, so that drift meets all alike. */
export async function interleave(runners: readonly Runner[], options: InterleaveOptions): Promise<Timed[]> {
  const entries: Entry[] = [];
  for (const runner of runners) {
    const ms = await warmUp(runner, options);
    const timed = { name: runner.name, samplesMs: [], interrupted: 0 };
    entries.push({ runner, timed, runs: Math.max(Math.round(options.sampleMs / ms), 1) });
  }
  const random = new Random(1);
  const order = [...entries];
  for (let round = 0; round < options.rounds; round++) {
    for (const entry of random.shuffle(order)) await sample(entry);
  }
  return entries.map(({ timed }) => timed);
}

/** A ratio with its 95% interval. */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

const RESAMPLES = 400;

/**
 * How many times as fast `fast` is as `slow`: the ratio of their medians. The interval is that of a bootstrap over rounds
 * (percentiles of {@link RESAMPLES} resamples), which keeps what was measured together together.
 *
 * @param less what is taken off `slow` in each round, such as an empty call of the same interface.
 */
export function speedup(slow: Timed, fast: Timed, less?: Timed): Ratio {
  const net = slow.samplesMs.map((ms, round) => Math.max(ms - (less?.samplesMs[round] ?? 0), 0));
  const random = new Random(1);
  const rounds = net.length;
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => random.below(rounds));
    return (
      quantile(
        drawn.map((r) => net[r]),
        0.5,
      ) /
      quantile(
        drawn.map((r) => fast.samplesMs[r]),
        0.5,
      )
    );
  }).sort((a, b) => a - b);
  return {
    median: quantile(net, 0.5) / medianMs(fast),
    low: quantileSorted(ratios, 0.025),
    high: quantileSorted(ratios, 0.975),
  };
}

export function medianMs({ samplesMs }: Timed): number {
  return summarizeSamples(samplesMs).median;
}

export function tenthPercentileMs({ samplesMs }: Timed): number {
  return quantile(samplesMs, 0.1);
}

/** The geometric mean. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
