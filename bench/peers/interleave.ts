import { Random } from '../../src/core/random.ts';
import { summarizeSamples } from '../../src/measure/statistics.ts';
import type { Runner, Timed } from './contestants.ts';

export interface InterleaveOptions {
  rounds: number;
  /** One sample repeats a runner until it lasts about this long. */
  sampleMs: number;
  warmUpMs: number;
}

async function batchMs(runner: Runner, runs: number): Promise<number> {
  const start = performance.now();
  if (runner.isAsync) for (let i = 0; i < runs; i++) await runner.run();
  else for (let i = 0; i < runs; i++) runner.run();
  return (performance.now() - start) / runs;
}

/** Warms every runner up, then times them in rounds, each in a new order, so that drift meets all alike. */
export async function interleave(runners: readonly Runner[], options: InterleaveOptions): Promise<Timed[]> {
  const timed = runners.map((runner): Timed => ({ runner, samplesMs: [] }));
  const runs = new Map<Runner, number>();
  for (const runner of runners) {
    let ms = await batchMs(runner, 1);
    const until = performance.now() + options.warmUpMs;
    while (performance.now() < until) ms = Math.min(ms, await batchMs(runner, 3));
    runs.set(runner, Math.max(Math.round(options.sampleMs / ms), 1));
  }
  const random = new Random(1);
  const order = [...timed];
  for (let round = 0; round < options.rounds; round++) {
    for (const { runner, samplesMs } of random.shuffle(order)) samplesMs.push(await batchMs(runner, runs.get(runner)!));
  }
  return timed;
}

/** Median of the ratios of one round's samples, with its 95% interval: how many times as fast `fast` is. */
export function speedup(slow: Timed, fast: Timed): { median: number; low: number; high: number } {
  const { median, low, high } = summarizeSamples(slow.samplesMs.map((ms, round) => ms / fast.samplesMs[round]));
  return { median, low, high };
}

export function medianMs({ samplesMs }: Timed): number {
  return summarizeSamples(samplesMs).median;
}

/** The geometric mean. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
