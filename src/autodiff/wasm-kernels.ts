import type { TensorInfo } from '@tensorflow/tfjs-core';

/** The part of tfjs's wasm backend that our kernels rely on; the shape is that of version 4.22. */
export interface TfjsBackend {
  wasm: { asm: { memory: WebAssembly.Memory }; _malloc(bytes: number): number; _free(address: number): void };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
  disposeData(dataId: object): boolean;
}

/** Room for the largest parameter block, 24 fields, rounded up. */
const PARAMETER_BYTES = 128;

/** A field whose value is a 32-bit float, not an integer. */
export interface FloatField {
  float: number;
}

/**
 * Our training kernels, instantiated in the memory of tfjs's wasm backend, so that they work on its tensors in place.
 * Scratch memory is taken from tfjs's allocator once and grown when a larger layer comes.
 */
export class WasmKernels {
  readonly backend: TfjsBackend;
  private readonly calls: Record<string, (parameters: number) => void>;
  private readonly parameters: number;
  private scratchAddress = 0;
  private scratchBytes = 0;

  private constructor(backend: TfjsBackend, instance: WebAssembly.Instance) {
    this.backend = backend;
    this.calls = instance.exports as unknown as Record<string, (parameters: number) => void>;
    this.parameters = backend.wasm._malloc(PARAMETER_BYTES) >>> 0;
  }

  static async load(backend: TfjsBackend, module: BufferSource): Promise<WasmKernels> {
    const { instance } = await WebAssembly.instantiate(module, { env: { memory: backend.wasm.asm.memory } });
    return new WasmKernels(backend, instance);
  }

  /** The byte address of a tensor's values. */
  address(tensor: TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  }

  /** The values of a float32 tensor in place; the view dies when the memory grows, so use it at once. */
  view(tensor: TensorInfo): Float32Array {
    const length = tensor.shape.reduce((product, size) => product * size, 1);
    return new Float32Array(this.backend.wasm.asm.memory.buffer, this.address(tensor), length);
  }

  /** A new tensor whose values are whatever the memory held. */
  allocate(shape: readonly number[]): TensorInfo {
    return this.backend.makeOutput(shape, 'float32');
  }

  /** Gives back the memory of a tensor that {@link allocate} made and no kernel returns. */
  free(tensor: TensorInfo): void {
    this.backend.disposeData(tensor.dataId);
  }

  /** Addresses of scratch buffers of these sizes, 16-byte aligned, valid until the next call. */
  scratch(...sizesBytes: number[]): number[] {
    const total = sizesBytes.reduce((sum, bytes) => sum + bytes + 16, 16);
    if (total > this.scratchBytes) {
      if (this.scratchAddress !== 0) this.backend.wasm._free(this.scratchAddress);
      this.scratchAddress = this.backend.wasm._malloc(total) >>> 0;
      this.scratchBytes = total;
    }
    let next = this.scratchAddress;
    return sizesBytes.map((bytes) => {
      const address = Math.ceil(next / 16) * 16;
      next = address + bytes;
      return address;
    });
  }

  /** Writes the values in the order of `fields` as the kernel's parameter block, and runs it. */
  run<Field extends string>(
    kernel: string,
    fields: readonly Field[],
    values: Readonly<Record<Field, number | FloatField>>,
  ): void {
    const block = new DataView(this.backend.wasm.asm.memory.buffer, this.parameters, PARAMETER_BYTES);
    fields.forEach((field, index) => {
      const value: number | FloatField = values[field];
      if (typeof value === 'number') block.setInt32(4 * index, value, true);
      else block.setFloat32(4 * index, value.float, true);
    });
    this.calls[kernel](this.parameters);
  }
}
