import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import type { KernelVariant } from '../../src/kernels/types.ts';
import { parseVariantId } from '../../src/kernels/variant-id.ts';
import type { Runner } from './contestants.ts';

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

/** The instruction that bounds a kernel, and with it the limit that it is held against. */
export type LimitName = 'f32' | 'fma' | 'i16' | 'i8';

/** A loop over registers alone, as a contestant among the kernels, so that drift meets it as it meets them. */
export interface LimitRunner extends Runner {
  limit: LimitName;
  /** Two a multiply-add. */
  operations: number;
}

const STEPS = 1 << 14;
/** Accumulators of the loops. */
const CHAINS = 12;

/** The loops that this engine can run. */
export async function limitRunners(): Promise<LimitRunner[]> {
  const runner = (limit: LimitName, loop: (steps: number) => number, products: number): LimitRunner => ({
    name: `limit ${limit}`,
    limit,
    operations: STEPS * CHAINS * products * 2,
    run: () => loop(STEPS),
  });
  const simd = await compile('simd');
  const runners = [runner('f32', simd.mulAdd, 4), runner('i16', simd.dotAdd, 8)];
  if (!supportsIsa('relaxed')) return runners;
  const relaxed = await compile('relaxed');
  return [...runners, runner('fma', relaxed.fusedMulAdd, 4), runner('i8', relaxed.dot, 16)];
}

/** The limit of a variant: that of its arithmetic where it multiplies directly. */
export function limitOf({ id, scheme, isa }: KernelVariant): LimitName {
  if (scheme === 'f32') return isa === 'relaxed' ? 'fma' : 'f32';
  return parseVariantId(id).trick === 'dot' ? 'i8' : 'i16';
}
