import { setTimeout as sleep } from 'node:timers/promises';
import type { Cancellation, Progress } from '../core/ports.ts';
import { openDataset } from '../data/open.ts';
import { calibrate } from '../engine/calibrate.ts';
import { Engine } from '../engine/engine.ts';
import { loadKernels } from '../kernels/load.ts';
import type { Bench } from '../measure/surroundings.ts';
import { foldNetwork } from '../network/fold.ts';
import type { Network } from '../network/types.ts';
import type { CalibrationMethod } from '../quant/calibration.ts';
import { type QuantizationSource, quantizationSource } from '../quant/quantize.ts';
import { nodeClock, nodeInterruptions } from './clock.ts';
import { loadKernelModule } from './kernel-files.ts';
import { type OpenedNetwork, type OpenNetworkOptions, openNetwork } from './open-network.ts';

/** How activations are calibrated; part of every candidate. */
export interface CalibrationSettings {
  method: CalibrationMethod;
  dataset: string;
  samples: number;
  seed: number;
}

export const DEFAULT_CALIBRATION: CalibrationSettings = { method: 'mse', dataset: 'builtin', samples: 64, seed: 1 };

/** A network opened, folded, calibrated and ready to be quantized and run in this process. */
export interface Workbench {
  opened: OpenedNetwork;
  folded: Network;
  engine: Engine;
  source: QuantizationSource;
  calibration: CalibrationSettings;
  /** The images that calibration saw, raw pixels. */
  images: Uint8Array[];
  /** What measuring needs, around this engine. */
  bench(surroundings: { cancellation: Cancellation; onProgress: Progress }): Bench;
}

/**
 * Opens a network and calibrates it over the calibration split of a dataset.
 *
 * @param disabled kernel variants that failed their self-test on this device.
 * @throws {BitbudgetError} `usage` for unknown names, `damaged-file` for bad weights.
 */
export async function openWorkbench(
  networkName: string,
  options: OpenNetworkOptions & { calibration?: CalibrationSettings; disabled?: ReadonlySet<string> } = {},
): Promise<Workbench> {
  const opened = await openNetwork(networkName, options);
  const folded = foldNetwork(opened.network);
  const engine = new Engine(loadKernels(await loadKernelModule()), options.disabled);
  const calibration = options.calibration ?? DEFAULT_CALIBRATION;
  const { samples, seed } = calibration;
  const dataset = openDataset({ name: calibration.dataset, split: 'calibration', samples, seed });
  const images = Array.from({ length: dataset.count }, (_, i) => dataset.pixels(i));
  const source = quantizationSource(folded, calibrate(engine, folded, images, calibration));
  return {
    opened,
    folded,
    engine,
    source,
    calibration,
    images,
    bench: ({ cancellation, onProgress }) => ({
      engine,
      source,
      input: images[0],
      clock: nodeClock,
      interruptions: nodeInterruptions,
      // a timer of 0 ms still lets signals and output through
      pause: (ms) => sleep(ms),
      cancellation,
      onProgress,
    }),
  };
}
