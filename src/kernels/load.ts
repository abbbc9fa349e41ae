import { assert } from '../core/errors.ts';
import type { Isa, LoadedKernels } from './types.ts';

export interface LoadOptions {
  isa?: Isa;
  /** Pages of 64 KiB; the memory can grow later. */
  initialPages?: number;
}

/**
 * Instantiates compiled kernels over a memory of their own. Growing that memory detaches views of its buffer, not the
 * kernels.
 *
 * @throws when an id that the module does not export is called for: the registry and the .wasm belong together.
 */
export function loadKernels(module: WebAssembly.Module, options: LoadOptions = {}): LoadedKernels {
  const memory = new WebAssembly.Memory({ initial: options.initialPages ?? 64 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const heapBase = exports.heapBase as () => number;
  return {
    isa: options.isa ?? 'simd',
    memory,
    heapBase: Math.ceil(heapBase() / 16) * 16,
    call(id) {
      const kernel = exports[id];
      assert(typeof kernel === 'function', `the kernels export ${id}; rebuild them with \`npm run build\``);
      return kernel as (parameters: number) => void;
    },
  };
}
