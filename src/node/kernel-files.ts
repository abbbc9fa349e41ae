import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { BitbudgetError } from '../core/errors.ts';
import { ISAS, supportsIsa } from '../kernels/capabilities.ts';
import type { KernelModules } from '../kernels/load.ts';
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
  /**
   * Compile with the optimizing tier at once, so that no measurement sees the baseline tier, which is 3 to 10 times slower
   * and is not replaced within a running loop. It holds for every module that this process compiles afterwards.
   */
  optimize?: boolean;
  /** Those for shared memory, which threads need. */
  shared?: boolean;
}

/** What the optimizing tier has compiled: once a process, for its threads too. */
const compiled = new Map<string, KernelModules>();

/** Reads and compiles the kernels that belong to this version, of every instruction set that this engine accepts. */
export async function loadKernelModules(options: CompileOptions = {}): Promise<KernelModules> {
  const optimize = options.optimize ?? true;
  const suffix = options.shared ? '-shared' : '';
  const known = optimize ? compiled.get(suffix) : undefined;
  if (known) return known;
  if (optimize) {
    setFlagsFromString('--no-liftoff');
    setFlagsFromString('--no-wasm-lazy-compilation');
  }
  // not WebAssembly.compile: under these flags Node 24 lets the process end before its promise settles
  const compile = async (isa: Isa) => new WebAssembly.Module(await readKernelFile(`${isa}${suffix}.wasm`));
  const modules = { simd: await compile('simd'), ...(supportsIsa('relaxed') && { relaxed: await compile('relaxed') }) };
  if (optimize) compiled.set(suffix, modules);
  return modules;
}

/** SHA-256 of each kernel's compiled code with all that it calls, by variant id; of every instruction set. */
export async function kernelHashes(): Promise<Map<string, string>> {
  const files = await Promise.all(ISAS.map((isa) => readKernelFile(`${isa}.json`)));
  const hashes = files.flatMap((file) => Object.entries(JSON.parse(file.toString()) as Record<string, string>));
  return new Map(hashes.filter(([name]) => name.includes('__')));
}
