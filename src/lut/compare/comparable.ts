import { BitbudgetError } from '../../core/errors.ts';
import { engineMajor } from '../compatibility.ts';
import type { Lut } from '../schema.ts';

/** The facts of a table that decide what it may be compared or joined with. */
export type TableFacts = Pick<Lut, 'device' | 'engine' | 'threads' | 'protocol'>;

/**
 * The instruction set that a table's kernels use.
 *
 * @example tableIsa({ engine: { name: 'node', version: '24.1.0', features: ['simd', 'relaxed'] } }) // => 'relaxed'
 */
export function tableIsa({ engine }: Pick<Lut, 'engine'>): string {
  return engine.features.includes('relaxed') ? 'relaxed' : 'simd';
}

/**
 * Refuses two tables whose figures mean different things: other numbers of threads, other instruction sets.
 *
 * @throws {BitbudgetError} `mismatch` naming what differs.
 */
export function assertComparable(a: TableFacts, b: TableFacts): void {
  const compared: [what: string, ofA: string | number, ofB: string | number][] = [
    ['threads', a.threads, b.threads],
    ['instruction set', tableIsa(a), tableIsa(b)],
  ];
  const differences = compared.filter(([, ofA, ofB]) => ofA !== ofB);
  if (differences.length === 0) return;
  const listed = differences.map(([what, ofA, ofB]) => `${what} ${ofA} and ${ofB}`).join('; ');
  throw new BitbudgetError(
    'mismatch',
    `The tables cannot be compared: ${listed}.`,
    'Compare tables with the same number of threads and the same instruction set; both are in the file name.',
  );
}

/** What a reader must know before he takes a difference for a change of the same thing, as sentences. */
export function comparisonWarnings(a: TableFacts, b: TableFacts): string[] {
  const warnings: string[] = [];
  const differ = (what: string, ofA: string, ofB: string, meaning: string) => {
    if (ofA !== ofB) warnings.push(`${what}: ${ofA} and ${ofB}; ${meaning}.`);
  };
  const nameOf = ({ device }: TableFacts) => (device.id === a.device.id ? `${device.id}, ${device.cpu}` : device.id);
  differ('Different devices', nameOf(a), nameOf(b), 'the factor is one between devices, not drift');
  const engineOf = (facts: TableFacts) => `${facts.engine.name} ${engineMajor(facts)}`;
  differ('Different engines', engineOf(a), engineOf(b), 'their compilers differ, so kernels may differ on their own');
  differ('Different protocols', a.protocol.name, b.protocol.name, 'the two do not time the same thing');
  return warnings;
}
