import { BitbudgetError } from '../core/errors.ts';
import { builtinDataset } from './builtin/index.ts';
import type { Dataset, Split } from './types.ts';

/** A dataset by name, as a command's flags describe it; plain data, so that worker threads open the same one. */
export interface DatasetSpec {
  name: string;
  split: Split;
  samples?: number;
  seed?: number;
}

/** Names that `--dataset` takes. */
export const DATASET_NAMES: readonly string[] = ['builtin'];

/**
 * Opens a dataset.
 *
 * @throws {BitbudgetError} `usage` for an unknown name or an impossible number of samples.
 * @example openDataset({ name: 'builtin', split: 'test', samples: 10 }).count // => 10
 */
export function openDataset({ name, ...options }: DatasetSpec): Dataset {
  if (name === 'builtin') return builtinDataset(options);
  throw new BitbudgetError('usage', `Unknown dataset "${name}".`, `Use ${DATASET_NAMES.join(', ')}.`);
}
