export { GaussianProcess, type Prediction } from './gaussian-process.ts';
export type { GenomeSpace, KernelSettings } from './genome-kernel.ts';
