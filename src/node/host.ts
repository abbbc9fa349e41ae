import { supportedIsas } from '../kernels/capabilities.ts';
import type { LutDevice, LutEngine } from '../lut/schema.ts';
import { readDevice, readEngine } from './device.ts';
import { type DisabledVariant, selfTestInBothTiers } from './self-test-process.ts';

/** This machine as a table records it, with the kernels that must not be used on it. */
export interface Host {
  device: LutDevice;
  engine: LutEngine;
  disabled: DisabledVariant[];
}

/**
 * Reads what this machine is and self-tests the kernels; the verdict is kept, so only the first call takes seconds.
 *
 * @param threads that share each layer; with several the kernels are tested that way.
 */
export async function describeHost(threads = 1): Promise<Host> {
  const { disabled } = await selfTestInBothTiers({ threads });
  return { device: readDevice(), engine: readEngine(supportedIsas()), disabled };
}

/** The ids of the disabled variants. */
export function disabledIds({ disabled }: Pick<Host, 'disabled'>): Set<string> {
  return new Set(disabled.map(({ variant }) => variant));
}
