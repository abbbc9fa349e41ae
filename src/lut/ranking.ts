import type { Lut } from './schema.ts';

/**
 * What a table says about kernels: for each entry the variants in the order in which they are to be tried, so that what
 * was measured is what runs.
 */
export function tableRanking({ entries }: Pick<Lut, 'entries'>): Map<string, string[]> {
  return new Map(
    entries.map(({ key, variant, unconditional }) => [
      key,
      unconditional ? [variant, unconditional.variant] : [variant],
    ]),
  );
}
