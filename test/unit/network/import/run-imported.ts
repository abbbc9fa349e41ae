import { expect } from 'vitest';
import { BitbudgetError } from '../../../../src/core/errors.ts';
import type { Network } from '../../../../src/network/types.ts';
import { createEngine, type NetworkEngine } from '../../../../src/node/network-engine.ts';
import { loadImported } from '../../../shared/imported-layers.ts';

let engine: Promise<NetworkEngine> | undefined;

/** One run of an imported network: in f32, or in 8-bit integers where it brings its own. */
export async function runImported(network: Network, input: ArrayLike<number>): Promise<number[]> {
  engine ??= createEngine();
  const session = loadImported(await engine, network, network.quantization ? 'w8a8' : 'f32');
  const output = [...session.run(Float32Array.from(input))];
  session.dispose();
  return output;
}

export function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of actual.entries()) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1e-5 * largest);
}

/** The error of an import: what it says, and what it advises. */
export function refusalOf(run: () => unknown): { kind: string; message: string; remedy: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof BitbudgetError) return { kind: error.kind, message: error.message, remedy: error.remedy };
    throw error;
  }
  throw new Error('it was imported');
}
