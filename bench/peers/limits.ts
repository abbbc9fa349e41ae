import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { supportsIsa } from '../../src/kernels/capabilities.ts';

/** What the processor can do at most through this engine, in billions of operations a second (two a multiply-add). */
export interface Limits {
  f32: number;
  i16: number;
  fma?: number;
  i8?: number;
}

type Loops = Record<string, (steps: number) => number>;

async function compile(name: 'simd' | 'relaxed'): Promise<Loops> {
  const source = readFileSync(fileURLToPath(new URL(`./limits/${name}.ts`, import.meta.url)), 'utf8');
  const flags = [
    '-O3',
    '--noAssert',
    '--runtime',
    'stub',
    '--initialMemory',
    '1',
    '--enable',
    'simd',
    '--enable',
    'relaxed-simd',
  ];
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'limits.wasm', ...flags], {
    readFile: (file: string) => (file === `${name}.ts` ? source : null),
    writeFile: (file: string, content: string | Uint8Array) => {
      if (file.endsWith('.wasm')) wasm = content as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(stderr.toString());
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>));
  return exports as unknown as Loops;
}

/** Best of several runs of about 20 ms: loops over registers alone. */
function bestRate(loop: (steps: number) => number, operationsPerStep: number): number {
  const steps = 1 << 20;
  let best = 0;
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    loop(steps);
    best = Math.max(best, (steps * operationsPerStep) / (performance.now() - start) / 1e6);
  }
  return best;
}

/** Measures the limits. */
export async function measureLimits(): Promise<Limits> {
  const simd = await compile('simd');
  const limits: Limits = { f32: bestRate(simd.mulAdd, 12 * 4 * 2), i16: bestRate(simd.dotAdd, 12 * 8 * 2) };
  if (!supportsIsa('relaxed')) return limits;
  const relaxed = await compile('relaxed');
  return { ...limits, fma: bestRate(relaxed.fusedMulAdd, 12 * 4 * 2), i8: bestRate(relaxed.dot, 12 * 16 * 2) };
}
