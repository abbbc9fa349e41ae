import { countCorrect } from '../accuracy/top1.ts';
import type { DatasetSpec } from '../data/open.ts';
import { Engine } from '../engine/engine.ts';
import { loadKernels } from '../kernels/load.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';
import { loadKernelModules } from './kernel-files.ts';
import { serveTasks } from './worker-tasks.ts';

/** What a thread is started with; it loads every network once. */
export interface EvaluateWorkerData {
  networks: QuantizedNetwork[];
  dataset: DatasetSpec;
  disabled: string[];
}

/** A stretch of the dataset: images `from` to `to` − 1. */
export interface EvaluateTask {
  from: number;
  to: number;
}

serveTasks<EvaluateWorkerData, EvaluateTask, number[]>(async ({ networks, dataset, disabled }) => {
  const engine = new Engine(loadKernels(await loadKernelModules()), new Set(disabled));
  const sessions = networks.map((network) => engine.load(network));
  const images = openDatasetOnDisk(dataset);
  return ({ from, to }) => countCorrect(sessions, images, from, to);
});
