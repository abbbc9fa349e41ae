export { GaussianProcess, type Prediction } from './gaussian-process.ts';
export { DEFAULT_KERNEL, type GenomeSpace, type KernelSettings } from './genome-kernel.ts';
export { surrogateSearch } from './surrogate-search.ts';
export type { SurrogateBatch, SurrogateProblem, SurrogateResult, SurrogateSettings } from './types.ts';
