import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { supportedIsas } from '../../src/kernels/capabilities.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { KERNEL_VARIANTS } from '../../src/kernels/registry.ts';
import { runSelfTest } from '../../src/kernels/self-test.ts';
import type { LoadedKernels } from '../../src/kernels/types.ts';
import { kernelHashes, loadKernelModules } from '../../src/node/kernel-files.ts';
import { selfTestInBothTiers } from '../../src/node/self-test-process.ts';

let cacheFolder: string;
let kernels: LoadedKernels;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'bitbudget-self-test-'));
  kernels = loadKernels(await loadKernelModules());
});
afterAll(() => rm(cacheFolder, { recursive: true }));

describe('the self-test', () => {
  it('passes every variant in both compiler tiers and keeps the verdict', async () => {
    expect(await selfTestInBothTiers({ cacheFolder })).toEqual({ disabled: [], cached: false });
    expect(await selfTestInBothTiers({ cacheFolder })).toEqual({ disabled: [], cached: true });
  });

  it('tests again where the kept verdict is damaged', async () => {
    const [verdict] = await readdir(cacheFolder);
    await writeFile(join(cacheFolder, verdict), '[{"variant":');
    expect((await selfTestInBothTiers({ cacheFolder })).cached).toBe(false);
  });

  it('names the variant whose kernel is wrong, and what is wrong with it', () => {
    const wrong = 'w8a8_conv_2x16__simd';
    // the kernel of another variant in its place
    const call = (id: string) => kernels.call(id === wrong ? 'w8a8_dense_1x16__simd' : id);
    const failed = runSelfTest({ ...kernels, call }).filter(({ ok }) => !ok);
    expect(failed.map(({ id }) => id)).toEqual([wrong]);
    expect(failed[0].reason).toMatch(/the reference says/);
  });
});

describe('the built kernels', () => {
  it('have a hash for each variant of the registry and no variant besides', async () => {
    const hashes = await kernelHashes();
    expect([...hashes.keys()].sort()).toEqual(KERNEL_VARIANTS.map(({ id }) => id).sort());
    for (const hash of hashes.values()) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are of an instruction set that this engine accepts', () => {
    expect(kernels.isas).toEqual(supportedIsas());
  });

  it('refuse an id that they do not export', () => {
    expect(() => kernels.call('w8a8_conv_9x99__simd')).toThrow(/rebuild/);
  });
});
