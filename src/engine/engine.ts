import type { ChannelRange } from '../kernels/parts.ts';
import { threadsOf } from '../kernels/prepare.ts';
import { rankedVariants, runsLayer, runsUnconditionally, type VariantRanking } from '../kernels/ranking.ts';
import { computes, resolveVariant, type VariantLimits } from '../kernels/registry.ts';
import type { KernelVariant, LoadedKernels } from '../kernels/types.ts';
import { entryKey } from '../lut/entry-key.ts';
import type { Network } from '../network/types.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { schemeBits } from '../quant/scheme.ts';
import { MemoryAllocator } from './allocator.ts';
import { Session, type SessionHost } from './session.ts';

/** Which variants run a network. */
export interface LoadOptions {
  /**
   * The fastest variants of this device, from its table or a race. Where it names none that can run a layer, and for all
   * layers without it, the first variant of the registry with the bits of the reference does.
   */
  ranking?: VariantRanking;
  /** Leave variants that depend on the weights alone, to measure what runs instead of them. */
  unconditional?: boolean;
}

/** Runs networks with the WebAssembly kernels of one memory. */
export class Engine implements SessionHost {
  readonly kernels: LoadedKernels;
  readonly allocator: MemoryAllocator;
  /** What this device allows a choice from. */
  readonly limits: VariantLimits;
  /** Packed weights by network, layer, variant and the very weights: candidates of one network share them. */
  private readonly packedWeights = new WeakMap<Network, Map<string, number>>();
  /** A number for every array of weights. */
  private readonly weightIds = new WeakMap<object, number>();
  private lastWeightId = 0;
  /** Verdicts of weight conditions, by weights and by what else they depend on. */
  private readonly conditions = new WeakMap<object, Map<string, boolean>>();

  /** @param disabled variants that failed their self-test on this device; they are never chosen. */
  constructor(kernels: LoadedKernels, disabled: ReadonlySet<string> = new Set()) {
    this.kernels = kernels;
    this.limits = { disabled, isas: kernels.isas };
    this.allocator = new MemoryAllocator(kernels.memory, kernels.heapBase);
  }

  /** The variant that runs a layer with its weights. */
  variantOf(layer: LayerArithmetic, options: LoadOptions = {}): KernelVariant {
    const { workload, scheme } = layer;
    const { disabled, isas } = this.limits;
    const ranked = rankedVariants(options.ranking, entryKey(workload, scheme)).find(
      (variant) =>
        !disabled?.has(variant.id) &&
        isas?.includes(variant.isa) &&
        computes(variant, workload, scheme) &&
        (options.unconditional ? runsUnconditionally(variant, workload, scheme) : this.runs(variant, layer)),
    );
    return ranked ?? resolveVariant(workload, scheme, this.limits).variant;
  }

  /**
   * Prepares a quantized network to run: packs what is not packed yet, plans the arena, fills the parameter blocks.
   *
   * @throws {BitbudgetError} `unsupported` for a layer that no variant can run.
   */
  load(network: QuantizedNetwork, options: LoadOptions = {}): Session {
    const variants = network.layers.map((layer) => this.variantOf(layer, options));
    return new Session(this, network, variants);
  }

  /** How many threads share a layer; a table measured with another number does not tell its latency. */
  get threads(): number {
    return threadsOf(this.kernels);
  }

  /** Ends the threads of the kernels, where there are some; nothing can run afterwards. */
  async dispose(): Promise<void> {
    await this.kernels.team?.dispose();
  }

  weightsAddress(
    network: Network,
    layer: LayerArithmetic,
    variant: KernelVariant,
    channels?: ChannelRange,
    whole: LayerArithmetic = layer,
  ): number {
    if (!layer.weights) return 0;
    let addresses = this.packedWeights.get(network);
    if (!addresses) {
      addresses = new Map();
      this.packedWeights.set(network, addresses);
    }
    const { weights: own } = whole;
    let id = this.weightIds.get(own!);
    if (id === undefined) this.weightIds.set(own!, (id = ++this.lastWeightId));
    const range = channels ? `/${channels.first}-${channels.end}` : '';
    const key = `${layer.name}/${variant.id}/${schemeBits(layer.scheme).weightBits}/${id}${range}`;
    let address = addresses.get(key);
    if (address === undefined) {
      const packed = variant.packWeights(layer);
      address = this.allocator.allocate(packed.length);
      this.bytes(address, packed.length).set(packed);
      addresses.set(key, address);
    }
    return address;
  }

  /** Gives back the packed weights of a network that will not be loaded again; its sessions must be disposed before. */
  forget(network: Network): void {
    for (const address of this.packedWeights.get(network)?.values() ?? []) this.allocator.release(address);
    this.packedWeights.delete(network);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.kernels.memory.buffer, address, length);
  }

  /** `runsLayer`, asked once for the same weights in the same scheme. */
  private runs(variant: KernelVariant, layer: LayerArithmetic): boolean {
    if (!variant.condition || !layer.weights) return true;
    let verdicts = this.conditions.get(layer.weights);
    if (!verdicts) this.conditions.set(layer.weights, (verdicts = new Map()));
    const key = `${variant.id}/${layer.scheme}`;
    let verdict = verdicts.get(key);
    if (verdict === undefined) verdicts.set(key, (verdict = runsLayer(variant, layer)));
    return verdict;
  }
}
