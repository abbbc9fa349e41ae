/** Everything in one place; the subpaths `bitbudget/network`, `/quant`, … hold the parts. */
export * from '../accuracy/index.ts';
export { BitbudgetError, type ErrorKind } from '../core/errors.ts';
export * from '../cost/index.ts';
export { builtinDataset, type Dataset } from '../data/index.ts';
export * from '../lut/index.ts';
export * from '../quant/index.ts';
export * from '../search/index.ts';
export * from './engine.ts';
export * from './network.ts';
