import type { Workload, WorkloadOp } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { Scheme } from '../quant/scheme.ts';

/** Instruction sets, one .wasm each. */
export type Isa = 'simd' | 'relaxed';

/** Byte addresses of a layer's buffers in the kernel memory; all but `input`, `residual` and `output` are 16-byte aligned. */
export interface LayerAddresses {
  input: number;
  residual: number;
  output: number;
  /** Packed weights, as written by `packWeights`. */
  weights: number;
  /** Per-channel constants, as written by `packConstants`. */
  constants: number;
  scratch: number;
}

/**
 * One implementation of one op for one scheme on one instruction set. It gives the bits of `quant/reference` (or, where it
 * says so, stays within an error bound), reads and writes tensors within their exact sizes, and uses `scratch` freely; no two buffers may overlap. The id follows the
 * grammar `<scheme>_<op>_<tile>__<isa>[_<trick>]` and is at once the wasm export, the registry id and the LUT's field.
 */
export interface KernelVariant {
  id: string;
  op: WorkloadOp;
  /** The scheme it was written for; wider ones serve narrower schemes as aliases, see `resolveVariant`. */
  scheme: Scheme;
  isa: Isa;
  /** Whether this workload's shape is within the variant's limits, the accumulator bound included. */
  supports(workload: Workload): boolean;
  /** For variants whose accumulator bound depends on the weights themselves; absent where it holds for all. */
  condition?: WeightCondition;
  /**
   * For f32 variants that do not keep the reference's order of operations: |error| of an output before the activation, at
   * most, as a fraction of the greatest |output| of the layer. Absent: the bits of the reference.
   */
  errorBound?: number;
  /** Size of the scratch, with what the kernel may read or write past its packed input. */
  scratchBytes(workload: Workload): number;
  /** Size of what `packWeights` returns; 0 for ops without weights. */
  packedBytes(workload: Workload): number;
  /** Weights in the kernel's layout; depends only on workload and weights, so it can be shared between candidates. */
  packWeights(layer: LayerArithmetic): Uint8Array;
  /** Bias, multipliers, offset tables: what depends on the candidate's formats. */
  packConstants(layer: LayerArithmetic): Uint8Array;
  constantsBytes(workload: Workload): number;
  /** Fills the parameter block (PARAMETER_BYTES at `address`) that is the kernel's only argument. */
  writeParameters(memory: DataView, address: number, layer: LayerArithmetic, addresses: LayerAddresses): void;
}

/** When a variant that depends on the weights may run; see docs/cost-model.md for how such a layer is priced. */
export interface WeightCondition {
  /** Whether the bound holds for any weights of a scheme, narrower than the variant's own perhaps. */
  always(workload: Workload, scheme: Scheme): boolean;
  /** Whether it holds for the weights of this layer, with any activations that its scheme allows. */
  holds(layer: LayerArithmetic): boolean;
}

/** The loaded kernels: the exports of one .wasm for each instruction set that the engine accepts, over one memory. */
export interface LoadedKernels {
  isas: readonly Isa[];
  memory: WebAssembly.Memory;
  /** First byte that the kernels leave free, 16-byte aligned. */
  heapBase: number;
  call(id: string): (parameters: number) => void;
  /** Does a fixed amount of work, so many steps of it, by which measuring sees what slows the machine down. */
  referenceLoop(steps: number): number;
}
