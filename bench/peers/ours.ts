import type { Engine } from '../../src/engine/engine.ts';
import type { KernelVariant } from '../../src/kernels/types.ts';
import { entryKey } from '../../src/lut/entry-key.ts';
import { raceVariants } from '../../src/measure/race.ts';
import type { Workload } from '../../src/network/workload.ts';
import { nodeClock } from '../../src/node/clock.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { type BenchmarkLayer, benchmarkLayer, placeKernel, workloadFor } from '../harness.ts';
import type { LayerRunner } from './contestants.ts';

/** A scheme's runner, and which variant won the race for it. */
export interface OurRunner extends LayerRunner {
  scheme: Scheme;
  variant: KernelVariant;
  benchmark: BenchmarkLayer;
}

/** For a race without a display. */
export const SILENT = { pause: async () => {}, cancellation: { aborted: false }, onProgress: () => {} };

const SEED = 1;

/**
 * For each scheme the variant that wins the product's own race on this layer, with the layer's weights; a variant that
 * wins several schemes is placed once, with the numbers of the first, and its runner is shared.
 */
export async function ourRunners(engine: Engine, workload: Workload, schemes: readonly Scheme[]): Promise<OurRunner[]> {
  const subjects = new Map(
    schemes.map((scheme) => {
      const subject = { workload: workloadFor(workload, scheme), scheme };
      return [entryKey(subject.workload, scheme), subject];
    }),
  );
  const ranking = await raceVariants({ engine, clock: nodeClock, ...SILENT }, subjects);
  const runners: OurRunner[] = [];
  for (const scheme of schemes) {
    const benchmark = benchmarkLayer(workload, scheme, SEED);
    const variant = engine.variantOf(benchmark.layer, { ranking });
    const placed = runners.find((runner) => runner.variant.id === variant.id);
    if (placed) {
      runners.push({ ...placed, scheme });
      continue;
    }
    const kernel = placeKernel(engine, variant, benchmark);
    const output = () => {
      kernel.run();
      return kernel.output();
    };
    runners.push({ name: `bitbudget ${scheme}`, scheme, variant, benchmark, ...kernel, output });
  }
  return runners;
}
