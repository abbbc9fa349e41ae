import { setTimeout as sleep } from 'node:timers/promises';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { Engine } from '../engine/engine.ts';
import { cacheEviction } from '../measure/cache-eviction.ts';
import { ReferenceKernel } from '../measure/reference-kernel.ts';
import { StackPositions } from '../measure/stack-positions.ts';
import type { Bench } from '../measure/surroundings.ts';
import { foldNetwork } from '../network/fold.ts';
import type { Network } from '../network/types.ts';
import type { QuantizationSource, Rounding } from '../quant/quantize.ts';
import { lastCacheBytes } from './cache-sizes.ts';
import {
  type CalibrationSettings,
  calibratedSource,
  calibrationImages,
  calibrationLabels,
  DEFAULT_CALIBRATION,
} from './calibrated-source.ts';
import { interruptionCounter, nodeClock } from './clock.ts';
import { conditionsReader } from './conditions.ts';
import { isModelFile } from './model-files.ts';
import { createEngine, type EngineOptions } from './network-engine.ts';
import { type OpenedNetwork, type OpenNetworkOptions, openNetwork } from './open-network.ts';

/** A network opened, folded, calibrated and ready to be quantized and run in this process. */
export interface Workbench {
  opened: OpenedNetwork;
  folded: Network;
  engine: Engine;
  source: QuantizationSource;
  calibration: CalibrationSettings;
  /** The images that calibration saw, raw pixels. */
  images: Uint8Array[];
  /** Their classes, where those are the network's own. */
  labels?: number[];
  /** What measuring needs, around this engine. */
  bench(surroundings: { cancellation: Cancellation; onProgress: Progress }): Bench;
}

/**
 * Opens a network and calibrates it over the calibration split of a dataset.
 *
 * @param networkName a zoo name or the path of a model file.
 * @param options.disabled kernel variants that failed their self-test on this device.
 * @param options.threads as `createEngine` takes it; `engine.dispose()` ends them.
 * @throws {BitbudgetError} `usage` for unknown names, `damaged-file` for bad weights.
 */
export async function openWorkbench(
  networkName: string,
  options: OpenNetworkOptions & EngineOptions & { calibration?: CalibrationSettings; rounding?: Rounding } = {},
): Promise<Workbench> {
  const opened = await openNetwork(networkName, options);
  const folded = foldNetwork(opened.network);
  const { engine } = await createEngine(options);
  const calibration = options.calibration ?? DEFAULT_CALIBRATION;
  const calibrated = calibratedSource(engine, folded, calibration);
  const source = options.rounding ? { ...calibrated, rounding: options.rounding } : calibrated;
  const images = calibrationImages(calibration, folded.inputShape);
  // the classes of the built-in images are those of the zoo's networks alone
  const foreign = isModelFile(networkName) && calibration.dataset === 'builtin';
  const labels = foreign ? undefined : calibrationLabels(calibration, folded);
  return {
    opened,
    folded,
    engine,
    source,
    calibration,
    images,
    ...(labels && { labels }),
    bench: (surroundings) => ({
      ...surroundings,
      engine,
      source,
      input: images[0],
      clock: nodeClock,
      interruptions: interruptionCounter(options.threads),
      reference: new ReferenceKernel(engine.kernels.referenceLoop, nodeClock),
      positions: new StackPositions(),
      sensors: conditionsReader().sensors,
      evictCaches: cacheEviction(lastCacheBytes()),
      pause: sleep, // even 0 ms lets signals and output through
    }),
  };
}
