import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AutodiffFiles } from '../autodiff/index.ts';
import { BitbudgetError } from '../core/errors.ts';

/**
 * What training needs from the disk: our kernels as `npm run build` leaves them, and where tfjs keeps its own.
 *
 * @throws {BitbudgetError} `input` if the kernels have not been built.
 */
export async function trainingFiles(): Promise<AutodiffFiles> {
  const tfjsWasm = createRequire(import.meta.url).resolve(
    '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
  );
  try {
    const file = fileURLToPath(new URL('../../dist/kernels/training.wasm', import.meta.url));
    return { tfjsWasm, kernels: new Uint8Array(await readFile(file)) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new BitbudgetError('input', 'The training kernels are not built.', 'Run `npm run build`.');
  }
}
