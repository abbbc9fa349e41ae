/**
 * Compiles assembly/ into dist/kernels/*.wasm, for memory of one thread and for shared memory, writes the hash of every
 * kernel beside it, and copies the zoo's weights.
 * Run from anywhere: `node scripts/build-kernels.mjs`. Takes a few seconds.
 */

import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { kernelHashes } from './kernel-hashes.mjs';
import { generateKernels } from './kernels/index.mjs';
import { withSharedMemory } from './shared-memory.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd'];

/** Where the data of each module begins: they share one memory and lie one after the other. */
const memoryBase = { simd: 1024, relaxed: 32768, training: 1024, predictor: 1024 };
/** Those that are built for shared memory as well. */
const threaded = new Set(['simd', 'relaxed']);
const features = { relaxed: ['--enable', 'relaxed-simd'] };

/** Compiles one entry file; returns what the compiler wrote, by file extension. */
async function compile(name, entry) {
  const written = {};
  const { error, stderr } = await asc.main(
    [
      ...[entry, '--baseDir', root, '--outFile', 'kernels.wasm', '--textFile', 'kernels.wat', ...flags],
      ...['--memoryBase', String(memoryBase[name]), ...(features[name] ?? [])],
    ],
    { writeFile: (name, content) => void (written[name.split('.').pop()] = content) },
  );
  if (error) throw new Error(`${entry} does not compile.\n${stderr.toString()}`);
  return written;
}

async function build(name) {
  const entry = `assembly/entry/${name}.ts`;
  if (!existsSync(join(root, entry))) return;
  const { wasm, wat } = await compile(name, entry);
  const folder = join(root, 'dist', 'kernels');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.wasm`), wasm);
  if (threaded.has(name)) await writeFile(join(folder, `${name}-shared.wasm`), withSharedMemory(wasm));
  const hashes = kernelHashes(wat);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(hashes, null, 2)}\n`);
  process.stdout.write(`dist/kernels/${name}.wasm: ${wasm.length} bytes, ${Object.keys(hashes).length} exports\n`);
}

await generateKernels(join(root, 'assembly', 'generated'));
await build('simd');
await build('relaxed');
await build('training');
await build('predictor');

const weights = join(root, 'src', 'network', 'zoo', 'weights');
if (existsSync(weights)) await cp(weights, join(root, 'dist', 'network', 'zoo', 'weights'), { recursive: true });
