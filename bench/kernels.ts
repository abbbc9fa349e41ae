/**
 * Times every variant on the convolutions of ResNet-20, interleaved so that drift hits all alike, and prints medians:
 * `npx tsx bench/kernels.ts [rounds] [text in the layer's name]`. Built kernels are needed: `npm run build:kernels`.
 */

import { runsLayer } from '../src/kernels/ranking.ts';
import { variantsFor } from '../src/kernels/registry.ts';
import { workloadMacs } from '../src/network/workload.ts';
import { createEngine } from '../src/node/network-engine.ts';
import type { Scheme } from '../src/quant/scheme.ts';
import { benchmarkLayer, median, type PlacedKernel, placeKernel, timeRuns } from './harness.ts';
import { BENCH_LAYERS } from './peers/layers.ts';

const rounds = Number(process.argv[2] ?? 40);
const wanted = process.argv[3] ?? '';
/** One sample repeats a kernel until it lasts about this long: far above the clock's step. */
const SAMPLE_MS = 0.4;
/** ResNet-20's layers come first in the list that is shared with the comparison of peers. */
const RESNET20_LAYERS = 8;

/** From wide to narrow: each variant is timed in the first of them that it serves. */
const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w8a7', 'w4a8', 'w4a4', 'w2a4', 'w2a2', 'w1a4', 'w1a2', 'w1a1'];

interface Runner {
  id: string;
  kernel: PlacedKernel;
  repeats: number;
  samplesMs: number[];
}

const { engine } = await createEngine();
const layers = wanted
  ? BENCH_LAYERS.filter(({ name }) => name.includes(wanted))
  : BENCH_LAYERS.slice(0, RESNET20_LAYERS);
for (const { name, workload } of layers) {
  const runners = new Map<string, Runner>();
  for (const scheme of SCHEMES) {
    const benchmark = benchmarkLayer(workload, scheme, 1);
    for (const variant of variantsFor(benchmark.layer.workload, scheme, { ...engine.limits, approximate: true })) {
      if (runners.has(variant.id) || !runsLayer(variant, benchmark.layer)) continue;
      const kernel = placeKernel(engine, variant, benchmark);
      runners.set(variant.id, { id: variant.id, kernel, repeats: 1, samplesMs: [] });
    }
  }
  for (const runner of runners.values()) {
    timeRuns(runner.kernel.run, 20);
    runner.repeats = Math.max(Math.round(SAMPLE_MS / timeRuns(runner.kernel.run, 1)), 1);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { kernel, repeats, samplesMs } of runners.values()) samplesMs.push(timeRuns(kernel.run, repeats));
  }
  const operations = 2 * workloadMacs(workload);
  process.stdout.write(`${name}\n`);
  const first = median([...runners.values()][0].samplesMs);
  for (const { id, kernel, samplesMs } of runners.values()) {
    const ms = median(samplesMs);
    const columns = [ms.toFixed(4), (operations / ms / 1e6).toFixed(1), (first / ms).toFixed(2)];
    process.stdout.write(`  ${id.padEnd(40)} ${columns[0]} ms  ${columns[1]} Gop/s  ${columns[2]} x f32\n`);
    kernel.dispose();
  }
}
