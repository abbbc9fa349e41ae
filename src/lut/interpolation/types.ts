import type { Workload } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import type { Family } from './families.ts';

/** What an entry is wanted of. */
export interface WantedEntry {
  workload: Workload;
  scheme: Scheme;
}

/** What a kernel variant is for a workload in a scheme; known where kernels are. */
export interface VariantFacts {
  scratchBytes: number;
  packedBytes: number;
  /** Whether it runs whatever the weights are. */
  always: boolean;
}

/** Undefined where the variant cannot run the workload, or is none of this version. */
export type VariantFactsOf = (variant: string, workload: Workload, scheme: Scheme) => VariantFacts | undefined;

/** What one kernel is expected to take. */
export interface Prediction {
  family: Family;
  us: number;
  /** Octaves outside of the shapes that the family was measured for. */
  outside: number;
  facts: VariantFacts;
}
