import { availableParallelism } from 'node:os';
import { assertDatasetFits, expectedImages } from '../accuracy/dataset-fit.ts';
import { shareWithInterval, type Top1 } from '../accuracy/top1.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';
import type { EvaluateTask, EvaluateWorkerData } from './evaluate-worker.ts';
import { loadKernelModules } from './kernel-files.ts';
import { createWorkerPool } from './worker-pool.ts';

export interface EvaluateOptions {
  dataset: DatasetSpec;
  /** Threads; all cores unless given. */
  workers?: number;
  /** Variants that failed their self-test. */
  disabled?: Iterable<string>;
  onProgress: Progress;
  cancellation: Cancellation;
}

/** Images that a thread labels before it reports back. */
const IMAGES_PER_TASK = 50;

/**
 * Top-1 accuracy of quantized networks on a dataset, streamed over worker threads: every image is drawn or decoded once
 * and run through all networks. Integer networks give the same result whatever the number of threads.
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
  const tasks: EvaluateTask[] = [];
  for (let from = 0; from < count; from += IMAGES_PER_TASK)
    tasks.push({ from, to: Math.min(from + IMAGES_PER_TASK, count) });
  const workers = Math.min(options.workers ?? availableParallelism(), tasks.length);
  const data: EvaluateWorkerData = {
    networks,
    dataset: spec,
    disabled: [...(options.disabled ?? [])],
    modules: await loadKernelModules(),
  };
  const pool = createWorkerPool<EvaluateTask, number[]>(
    new URL('./evaluate-worker.ts', import.meta.url),
    workers,
    data,
  );
  const correct = networks.map(() => 0);
  let done = 0;
  try {
    await Promise.all(
      tasks.map(async (task) => {
        const counts = await pool.run(task);
        if (options.cancellation.aborted)
          throw new BitbudgetError('interrupted', 'The evaluation was interrupted.', 'Start it again when ready.');
        for (const [i, n] of counts.entries()) correct[i] += n;
        options.onProgress('evaluating', ++done / tasks.length);
      }),
    );
  } finally {
    await pool.close();
  }
  return correct.map((n) => shareWithInterval(n, count));
}
