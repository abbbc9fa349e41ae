import { countCorrectShared } from '../accuracy/top1.ts';
import type { DatasetSpec } from '../data/open.ts';
import { Engine } from '../engine/engine.ts';
import { loadForEvaluation } from '../engine/evaluation-variants.ts';
import { SharedRuns } from '../engine/shared-runs.ts';
import { type KernelModules, loadKernels } from '../kernels/load.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';

/** What a thread that evaluates is started with; it loads every network once. */
export interface EvaluationJob {
  networks: QuantizedNetwork[];
  dataset: DatasetSpec;
  disabled: string[];
  /** Compiled once for all threads. */
  modules: KernelModules;
  /** The memory of the {@link EvaluationTally} that all threads share. */
  tally: SharedArrayBuffer;
  /** Images of the dataset. */
  count: number;
}

/** Runs of one image through one network that a thread takes at a time: few, so that all end together. */
const RUNS_TAKEN = 8;

const NEXT = 0;
const DONE = 1;
const CORRECT = 2;

/** Which images are taken and done, and how many each network labelled rightly, in memory that threads share. */
export class EvaluationTally {
  private readonly counters: Int32Array;
  private readonly count: number;
  private readonly imagesTaken: number;

  /** @param count images in all, below 2³⁰. */
  constructor(memory: SharedArrayBuffer, count: number) {
    this.counters = new Int32Array(memory);
    this.count = count;
    this.imagesTaken = Math.ceil(RUNS_TAKEN / (this.counters.length - CORRECT));
  }

  static memory(networks: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * (CORRECT + networks));
  }

  /** A stretch of images, `from` to `to` − 1, that no other thread gets; undefined where none are left. */
  take(): { from: number; to: number } | undefined {
    const from = Atomics.add(this.counters, NEXT, this.imagesTaken);
    if (from < this.count) return { from, to: Math.min(from + this.imagesTaken, this.count) };
    Atomics.store(this.counters, NEXT, this.count);
    return undefined;
  }

  /** Enters what a stretch has come to. */
  enter(images: number, correct: readonly number[]): void {
    for (const [network, right] of correct.entries()) Atomics.add(this.counters, CORRECT + network, right);
    Atomics.add(this.counters, DONE, images);
  }

  /** Leaves nothing for anyone to take. */
  stop(): void {
    Atomics.store(this.counters, NEXT, this.count);
  }

  get done(): number {
    return Atomics.load(this.counters, DONE);
  }

  /** One number a network. */
  get correct(): number[] {
    return [...this.counters.subarray(CORRECT)];
  }
}

/** One of the threads at work: `evaluateNext` takes a stretch of images and enters its result; false where none was left. */
export function openSeat(job: EvaluationJob): { tally: EvaluationTally; evaluateNext(): boolean } {
  const tally = new EvaluationTally(job.tally, job.count);
  const engine = new Engine(loadKernels(job.modules), new Set(job.disabled));
  const runs = new SharedRuns(loadForEvaluation(engine, job.networks));
  const images = openDatasetOnDisk(job.dataset);
  return {
    tally,
    evaluateNext() {
      const taken = tally.take();
      if (!taken) return false;
      tally.enter(taken.to - taken.from, countCorrectShared(runs, images, taken.from, taken.to));
      return true;
    },
  };
}
