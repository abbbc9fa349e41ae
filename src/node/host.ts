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

/** Reads what this machine is and self-tests the kernels; the verdict is kept, so only the first call takes seconds. */
export async function describeHost(): Promise<Host> {
  const { disabled } = await selfTestInBothTiers();
  return { device: readDevice(), engine: readEngine(supportedIsas()), disabled };
}

/** The ids of the disabled variants. */
export function disabledIds({ disabled }: Pick<Host, 'disabled'>): Set<string> {
  return new Set(disabled.map(({ variant }) => variant));
}
