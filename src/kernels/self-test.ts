import { checkAll } from './exactness/suite.ts';
import type { LoadedKernels } from './types.ts';

/** Whether a variant may be used on this device. */
export interface SelfTestResult {
  id: string;
  ok: boolean;
  /** The first case that went wrong. */
  reason?: string;
}

/**
 * Runs every variant on a small set of hard cases against the reference: tails, padding, extremes, guard bytes. It says
 * nothing of compiler tiers other than the one that happens to run; the caller sees to it that both are tried.
 */
export function runSelfTest(kernels: LoadedKernels): SelfTestResult[] {
  return checkAll(kernels, { extent: 'brief', placements: 'one' }).map(({ id, failures }) =>
    failures.length === 0 ? { id, ok: true } : { id, ok: false, reason: failures[0] },
  );
}
