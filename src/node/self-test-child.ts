/** The self-test in a process of its own, in the compiler tier that its flags chose; prints the results as JSON. */
import { loadKernels } from '../kernels/load.ts';
import { runSelfTest } from '../kernels/self-test.ts';
import { loadKernelModules } from './kernel-files.ts';

const kernels = loadKernels(await loadKernelModules({ optimize: false }));
process.stdout.write(JSON.stringify(runSelfTest(kernels)));
