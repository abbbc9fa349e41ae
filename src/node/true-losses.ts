import type { Cancellation, Progress } from '../core/ports.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { Design } from '../quant/design.ts';
import type { DesignBuilder } from './designs.ts';
import { evaluateNetworks } from './evaluate.ts';

export interface TrueLossOptions {
  /** Images that neither calibration nor the proxies look at. */
  dataset: DatasetSpec;
  workers?: number;
  /** Variants that failed their self-test. */
  disabled?: Iterable<string>;
  onProgress: Progress;
  cancellation: Cancellation;
}

/** Networks that are loaded at once; each takes its activations in every thread. */
const TOGETHER = 24;

/**
 * One minus the top-1 accuracy of each design, run on images.
 *
 * @throws {BitbudgetError} `interrupted`, `input` where the images do not fit the network.
 */
export async function trueLosses(
  builder: DesignBuilder,
  designs: readonly Design[],
  { dataset, workers, disabled, onProgress, cancellation }: TrueLossOptions,
): Promise<number[]> {
  const losses: number[] = [];
  for (let from = 0; from < designs.length; from += TOGETHER) {
    const group = designs.slice(from, from + TOGETHER);
    const results = await evaluateNetworks(
      group.map((design) => builder.quantize(design)),
      {
        ...{ dataset, workers, disabled, cancellation },
        onProgress: (_, share) => onProgress('running candidates', (from + share * group.length) / designs.length),
      },
    );
    losses.push(...results.map(({ top1 }) => 1 - top1));
  }
  return losses;
}
