import type { Cancellation } from '../core/ports.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { Design } from '../quant/design.ts';
import type { AccuracySource } from '../study/index.ts';
import type { DesignBuilder } from './designs.ts';
import { evaluateNetworks } from './evaluate.ts';

export interface MeasuredAccuracyOptions {
  /** Images that the search may look at; the test images of the front should be others. */
  dataset: DatasetSpec;
  workers?: number;
  /** Variants that failed their self-test. */
  disabled?: Iterable<string>;
  cancellation: Cancellation;
}

/** Another draw than that of calibration, which has seed 1. */
export const SEARCH_IMAGES_SEED = 2;

/**
 * Accuracy during a search by running every candidate: reduced and quantized after training, from the whole network's
 * weights, and run on images. One minus the share that it labels rightly is the loss.
 */
export function measuredAccuracy(builder: DesignBuilder, options: MeasuredAccuracyOptions): AccuracySource<Design> {
  const { workers, disabled, cancellation } = options;
  const dataset = { seed: SEARCH_IMAGES_SEED, ...options.dataset };
  return {
    kind: 'measured',
    async losses(designs) {
      const networks = designs.map((design) => builder.quantize(design));
      const surroundings = { onProgress: () => {}, cancellation };
      const results = await evaluateNetworks(networks, { ...surroundings, dataset, workers, disabled });
      return results.map(({ top1 }) => 1 - top1);
    },
    accuracyOf: (loss) => 1 - loss,
  };
}
