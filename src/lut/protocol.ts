import type { Lut } from './schema.ts';

/**
 * The machine's speed while a table was measured here: what the reference kernel took.
 *
 * @returns ns for 10,000 steps; undefined for tables that do not tell.
 * @example tableLevelNs({ protocol: { name: 'in-context', referenceNs: 601_000 } }) // => 601_000
 */
export function tableLevelNs({ protocol }: Pick<Lut, 'protocol'>): number | undefined {
  return typeof protocol.referenceNs === 'number' ? protocol.referenceNs : undefined;
}
