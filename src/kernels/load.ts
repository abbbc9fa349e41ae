import { assert } from '../core/errors.ts';
import type { Isa, LoadedKernels } from './types.ts';
import { parseVariantId } from './variant-id.ts';

/** Compiled kernels by instruction set; `simd` is always there. */
export type KernelModules = { simd: WebAssembly.Module; relaxed?: WebAssembly.Module };

export interface LoadOptions {
  /** Pages of 64 KiB; the memory can grow later. */
  initialPages?: number;
}

/**
 * Instantiates compiled kernels over one memory of their own. Growing that memory detaches views of its buffer, not the
 * kernels.
 *
 * @throws when an id that no module exports is called for: the registry and the .wasm files belong together.
 */
export function loadKernels(modules: KernelModules, options: LoadOptions = {}): LoadedKernels {
  const memory = new WebAssembly.Memory({ initial: options.initialPages ?? 64 });
  const exportsOf = new Map<Isa, WebAssembly.Exports>();
  for (const [isa, module] of Object.entries(modules)) {
    if (module) exportsOf.set(isa as Isa, new WebAssembly.Instance(module, { env: { memory } }).exports);
  }
  // the modules are linked to lie one after the other, so the last one's end is where free memory begins
  const heapBase = Math.max(...[...exportsOf.values()].map((exports) => (exports.heapBase as () => number)()));
  return {
    isas: [...exportsOf.keys()],
    memory,
    heapBase: Math.ceil(heapBase / 16) * 16,
    call(id) {
      const kernel = exportsOf.get(parseVariantId(id).isa)?.[id];
      assert(typeof kernel === 'function', `the kernels export ${id}; rebuild them with \`npm run build\``);
      return kernel as (parameters: number) => void;
    },
    referenceLoop: exportsOf.get('simd')!.referenceLoop as (steps: number) => number,
  };
}
