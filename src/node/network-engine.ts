import { BitbudgetError } from '../core/errors.ts';
import { Engine } from '../engine/engine.ts';
import type { Session } from '../engine/session.ts';
import { foldNetwork } from '../network/fold.ts';
import { isWhole, reduceNetwork, reductionOf } from '../network/reduce/index.ts';
import type { Network } from '../network/types.ts';
import { type Candidate, candidateSchemes, quantizationSha256 } from '../quant/candidate.ts';
import { type QuantizationSource, quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import { type CalibrationSettings, calibratedSource, DEFAULT_CALIBRATION } from './calibrated-source.ts';
import { openKernels } from './kernel-threads.ts';
import { withPreprocessing } from './open-network.ts';

/** Loads whole networks: folds, calibrates on first use, quantizes, packs. */
export class NetworkEngine {
  readonly engine: Engine;
  private readonly reducedNetworks = new WeakMap<Network, Map<string, Network>>();
  private readonly sources = new WeakMap<Network, Map<string, QuantizationSource>>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Prepares a network to run.
   *
   * @param choice a candidate, or one scheme for the whole network; then the first convolution and the classifier stay
   * w8a8 (f32 for f32).
   * @throws {BitbudgetError} `mismatch` if calibration does not come out as the candidate recorded it.
   */
  load(network: Network, choice: Candidate | { scheme: Scheme }): Session {
    if ('scheme' in choice) {
      const source = this.source(network, DEFAULT_CALIBRATION);
      return this.engine.load(quantizeNetwork(source, uniformSchemes(source.folded, choice.scheme)));
    }
    const source = this.source(this.prepared(network, choice), choice.quantization);
    const quantized = quantizeNetwork(source, candidateSchemes(choice));
    if (quantizationSha256(quantized) !== choice.quantization.sha256) {
      const problem = `Quantizing ${choice.network} does not give the numbers that the candidate recorded.`;
      throw new BitbudgetError('mismatch', problem, 'Load it with the weights and the version that it was made with.');
    }
    return this.engine.load(quantized);
  }

  /** Ends the engine's threads, where there are some; its sessions cannot run afterwards. */
  dispose(): Promise<void> {
    return this.engine.dispose();
  }

  /** The network that a candidate left; the same for the same channels and pixels, so that calibration is shared. */
  private prepared(network: Network, candidate: Candidate): Network {
    const reduction = reductionOf(network, candidate.layers);
    const { preprocessing } = candidate;
    if (isWhole(reduction) && !preprocessing) return network;
    let reduced = this.reducedNetworks.get(network);
    if (!reduced) this.reducedNetworks.set(network, (reduced = new Map()));
    const key = JSON.stringify([preprocessing, candidate.layers.map(({ scheme: _, ...shape }) => shape)]);
    let found = reduced.get(key);
    if (!found) {
      const read = withPreprocessing(network, preprocessing);
      reduced.set(key, (found = isWhole(reduction) ? read : reduceNetwork(read, reduction)));
    }
    return found;
  }

  private source(
    network: Network,
    { method, dataset, samples, seed, methods, images }: CalibrationSettings,
  ): QuantizationSource {
    let sources = this.sources.get(network);
    if (!sources) this.sources.set(network, (sources = new Map()));
    const settings: CalibrationSettings = {
      ...{ method, dataset, samples, seed },
      ...(methods && { methods }),
      ...(images && { images }),
    };
    const key = JSON.stringify(settings);
    let source = sources.get(key);
    if (!source) {
      source = calibratedSource(this.engine, foldNetwork(network), settings);
      sources.set(key, source);
    }
    return source;
  }
}

export interface EngineOptions {
  /** Kernel variants that failed their self-test on this device. */
  disabled?: ReadonlySet<string>;
  /**
   * Threads that share each layer, the calling one included; 1 unless given. Results are the same bit for bit. The others
   * end with `dispose`, and do not keep the process alive.
   */
  threads?: number;
}

/**
 * An engine with the kernels of this package, compiled by the optimising tier at once.
 *
 * @throws {BitbudgetError} `usage` for a number of threads out of range, `unsupported` where a thread cannot start.
 */
export async function createEngine({ disabled, threads = 1 }: EngineOptions = {}): Promise<NetworkEngine> {
  return new NetworkEngine(new Engine(await openKernels(threads), disabled));
}
