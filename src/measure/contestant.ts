import type { Clock } from '../core/ports.ts';
import type { Random } from '../core/random.ts';
import type { Engine } from '../engine/engine.ts';
import { makeCase } from '../kernels/exactness/layers.ts';
import { tensorSizes } from '../kernels/exactness/shapes.ts';
import { layerParts, scratchOffsets } from '../kernels/parts.ts';
import { type KernelMemory, prepareLayer } from '../kernels/prepare.ts';
import type { KernelVariant } from '../kernels/types.ts';
import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { AtPosition } from './stack-positions.ts';
import { summarizeSamples } from './statistics.ts';

/** Runs in a row at most; many are for clocks of a millisecond and layers of a microsecond. */
const MOST_RUNS = { warm: 1000, sample: 100_000 };

/** Of the made-up numbers: a prime, so that they repeat along no dimension of a tensor. */
const PERIOD = 8191;

/** One variant in a race, on a layer of made-up numbers that it alone uses. */
export class Contestant {
  readonly variant: KernelVariant;
  /** Nanoseconds of one run, a batch each. */
  readonly samplesNs: number[] = [];
  private readonly engine: Engine;
  private readonly clock: Clock;
  private readonly blocks: number[] = [];
  private readonly kernel: (parameters: number) => void;
  private readonly parameters: number;
  private runsPerSample = 1;

  /** @param scheme one that the variant serves: it decides the values, and whether a shared input is rescaled. */
  constructor(
    engine: Engine,
    clock: Clock,
    variant: KernelVariant,
    workload: Workload,
    scheme: Scheme,
    random: Random,
  ) {
    this.engine = engine;
    this.clock = clock;
    this.variant = variant;
    const joined = workload.residual || workload.op === 'add' || workload.op === 'concat';
    const residual = joined ? (scheme === 'f32' && workload.output === 'f32' ? 'f32' : 'u8') : 'none';
    const { layer, input, residual: operand } = makeCase(workload, scheme, { residual, period: PERIOD }, random);
    const parts = layerParts(variant, workload, engine.threads);
    const buffers = {
      input: this.place(new Uint8Array(input.buffer)),
      residual: operand ? this.place(new Uint8Array(operand.buffer)) : 0,
      output: this.take(tensorSizes(workload).output * (workload.output === 'f32' ? 4 : 1)),
      scratch: this.take(scratchOffsets(variant, parts).at(-1)!),
    };
    const { call, parameters } = prepareLayer(this.memory(), layer, variant, parts, buffers);
    this.kernel = call;
    this.parameters = parameters;
  }

  /** Runs once or a few times unmeasured, and finds out how many runs make a sample of about `sampleNs`. */
  warmUp(sampleNs: number): void {
    this.kernel(this.parameters);
    const ns = Math.max(this.time(1), 1);
    const runs = Math.min(Math.ceil(sampleNs / ns), MOST_RUNS.warm);
    for (let i = 0; i < runs; i++) this.kernel(this.parameters);
    this.runsPerSample = Math.min(Math.max(Math.round(sampleNs / Math.max(this.time(runs), 1)), 1), MOST_RUNS.sample);
  }

  run(): void {
    this.kernel(this.parameters);
  }

  sample(at: AtPosition): void {
    this.samplesNs.push(at(() => this.time(this.runsPerSample)));
  }

  /** Forgets the last sample. */
  dropSample(): void {
    this.samplesNs.pop();
  }

  /** What a run of a batch takes, ns. */
  batchNs(): number {
    return this.time(this.runsPerSample);
  }

  /** What a single run takes, ns. */
  onceNs(): number {
    return this.time(1);
  }

  /** The middle of its samples. */
  get ns(): number {
    return summarizeSamples(this.samplesNs).median;
  }

  /** The shortest of its samples: of few, the one that is least likely to have been disturbed. */
  get shortestNs(): number {
    return Math.min(...this.samplesNs);
  }

  dispose(): void {
    for (const block of this.blocks) this.engine.allocator.release(block);
  }

  private memory(): KernelMemory {
    let shared: number | undefined;
    return {
      kernels: this.engine.kernels,
      allocate: (bytes) => this.take(bytes),
      weights: (layer, channels) => {
        if (channels) return this.place(this.variant.packWeights(layer));
        shared ??= this.place(this.variant.packWeights(layer));
        return shared;
      },
    };
  }

  private time(runs: number): number {
    const start = this.clock.nowNs();
    for (let i = 0; i < runs; i++) this.kernel(this.parameters);
    return (this.clock.nowNs() - start) / runs;
  }

  private take(bytes: number): number {
    const address = this.engine.allocator.allocate(bytes);
    this.blocks.push(address);
    return address;
  }

  private place(content: Uint8Array): number {
    const address = this.take(content.length);
    this.engine.bytes(address, content.length).set(content);
    return address;
  }
}
