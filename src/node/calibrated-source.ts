import { BitbudgetError } from '../core/errors.ts';
import { openDataset } from '../data/open.ts';
import { calibrate } from '../engine/calibrate.ts';
import type { Engine } from '../engine/engine.ts';
import type { Network } from '../network/types.ts';
import type { CalibrationMethod } from '../quant/calibration.ts';
import { type QuantizationSource, quantizationSource } from '../quant/quantize.ts';

/** How activations are calibrated; part of every candidate. */
export interface CalibrationSettings {
  method: CalibrationMethod;
  dataset: string;
  samples: number;
  seed: number;
}

export const DEFAULT_CALIBRATION: CalibrationSettings = { method: 'mse', dataset: 'builtin', samples: 64, seed: 1 };

/** Images of a dataset's calibration split, raw pixels. */
export function calibrationImages({ dataset, samples, seed }: CalibrationSettings): Uint8Array[] {
  const opened = openDataset({ name: dataset, split: 'calibration', samples, seed });
  return Array.from({ length: opened.count }, (_, i) => opened.pixels(i));
}

/**
 * Calibrates a folded network with weights, so that candidates of it can be quantized.
 *
 * @throws {BitbudgetError} `input` if the images of the dataset are not of the network's input shape.
 */
export function calibratedSource(engine: Engine, folded: Network, settings: CalibrationSettings): QuantizationSource {
  const images = calibrationImages(settings);
  const expected = folded.inputShape.reduce((product, size) => product * size, 1);
  if (images[0].length !== expected) {
    const problem = `Images of ${settings.dataset} do not fit the network's input of ${folded.inputShape.join('×')}.`;
    throw new BitbudgetError('input', problem, 'Calibrate with a dataset of that shape.');
  }
  return quantizationSource(folded, calibrate(engine, folded, images, settings));
}
