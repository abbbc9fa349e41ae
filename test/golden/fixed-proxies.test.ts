import { expect, it } from 'vitest';
import { loadKernels } from '../../src/kernels/load.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';
import { FIXED_PROXIES, runFixedProxies } from '../../src/verify/fixed-proxies.ts';
import { autodiffForTests } from '../unit/autodiff/autodiff-fixture.ts';

it('proxies say the very same of the fixed network as on every other engine and as ever before', async () => {
  const runs = await runFixedProxies(loadKernels(await loadKernelModules()), autodiffForTests);
  expect(Object.fromEntries(runs.map(({ name, sha256 }) => [name, sha256]))).toEqual(FIXED_PROXIES);
});
