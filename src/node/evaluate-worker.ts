import { countCorrectShared } from '../accuracy/top1.ts';
import type { DatasetSpec } from '../data/open.ts';
import { Engine } from '../engine/engine.ts';
import { loadForEvaluation } from '../engine/evaluation-variants.ts';
import { SharedRuns } from '../engine/shared-runs.ts';
import { type KernelModules, loadKernels } from '../kernels/load.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';
import { serveTasks } from './worker-tasks.ts';

/** What a thread is started with; it loads every network once. */
export interface EvaluateWorkerData {
  networks: QuantizedNetwork[];
  dataset: DatasetSpec;
  disabled: string[];
  /** Compiled once for all threads. */
  modules: KernelModules;
}

/** A stretch of the dataset: images `from` to `to` − 1. */
export interface EvaluateTask {
  from: number;
  to: number;
}

serveTasks<EvaluateWorkerData, EvaluateTask, number[]>(({ networks, dataset, disabled, modules }) => {
  const engine = new Engine(loadKernels(modules), new Set(disabled));
  const runs = new SharedRuns(loadForEvaluation(engine, networks));
  const images = openDatasetOnDisk(dataset);
  return ({ from, to }) => countCorrectShared(runs, images, from, to);
});
