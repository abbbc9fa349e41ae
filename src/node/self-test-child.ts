/**
 * The self-test in a process of its own, in the compiler tier that its flags chose; prints the results as JSON. Its argument
 * is the number of threads that share each layer.
 */
import { runSelfTest } from '../kernels/self-test.ts';
import { openKernels } from './kernel-threads.ts';

const kernels = await openKernels(Number(process.argv[2] ?? 1), { optimize: false });
process.stdout.write(JSON.stringify(runSelfTest(kernels)));
await kernels.team?.dispose();
