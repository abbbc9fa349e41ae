import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { BitbudgetError } from '../core/errors.ts';
import type { Isa } from '../kernels/types.ts';

/** src/node and dist/node lie both two folders below the package, and the built kernels in dist/kernels. */
function kernelFile(name: string): string {
  return fileURLToPath(new URL(`../../dist/kernels/${name}`, import.meta.url));
}

async function readKernelFile(name: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return Buffer.from(await readFile(kernelFile(name)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new BitbudgetError(
      'input',
      `The kernels are not built: ${kernelFile(name)} is missing.`,
      'Run `npm run build`.',
    );
  }
}

export interface CompileOptions {
  isa?: Isa;
  /**
   * Compile with the optimizing tier at once, so that no measurement sees the baseline tier, which is 3 to 10 times slower
   * and is not replaced within a running loop. It holds for every module that this process compiles afterwards.
   */
  optimize?: boolean;
}

/** Reads and compiles the kernels that belong to this version. */
export async function loadKernelModule(options: CompileOptions = {}): Promise<WebAssembly.Module> {
  if (options.optimize ?? true) {
    setFlagsFromString('--no-liftoff');
    setFlagsFromString('--no-wasm-lazy-compilation');
  }
  // not WebAssembly.compile: under these flags Node 24 lets the process end before its promise settles
  return new WebAssembly.Module(await readKernelFile(`${options.isa ?? 'simd'}.wasm`));
}

/** SHA-256 of each kernel's compiled code with all that it calls, by variant id. */
export async function kernelHashes(isa: Isa = 'simd'): Promise<Map<string, string>> {
  const hashes = JSON.parse((await readKernelFile(`${isa}.json`)).toString()) as Record<string, string>;
  return new Map(Object.entries(hashes).filter(([name]) => name !== 'heapBase'));
}
