export { type Batch, firstImages, readBatch } from './batch.ts';
export { type BuiltinOptions, builtinDataset, DEFAULT_SAMPLES } from './builtin/index.ts';
export { cachedDataset } from './cache.ts';
export type { Dataset, Split } from './types.ts';
