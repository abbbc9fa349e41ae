import { Random } from '../../../src/core/random.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { PARAMETER_FIELDS, type ParameterName } from '../../../src/kernels/parameters.ts';
import { variantById } from '../../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../../src/kernels/types.ts';
import type { LutEntry } from '../../../src/lut/schema.ts';
import { measureClockStepNs } from '../../../src/measure/clock-step.ts';
import { Contestant } from '../../../src/measure/contestant.ts';
import type { EnergyMeter } from '../../../src/measure/energy/meter.ts';
import { type ProfileOptions, type ProfileResult, profileNetwork } from '../../../src/measure/profile.ts';
import { servedAs } from '../../../src/measure/race.ts';
import { ReferenceKernel } from '../../../src/measure/reference-kernel.ts';
import type { SensorReading } from '../../../src/measure/sensors.ts';
import { StackPositions } from '../../../src/measure/stack-positions.ts';
import { clockQuantumNs } from '../../../src/measure/steady-clock.ts';
import type { Bench } from '../../../src/measure/surroundings.ts';
import { NetworkBuilder } from '../../../src/network/builder.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { calibratedSource } from '../../../src/node/calibrated-source.ts';
import type { QuantizationSource } from '../../../src/quant/quantize.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';

/** What is done to the device while it is measured; times are those of the device itself, from the start, ns. */
export interface Disturbance {
  /**
   * How many times as long as undisturbed everything takes.
   *
   * @param share of the rounds that is done; 0 before they begin, 1 after they end.
   */
  slowdown?: (timeNs: number, share: number) => number;
  /** For how long the processor is taken away now; `share` as for `slowdown`. */
  steal?: (timeNs: number, share: number) => number;
  /** Whether the operating system counts that as a context switch; a hypervisor that steals it does not tell. */
  counted?: boolean;
  /** How many times as long as alone a kernel takes where another one ran before. */
  context?: (id: string) => number;
  /** What a kernel takes longer, ns, after its caches were emptied. */
  coldNs?: number;
  /** What a reading of the clock takes, ns; 20 unless given. */
  readingNs?: number;
  /** What the clock shows. */
  clock?: (timeNs: number, share: number) => number;
  /** What the sensors show. */
  sensors?: (timeNs: number, share: number) => SensorReading;
}

const DEFAULT_SCHEMES: Scheme[] = ['w8a8', 'w4a4'];
const PARAMETER_OFFSET = new Map(PARAMETER_FIELDS.map(([name], i) => [name as ParameterName, 4 * i]));

/** A device on which each kernel takes a known time and power; the kernels do not run. */
export class SimulatedDevice {
  nowNs = 0;
  /** Energy since the start: 2 W of idling, and what kernels take. */
  joules = 0;
  switches = 0;
  share = 0;
  disturbance: Disturbance = {};
  steady = false;
  private cold = false;
  /** The parameters of the layer that ran last. */
  private latest = 0;
  private readonly random = new Random(11);
  private readonly kernels: LoadedKernels;
  private readonly factors = new Map<string, number>();

  constructor(kernels: LoadedKernels) {
    this.kernels = kernels;
  }

  /** The kernel's time on an undisturbed device: 4 µs, and about three multiply-accumulates in two nanoseconds. */
  private costNs(id: string, parameters: number): number {
    const view = new DataView(this.kernels.memory.buffer);
    const field = (name: ParameterName) => view.getUint32(parameters + PARAMETER_OFFSET.get(name)!, true);
    const outputs = Math.max(field('outHeight') * field('outWidth'), 1) * field('outChannels');
    const inner = Math.max(field('kernelHeight') * field('kernelWidth'), 1) * field('inChannels');
    return 4000 + (outputs * inner * this.factorOf(id)) / 1.5;
  }

  private factorOf(id: string): number {
    let factor = this.factors.get(id);
    if (factor === undefined) {
      const seed = [...id].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0, 7);
      this.factors.set(id, (factor = 0.6 + new Random(seed).real()));
    }
    return factor;
  }

  /** Runs take up to half a percent more or less, and one in fifty 5% more. */
  readonly call = (id: string) => (parameters: number) => {
    const { context, coldNs = 0 } = this.disturbance;
    const extraNs = this.cold ? coldNs : 0;
    const factor = context && this.latest !== parameters ? context(id) : 1;
    this.latest = parameters;
    this.cold = false;
    this.work(this.costNs(id, parameters) * factor * this.jitter() + extraNs, this.powerW(id));
  };

  readonly evictCaches = () => {
    this.cold = true;
    this.pass(1e6);
  };

  /** What a kernel takes above idle: 0.6 to 1.6 W. */
  powerW(id: string): number {
    return this.factorOf(id);
  }

  pass(ns: number, watts = 0): void {
    this.nowNs += ns;
    this.joules += ((2 + watts) * ns) / 1e9;
  }

  /** The reference kernel: a nanosecond a step, and no jitter. */
  readonly referenceLoop = (steps: number) => {
    this.work(steps);
    return steps;
  };

  private jitter(): number {
    if (this.steady) return 1;
    return 1 + (this.random.real() - this.random.real()) * 0.005 + (this.random.below(50) === 0 ? 0.05 : 0);
  }

  /** Lets so much work pass, in steps short enough for what happens meanwhile. */
  private work(ns: number, watts = 0): void {
    const { slowdown, steal, counted = true } = this.disturbance;
    if (!slowdown && !steal) {
      this.pass(ns, watts);
      return;
    }
    for (let left = ns; left > 0; ) {
      const stolenNs = steal?.(this.nowNs, this.share) ?? 0;
      if (stolenNs > 0) {
        this.nowNs += stolenNs;
        if (counted) this.switches++;
      }
      const step = Math.min(left, 5_000);
      this.pass(step * (slowdown?.(this.nowNs, this.share) ?? 1), watts);
      left -= step;
    }
  }
}

/** A small network of all that makes tables difficult: several shapes, a residual, layers without weights. */
export function smallSource(kernels: LoadedKernels): QuantizationSource {
  const builder = new NetworkBuilder('small', [8, 8, 3], { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
  const square = { kernel: 3, padding: 'same' as const, bias: true };
  builder.convolution('stem', 16, square).activation('stem.relu', 'relu');
  const trunk = builder.tensor;
  builder.convolution('a', 16, square).activation('a.relu', 'relu').convolution('b', 16, square);
  builder.add('add', trunk).activation('add.relu', 'relu');
  builder.convolution('wide', 24, { ...square, stride: 2 }).activation('wide.relu', 'relu');
  const network = builder.globalAveragePool('pool').dense('classifier', 10).build();
  const settings = { method: 'minmax' as const, dataset: 'builtin', samples: 2, seed: 1 };
  return calibratedSource(new Engine(kernels), foldNetwork(seededWeights(network, 1)), settings);
}

export interface Simulation {
  device: SimulatedDevice;
  result: ProfileResult;
  /** Undisturbed time of an entry's variant, µs. */
  truthUs: (entry: LutEntry) => number;
  /** How long the measuring took on the device. */
  tookNs: number;
}

/** Profiles a network on a simulated device with the real sampler, rounds, entries and verdicts. */
export async function simulateProfile(
  source: QuantizationSource,
  kernels: LoadedKernels,
  disturbance: Disturbance = {},
  options: Partial<ProfileOptions> & { meterOf?: (device: SimulatedDevice) => EnergyMeter } = {},
): Promise<Simulation> {
  const device = new SimulatedDevice(kernels);
  const engine = new Engine({ ...kernels, call: device.call });
  device.disturbance = disturbance;
  const { clock, sensors, readingNs = 20 } = disturbance;
  const ownClock = {
    nowNs: () => (clock ? clock((device.nowNs += readingNs), device.share) : (device.nowNs += readingNs)),
  };
  const bench: Bench = {
    engine,
    source,
    input: new Uint8Array(source.folded.inputShape.reduce((size, n) => size * n)),
    clock: ownClock,
    reference: new ReferenceKernel(
      device.referenceLoop,
      ownClock,
      clockQuantumNs(ownClock, measureClockStepNs(ownClock)),
    ),
    positions: new StackPositions(),
    interruptions: { contextSwitches: () => device.switches },
    evictCaches: device.evictCaches,
    pause: async (ms) => device.pass(Math.max(ms, 1) * 1e6),
    cancellation: { aborted: false },
    onProgress: (message, fraction) => {
      // networks at another speed than the rest may stop to count
      if (message === 'measuring layers in context') device.share = Math.max(device.share, fraction);
    },
    ...(sensors && { sensors: () => sensors(device.nowNs, device.share) }),
  };
  const everyHash = { get: () => 'a'.repeat(64) } as unknown as ReadonlyMap<string, string>;
  const result = await profileNetwork(bench, {
    ...{ schemes: DEFAULT_SCHEMES, seed: 1, visits: 12, validationNetworks: 0, variantHashes: everyHash },
    ...options,
    meter: options.meterOf?.(device),
  });
  const tookNs = device.nowNs;
  const truthUs = (entry: LutEntry) => {
    device.disturbance = {};
    device.steady = true;
    const variant = variantById(entry.variant)!;
    const served = servedAs(variant, entry);
    const contestant = new Contestant(engine, bench.clock, variant, entry.workload, served, new Random(1));
    const startNs = device.nowNs;
    contestant.run();
    const us = (device.nowNs - startNs) / 1e3;
    contestant.dispose();
    return us;
  };
  return { device, result, truthUs, tookNs };
}

/** How the entries that are called stable stand to the truth. */
export function compareWithTruth({ result, truthUs }: Simulation) {
  const verdicts: Record<string, number> = {};
  let outside = 0;
  let worst = 0;
  for (const entry of result.entries) {
    verdicts[entry.trust] = (verdicts[entry.trust] ?? 0) + 1;
    if (entry.trust !== 'stable') continue;
    const truth = truthUs(entry) + 0.02; // each layer's time holds one reading of the clock
    const { median, low, high } = entry.latencyUs;
    // times are rounded to a nanosecond in a table
    if (truth < low - 0.0015 || truth > high + 0.0015) outside++;
    worst = Math.max(worst, Math.abs(median / truth - 1));
  }
  const stable = verdicts.stable ?? 0;
  return { entries: result.entries.length, stable, outside, worst, verdicts };
}
