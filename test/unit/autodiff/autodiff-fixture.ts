import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Autodiff, loadAutodiff } from '../../../src/autodiff/index.ts';
import { Random } from '../../../src/core/random.ts';

/** The autodiff room with the kernels of this checkout, as the tests use it. */
export async function autodiffForTests(): Promise<Autodiff> {
  const kernels = await readFile(fileURLToPath(new URL('../../../dist/kernels/training.wasm', import.meta.url)));
  const resolve = createRequire(import.meta.url).resolve;
  const tfjsWasm = resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  return loadAutodiff({ tfjsWasm, kernels: new Uint8Array(kernels) });
}

/** Values in [−1, 1), seeded. */
export function randomValues(seed: number, count: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.real() * 2 - 1);
}
