import { KERNEL_VARIANTS } from '../registry.ts';
import type { KernelVariant, LoadedKernels } from '../types.ts';
import { casesFor, type Extent } from './cases.ts';
import { PLACEMENTS, runCase } from './run-case.ts';

export interface SuiteOptions {
  extent?: Extent;
  /**
   * `all`: each tensor at the end of memory in turn. `one` of them a case: what a kernel touches is the same on all engines,
   * so beyond the first one only what it computes is in question.
   */
  placements?: 'all' | 'one';
  /** Take every n-th case only, for engines that run under emulation. */
  every?: number;
}

/** What became of one variant. */
export interface VariantResult {
  id: string;
  cases: number;
  failures: string[];
}

/** Runs all cases of a variant; needs no environment, so it runs in Node, in browsers and under emulation alike. */
export function checkVariant(
  kernels: LoadedKernels,
  variant: KernelVariant,
  { extent = 'full', placements = 'all', every = 1 }: SuiteOptions = {},
): VariantResult {
  const cases = casesFor(variant, extent).filter((_, i) => i % every === 0);
  const failures = cases
    .map((testCase, i) => runCase(kernels, variant, testCase, placements === 'all' ? PLACEMENTS : [PLACEMENTS[i % 2]]))
    .filter((reason) => reason !== undefined);
  return { id: variant.id, cases: cases.length, failures };
}

/** Runs the whole suite on the kernels of every instruction set that is loaded. */
export function checkAll(kernels: LoadedKernels, options: SuiteOptions = {}): VariantResult[] {
  return KERNEL_VARIANTS.filter((variant) => kernels.isas.includes(variant.isa)).map((variant) =>
    checkVariant(kernels, variant, options),
  );
}
