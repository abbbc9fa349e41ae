import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Arithmetic } from '../accuracy/predictor/arithmetic.ts';
import { WasmArithmetic } from '../accuracy/predictor/wasm-arithmetic.ts';
import { BitbudgetError } from '../core/errors.ts';

/**
 * The fast arithmetic of predictors, from the kernels as `npm run build` leaves them.
 *
 * @throws {BitbudgetError} `input` if they have not been built.
 */
export async function loadPredictorArithmetic(): Promise<(bytes: number) => Arithmetic> {
  try {
    const file = fileURLToPath(new URL('../../dist/kernels/predictor.wasm', import.meta.url));
    const module = new WebAssembly.Module(await readFile(file));
    return (bytes) => new WasmArithmetic(module, bytes);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new BitbudgetError('input', 'The kernels of the predictor are not built.', 'Run `npm run build`.');
  }
}
