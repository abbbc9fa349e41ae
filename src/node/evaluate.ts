import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assertDatasetFits, expectedImages } from '../accuracy/dataset-fit.ts';
import { shareWithInterval, type Top1 } from '../accuracy/top1.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';
import { type EvaluationJob, EvaluationTally, openSeat } from './evaluation-seat.ts';
import { loadKernelModules } from './kernel-files.ts';
import { createWorkerPool } from './worker-pool.ts';

export interface EvaluateOptions {
  dataset: DatasetSpec;
  /** Threads, this one among them; all cores unless given. */
  workers?: number;
  /** Variants that failed their self-test. */
  disabled?: Iterable<string>;
  onProgress: Progress;
  cancellation: Cancellation;
}

/** How long this thread evaluates before others, such as the one that interrupts it, have a word. */
const TURN_MS = 20;

/**
 * Top-1 accuracy of quantized networks on a dataset, streamed over threads: every image is drawn or decoded once and run
 * through all networks. This thread evaluates too, and before the others are ready. Integer networks give the same
 * result whatever the number of threads.
 *
 * @throws {BitbudgetError} `interrupted` if the user cancels, `input` where the images or their classes do
 * not fit the network.
 */
export async function evaluateNetworks(networks: QuantizedNetwork[], options: EvaluateOptions): Promise<Top1[]> {
  const [first] = networks;
  if (!first) return [];
  const spec = { expected: expectedImages(first.folded), ...options.dataset };
  const dataset = openDatasetOnDisk(spec);
  const { count } = dataset;
  for (const { folded } of networks) assertDatasetFits(folded, dataset);
  const job: EvaluationJob = {
    networks,
    dataset: spec,
    disabled: [...(options.disabled ?? [])],
    modules: await loadKernelModules(),
    tally: EvaluationTally.memory(networks.length),
    count,
  };
  const tally = new EvaluationTally(job.tally, count);
  const others = Math.min(options.workers ?? availableParallelism(), count) - 1;
  const threads = others > 0 ? startThreads(others, job, tally) : undefined;
  try {
    await evaluateHere(job, options);
    if (tally.done < count) await threads?.finished;
  } finally {
    tally.stop();
    await threads?.pool.close();
  }
  if (options.cancellation.aborted) throw interrupted();
  options.onProgress('evaluating', 1);
  return tally.correct.map((n) => shareWithInterval(n, count));
}

/** Threads beside this one; `finished` when the last of those at work is done, though others have come too late for any. */
function startThreads(threads: number, job: EvaluationJob, tally: EvaluationTally) {
  const pool = createWorkerPool<null, null>(new URL('./evaluate-worker.ts', import.meta.url), threads, job);
  const runs = Array.from({ length: threads }, () => pool.run(null));
  const finished = new Promise<void>((resolve, reject) => {
    for (const run of runs) run.then(() => tally.done === job.count && resolve(), reject);
  });
  finished.catch(() => {}); // whoever waits for it hears of it
  return { pool, finished };
}

async function evaluateHere(job: EvaluationJob, { cancellation, onProgress }: EvaluateOptions): Promise<void> {
  const { tally, evaluateNext } = openSeat(job);
  let since = performance.now();
  while (evaluateNext()) {
    if (performance.now() - since < TURN_MS) continue;
    onProgress('evaluating', tally.done / job.count);
    await nextTurn();
    since = performance.now();
    if (cancellation.aborted) throw interrupted();
  }
}

function interrupted(): BitbudgetError {
  return new BitbudgetError('interrupted', 'The evaluation was interrupted.', 'Start it again when ready.');
}
