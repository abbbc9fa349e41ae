import type { Random } from '../../core/random.ts';
import { REAL, type VariableTable } from '../problem.ts';

/** A genome with every gene drawn evenly from its range. */
export function sampleGenome(table: VariableTable, random: Random): number[] {
  const genome = new Array<number>(table.count);
  for (let i = 0; i < table.count; i++) genome[i] = sampleGene(table, i, random);
  return genome;
}

/** One value drawn evenly from a gene's range. */
export function sampleGene(table: VariableTable, gene: number, random: Random): number {
  const low = table.low[gene];
  const width = table.high[gene] - low;
  return table.kinds[gene] === REAL ? low + width * random.real() : low + random.below(width + 1);
}
