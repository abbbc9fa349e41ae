import type { Clock } from '../core/ports.ts';
import { type ChannelRange, type LayerPart, layerParts, scratchOffsets } from '../kernels/parts.ts';
import { type PreparedLayer, prepareLayer, threadsOf } from '../kernels/prepare.ts';
import type { KernelVariant, LoadedKernels } from '../kernels/types.ts';
import type { MemoryPlan } from '../network/memory-plan.ts';
import { INPUT, type Network } from '../network/types.ts';
import { planArena, scratchName, tensorBytes } from '../quant/arena.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { addInFixedPoint, averageInFixedPoint, finishSums, summingLayer } from '../quant/reference/fixed-point.ts';
import { readReal } from '../quant/reference/tensors.ts';
import type { MemoryAllocator } from './allocator.ts';
import { InputWriter, type NetworkInput } from './input.ts';

/** One executable step: a layer and the variant that runs it, ready to be called. */
export interface Step extends PreparedLayer {
  layer: LayerArithmetic;
  variant: KernelVariant;
}

/** What a session uses of the engine that it is loaded into. */
export interface SessionHost {
  readonly kernels: LoadedKernels;
  readonly allocator: MemoryAllocator;
  /** Address of a layer's packed weights, packing them on first use; `channels` where it is a part of `whole` with these alone. */
  weightsAddress(
    network: Network,
    layer: LayerArithmetic,
    variant: KernelVariant,
    channels?: ChannelRange,
    whole?: LayerArithmetic,
  ): number;
  /** A view of kernel memory; valid until the next load, which may grow the memory. */
  bytes(address: number, length: number): Uint8Array;
}

/** A network loaded into an engine. Running it allocates nothing but the returned copy of the output. */
export class Session {
  readonly network: QuantizedNetwork;
  readonly steps: readonly Step[];
  /** Peak of activations and scratch: the size of the arena. */
  readonly ramBytes: number;
  private readonly engine: SessionHost;
  private readonly calls: ((parameters: number) => void)[];
  private readonly parameterAddresses: number[];
  private readonly blocks: number[] = [];
  /** Sums of the layers in fixed point, by name. */
  private readonly sums = new Map<string, number>();
  private readonly arena: MemoryPlan;
  private readonly arenaAddress: number;
  private readonly input: InputWriter;
  private inputView: Uint8Array | Float32Array | undefined;

  /** @param variants one for each layer. */
  constructor(engine: SessionHost, network: QuantizedNetwork, variants: readonly KernelVariant[]) {
    this.engine = engine;
    this.network = network;
    const { folded, plan, layers } = network;
    const parts = layers.map(({ workload }, i) => layerParts(variants[i], workload, threadsOf(engine.kernels)));
    const scratch = new Map(layers.map(({ name }, i) => [name, scratchOffsets(variants[i], parts[i]).at(-1)!]));
    this.arena = planArena(folded, plan, scratch);
    this.ramBytes = this.arena.peakBytes;
    this.arenaAddress = this.allocate(this.arena.peakBytes);
    this.input = new InputWriter(folded.inputShape, folded.preprocessing, network.formats.get(INPUT)!);
    this.steps = layers.map((layer, i) => this.prepare(layer, variants[i], parts[i], i));
    this.calls = this.steps.map((step, i) =>
      step.layer.fixedPoint ? this.inFixedPoint(step, folded.layers[i].inputs) : step.call,
    );
    this.parameterAddresses = this.steps.map((step) => step.parameters);
  }

  /**
   * Runs one image.
   *
   * @param input preprocessed reals or raw pixels, NHWC.
   * @returns a copy of the network's output: the logits of the classes.
   */
  run(input: NetworkInput): Float32Array {
    this.setInput(input);
    this.execute();
    return this.output();
  }

  /** Writes the input tensor; `execute` may overwrite it, so it is set before every run. */
  setInput(input: NetworkInput): void {
    this.engine.kernels.team?.wake();
    // loading another network may grow the memory, which ends the life of every view
    if (this.inputView?.buffer !== this.engine.kernels.memory.buffer) this.inputView = this.tensor(INPUT);
    this.input.write(input, this.inputView);
  }

  /** Runs all layers on what the input tensor holds. */
  execute(): void {
    const { calls, parameterAddresses } = this;
    for (let i = 0; i < calls.length; i++) calls[i](parameterAddresses[i]);
  }

  /**
   * Runs all layers with a clock reading between each two.
   *
   * @param ticksNs receives steps + 1 readings; the differences are the layers' times, each with one reading's overhead.
   */
  executeTimed(clock: Clock, ticksNs: Float64Array): void {
    const { calls, parameterAddresses } = this;
    ticksNs[0] = clock.nowNs();
    for (let i = 0; i < calls.length; i++) {
      calls[i](parameterAddresses[i]);
      ticksNs[i + 1] = clock.nowNs();
    }
  }

  /** Runs one image and shows every tensor as soon as it is written; the views are valid during the call only. */
  observe(input: NetworkInput, see: (tensor: string, values: Uint8Array | Float32Array) => void): void {
    this.setInput(input);
    see(INPUT, this.tensor(INPUT));
    for (const [i, step] of this.steps.entries()) {
      this.calls[i](step.parameters);
      see(step.layer.name, this.tensor(step.layer.name));
    }
  }

  /** Runs layers `from` to `to` − 1 on what the tensors hold. */
  executeRange(from: number, to: number): void {
    const { calls, parameterAddresses } = this;
    for (let i = from; i < to; i++) calls[i](parameterAddresses[i]);
  }

  /**
   * Copies tensors out of the session, one behind another, or back into it.
   *
   * @param bytes as long as the tensors together; see `tensorBytes`.
   */
  copyTensors(names: readonly string[], bytes: Uint8Array, direction: 'out' | 'in'): void {
    let at = 0;
    for (const name of names) {
      const length = tensorBytes(this.network.plan, name);
      const own = this.engine.bytes(this.addressOf(name), length);
      if (direction === 'out') bytes.set(own, at);
      else own.set(bytes.subarray(at, at + length));
      at += length;
    }
  }

  /** A copy of the network's output as reals. */
  output(): Float32Array {
    const { name } = this.steps[this.steps.length - 1].layer;
    const values = this.tensor(name);
    const format = this.network.formats.get(name)!;
    if (format.type === 'f32') return Float32Array.from(values);
    return Float32Array.from(values, (_, i) => readReal(values, i, format));
  }

  /** Gives the session's memory back; packed weights stay with the engine. */
  dispose(): void {
    for (const block of this.blocks.splice(0)) this.engine.allocator.release(block);
  }

  /** A view of a stored tensor, as wide as the plan says. */
  private tensor(name: string): Uint8Array | Float32Array {
    const { plan } = this.network;
    const { buffer } = this.engine.kernels.memory;
    const address = this.addressOf(name);
    const bytes = tensorBytes(plan, name);
    if (plan.tensors.get(name)!.type === 'f32') return new Float32Array(buffer, address, bytes / 4);
    return new Uint8Array(buffer, address, bytes);
  }

  private addressOf(buffer: string): number {
    return this.arenaAddress + (this.arena.offsets.get(buffer) ?? 0);
  }

  private prepare(layer: LayerArithmetic, variant: KernelVariant, parts: readonly LayerPart[], index: number): Step {
    const { engine, network } = this;
    const memory = {
      kernels: engine.kernels,
      allocate: (bytes: number) => this.allocate(bytes),
      weights: (part: LayerArithmetic, channels?: ChannelRange) =>
        engine.weightsAddress(network.folded, part, variant, channels, layer),
    };
    const { inputs } = network.folded.layers[index];
    // in fixed point a kernel leaves bare sums in a block of their own
    const sums = this.sumsOf(layer);
    const prepared = prepareLayer(memory, sums === undefined ? layer : summingLayer(layer), variant, parts, {
      input: this.addressOf(inputs[0]),
      residual: inputs.length > 1 ? this.addressOf(inputs[1]) : 0,
      output: sums ?? this.addressOf(layer.name),
      scratch: this.addressOf(scratchName(layer.name)),
    });
    return { layer, variant, ...prepared };
  }

  /** Address of the sums of a layer with weights that is finished in fixed point, allocated once. */
  private sumsOf(layer: LayerArithmetic): number | undefined {
    if (!layer.fixedPoint || !layer.weights) return undefined;
    let address = this.sums.get(layer.name);
    if (address === undefined) {
      this.sums.set(layer.name, (address = this.allocate(4 * tensorBytes(this.network.plan, layer.name))));
    }
    return address;
  }

  /** A layer rounded as TFLite does: sums by the kernel, the rest here; an agreement to check, not a way to be fast. */
  private inFixedPoint({ layer, call }: Step, inputs: readonly string[]) {
    const bytes = (name: string) => this.tensor(name) as Uint8Array;
    if (layer.workload.op === 'add')
      return () => addInFixedPoint(layer, bytes(inputs[0]), bytes(inputs[1]), bytes(layer.name));
    if (layer.workload.op === 'averagePool')
      return () => averageInFixedPoint(layer, bytes(inputs[0]), bytes(layer.name));
    return (parameters: number) => {
      call(parameters);
      const output = bytes(layer.name);
      const sums = new Float32Array(this.engine.kernels.memory.buffer, this.sumsOf(layer)!, output.length);
      finishSums(layer, sums, output);
    };
  }

  private allocate(bytes: number): number {
    const address = this.engine.allocator.allocate(bytes);
    this.blocks.push(address);
    return address;
  }
}
