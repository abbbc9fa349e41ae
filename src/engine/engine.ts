import { resolveVariant } from '../kernels/registry.ts';
import type { KernelVariant, LoadedKernels } from '../kernels/types.ts';
import type { Network } from '../network/types.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import { schemeBits } from '../quant/scheme.ts';
import { MemoryAllocator } from './allocator.ts';
import { Session, type SessionHost } from './session.ts';

/** Runs networks with the WebAssembly kernels of one memory. */
export class Engine implements SessionHost {
  readonly kernels: LoadedKernels;
  readonly allocator: MemoryAllocator;
  private readonly disabled: ReadonlySet<string>;
  /** Packed weights by network, layer, variant and width: candidates of one network share them. */
  private readonly packedWeights = new WeakMap<Network, Map<string, number>>();

  /** @param disabled variants that failed their self-test on this device; they are never chosen. */
  constructor(kernels: LoadedKernels, disabled: ReadonlySet<string> = new Set()) {
    this.kernels = kernels;
    this.disabled = disabled;
    this.allocator = new MemoryAllocator(kernels.memory, kernels.heapBase);
  }

  variantOf({ workload, scheme }: Pick<LayerArithmetic, 'workload' | 'scheme'>): KernelVariant {
    return resolveVariant(workload, scheme, { disabled: this.disabled, isas: this.kernels.isas }).variant;
  }

  /**
   * Prepares a quantized network to run: packs what is not packed yet, plans the arena, fills the parameter blocks.
   *
   * @throws {BitbudgetError} `unsupported` for a layer that no variant can run.
   */
  load(network: QuantizedNetwork): Session {
    return new Session(this, network);
  }

  weightsAddress(network: Network, layer: LayerArithmetic, variant: KernelVariant): number {
    if (!layer.weights) return 0;
    let addresses = this.packedWeights.get(network);
    if (!addresses) {
      addresses = new Map();
      this.packedWeights.set(network, addresses);
    }
    const key = `${layer.name}/${variant.id}/${schemeBits(layer.scheme).weightBits}`;
    let address = addresses.get(key);
    if (address === undefined) {
      const packed = variant.packWeights(layer);
      address = this.allocator.allocate(packed.length);
      this.bytes(address, packed.length).set(packed);
      addresses.set(key, address);
    }
    return address;
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.kernels.memory.buffer, address, length);
  }
}
