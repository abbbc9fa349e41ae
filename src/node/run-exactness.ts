/**
 * Runs the exactness suite, the fixed networks and the proxies in this very engine and prints `N passed, N failed`; exit code 1 after
 * a failure. A script of its own, for engines that have no test runner: `node dist/node/run-exactness.js` under an
 * emulator or another version. An argument n takes every n-th case only.
 */
import { checkAll } from '../kernels/exactness/suite.ts';
import { loadKernels } from '../kernels/load.ts';
import { runFixedNetworks } from '../verify/fixed-networks.ts';
import { runFixedProxies } from '../verify/fixed-proxies.ts';
import { loadKernelModules } from './kernel-files.ts';
import { loadAutodiffOnNode } from './training-files.ts';

const kernels = loadKernels(await loadKernelModules({ optimize: false }));
let passed = 0;
let failed = 0;
for (const { id, cases, failures } of checkAll(kernels, { placements: 'one', every: Number(process.argv[2] ?? 1) })) {
  passed += cases - failures.length;
  failed += failures.length;
  for (const failure of failures) process.stdout.write(`${id}: ${failure}\n`);
}
for (const { scheme, sha256, same } of runFixedNetworks(kernels)) {
  if (same) passed++;
  else failed++;
  if (!same) process.stdout.write(`The fixed network in ${scheme} gives other bits here: ${sha256}\n`);
}
for (const { name, sha256, same } of await runFixedProxies(kernels, loadAutodiffOnNode)) {
  if (same) passed++;
  else failed++;
  if (!same) process.stdout.write(`The proxy ${name} gives other losses here: ${sha256}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
