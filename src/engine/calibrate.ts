import { BitbudgetError } from '../core/errors.ts';
import { INPUT, type Network } from '../network/types.ts';
import type { Calibration, CalibrationMethod } from '../quant/calibration.ts';
import { quantizationSource, quantizeNetwork } from '../quant/quantize.ts';
import { TensorStatistics } from '../quant/statistics.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import type { Engine } from './engine.ts';
import type { NetworkInput } from './input.ts';

export interface CalibrationOptions {
  method: CalibrationMethod;
  /** Name of the dataset the images come from, for the record. */
  dataset: string;
  seed: number;
}

/**
 * Observes every tensor of the f32 network over the given images, in two passes: ranges, then histograms. The f32
 * kernels keep a fixed order of operations, so the statistics are the same on every engine.
 *
 * @param folded a network from `foldNetwork`, with weights.
 * @throws {BitbudgetError} `input` without images.
 */
export function calibrate(
  engine: Engine,
  folded: Network,
  images: readonly NetworkInput[],
  options: CalibrationOptions,
): Calibration {
  if (images.length === 0) {
    throw new BitbudgetError('input', 'Calibration got 0 images.', 'Give at least one image; 64 is a sensible number.');
  }
  const statistics = new Map<string, TensorStatistics>([[INPUT, new TensorStatistics()]]);
  for (const layer of folded.layers) statistics.set(layer.name, new TensorStatistics());
  const calibration: Calibration = { ...options, samples: images.length, statistics };

  const real = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
  const session = engine.load(real);
  for (const image of images) {
    session.observe(image, (tensor, values) => statistics.get(tensor)!.observeRange(values as Float32Array));
  }
  for (const image of images) {
    session.observe(image, (tensor, values) => statistics.get(tensor)!.observeHistogram(values as Float32Array));
  }
  session.dispose();
  return calibration;
}
