import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Autodiff, type AutodiffFiles, loadAutodiff } from '../autodiff/index.ts';
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

/** The signals that the module of tfjs's backend listens to, as if the process were its own. */
const HIJACKED = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Loads automatic differentiation from those files, and takes back the process-wide error handlers that tfjs's backend
 * installs: a failure elsewhere would print the whole source of that module instead of its own message.
 *
 * @throws {BitbudgetError} `input` if the kernels have not been built.
 */
export async function loadAutodiffOnNode(): Promise<Autodiff> {
  const before = HIJACKED.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  const alive = setInterval(() => {}, 1000); // newer engines do not wait for a module that is still being compiled
  const autodiff = await loadAutodiff(await trainingFiles()).finally(() => clearInterval(alive));
  HIJACKED.forEach((event, k) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[k].has(listener)) process.removeListener(event, listener);
    }
  });
  return autodiff;
}
