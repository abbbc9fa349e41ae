import { expect, it } from 'vitest';
import { loadKernels } from '../../src/kernels/load.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';
import { FIXED_NETWORKS, runFixedNetworks } from '../../src/verify/fixed-networks.ts';

it('integer networks give the same logits as on every other engine and as ever before', async () => {
  const results = runFixedNetworks(loadKernels(await loadKernelModules()));
  expect(Object.fromEntries(results.map(({ scheme, sha256 }) => [scheme, sha256]))).toEqual(FIXED_NETWORKS);
});
