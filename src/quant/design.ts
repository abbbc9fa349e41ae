import type { Reduction } from '../network/reduce/index.ts';
import type { Scheme } from './scheme.ts';

/** A candidate before it is quantized: what is left of the network, and in which arithmetic each layer runs. */
export interface Design {
  readonly reduction: Reduction;
  /** Of every layer with weights; entries for layers that the reduction takes away have no effect. */
  readonly schemes: ReadonlyMap<string, Scheme>;
}
