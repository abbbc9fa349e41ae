import { choiceCounts } from '../space/index.ts';
import type { StudyOptions } from './types.ts';

/**
 * What each choice of each gene alone adds to the proxy's loss, at least 0: differences around the genome that is best gene
 * by gene.
 */
export function genePriors<Point>({ space, proxy }: Pick<StudyOptions<Point>, 'space' | 'proxy'>): number[][] {
  const base = choiceCounts(space).map((count) => count - 1);
  const lossOf = (gene: number, choice: number) => proxy.loss(space.decode(base.with(gene, choice)));
  const rows = () =>
    choiceCounts(space).map((count, gene) => Array.from({ length: count }, (_, choice) => lossOf(gene, choice)));
  rows().forEach((row, gene) => {
    base[gene] = row.indexOf(Math.min(...row));
  });
  return rows().map((row) => {
    const least = Math.min(...row);
    return row.map((loss) => loss - least);
  });
}
