import { expectedImages } from '../accuracy/dataset-fit.ts';
import { fitImage } from '../data/fit.ts';
import type { ImageOptions } from '../data/image/transform.ts';
import { calibrate } from '../engine/calibrate.ts';
import type { Engine } from '../engine/engine.ts';
import { observeMoments } from '../engine/input-moments.ts';
import type { Network, Shape } from '../network/types.ts';
import type { CalibrationMethod } from '../quant/calibration.ts';
import { equaliseNetwork } from '../quant/post-training/equalise.ts';
import { needsMoments, type PostTrainingMethod } from '../quant/post-training/methods.ts';
import { type QuantizationSource, quantizationSource } from '../quant/quantize.ts';
import { openDatasetOnDisk } from './dataset-files.ts';

/** How activations are calibrated; part of every candidate. */
export interface CalibrationSettings {
  method: CalibrationMethod;
  /** Name or path. */
  dataset: string;
  samples: number;
  seed: number;
  /** What is done beyond choosing ranges; nothing unless given. */
  methods?: PostTrainingMethod[];
  /** How its images are brought to the network's size and colours. */
  images?: ImageOptions;
}

export const DEFAULT_CALIBRATION: CalibrationSettings = { method: 'mse', dataset: 'builtin', samples: 64, seed: 1 };

/** Images of a dataset's calibration split, raw pixels, brought to the network's input shape where theirs is another. */
export function calibrationImages(settings: CalibrationSettings, shape: Shape): Uint8Array[] {
  const opened = calibrationSet(settings, shape);
  return Array.from({ length: opened.count }, (_, i) => fitImage(opened.pixels(i), opened.imageShape, shape));
}

/**
 * The classes of the same images; undefined where the dataset has another number of them than the network has outputs,
 * and they are no classes of its own.
 */
export function calibrationLabels(
  settings: CalibrationSettings,
  network: Pick<Network, 'inputShape' | 'layers'>,
): number[] | undefined {
  const opened = calibrationSet(settings, network.inputShape);
  if (opened.classes.length !== expectedImages(network).classes) return undefined;
  return Array.from({ length: opened.count }, (_, i) => opened.label(i));
}

function calibrationSet({ dataset: name, samples, seed, images }: CalibrationSettings, shape: Shape) {
  return openDatasetOnDisk({ name, split: 'calibration', samples, seed, images, expected: { shape } });
}

/** Calibrates a folded network with weights, so that candidates of it can be quantized. */
export function calibratedSource(engine: Engine, folded: Network, settings: CalibrationSettings): QuantizationSource {
  const images = calibrationImages(settings, folded.inputShape);
  const { methods = [] } = settings;
  const prepared = methods.includes('equalise') ? equaliseNetwork(folded) : folded;
  const calibration = calibrate(engine, prepared, images, settings);
  if (!needsMoments(methods)) return quantizationSource(prepared, calibration);
  const moments = observeMoments(engine, prepared, calibration, images);
  return quantizationSource(prepared, calibration, { methods, moments });
}
