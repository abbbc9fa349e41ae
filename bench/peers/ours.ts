import { Random } from '../../src/core/random.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { rankedVariants } from '../../src/kernels/ranking.ts';
import type { KernelVariant } from '../../src/kernels/types.ts';
import { entryKey } from '../../src/lut/entry-key.ts';
import { Contestant } from '../../src/measure/contestant.ts';
import { raceVariants } from '../../src/measure/race.ts';
import type { Workload } from '../../src/network/workload.ts';
import { nodeClock } from '../../src/node/clock.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import type { Runner } from './contestants.ts';

/** A scheme's runner, and which variant won the race for it. */
export interface OurRunner extends Runner {
  scheme: Scheme;
  variant: KernelVariant;
}

const SILENT = { pause: async () => {}, cancellation: { aborted: false }, onProgress: () => {} };

/** The workload as a scheme meets it: f32 layers read and write f32. */
export function workloadFor(workload: Workload, scheme: Scheme): Workload {
  return scheme === 'f32' ? { ...workload, input: 'f32', output: 'f32' } : workload;
}

/**
 * For each scheme the variant that wins the product's own race on this layer; schemes served by one variant share a runner.
 */
export async function ourRunners(engine: Engine, workload: Workload, schemes: readonly Scheme[]): Promise<OurRunner[]> {
  const subjects = new Map(
    schemes.map((scheme) => {
      const subject = { workload: workloadFor(workload, scheme), scheme };
      return [entryKey(subject.workload, scheme), subject];
    }),
  );
  const ranking = await raceVariants({ engine, clock: nodeClock, ...SILENT }, subjects);
  const contestants = new Map<string, Contestant>();
  return [...subjects].map(([key, { workload: own, scheme }]) => {
    const [variant] = rankedVariants(ranking, key);
    let contestant = contestants.get(variant.id);
    if (!contestant) {
      contestant = new Contestant(engine, nodeClock, variant, own, variant.scheme, new Random(1));
      contestants.set(variant.id, contestant);
    }
    const shared = contestant;
    return { name: `bitbudget ${scheme}`, scheme, variant, run: () => shared.run(), dispose: () => shared.dispose() };
  });
}
