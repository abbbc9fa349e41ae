import type { AllocationModel } from '../allocation/model.ts';

/** A gene that another has a term with: values by [own value · other's count + other's value]. */
interface Partner {
  other: number;
  values: Float64Array;
}

/** A function of a genome as tables of single genes and of pairs, which tells quickly what changing one gene does. */
export class PairwiseTables {
  readonly counts: readonly number[];
  constant = 0;
  readonly unary: Float64Array[];
  private readonly partners: Partner[][];

  constructor(counts: readonly number[]) {
    this.counts = counts;
    this.unary = counts.map((count) => new Float64Array(count));
    this.partners = counts.map(() => []);
  }

  /** Forgets all pairs. */
  clearPairs(): void {
    for (const own of this.partners) own.length = 0;
  }

  /** Adds a term, values by [first's value · second's count + second's value]. */
  addPair(first: number, second: number, values: Float64Array): void {
    const [rows, columns] = [this.counts[first], this.counts[second]];
    if (first === second) {
      for (let value = 0; value < rows; value++) this.unary[first][value] += values[value * columns + value];
      return;
    }
    const turned = new Float64Array(values.length);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
    this.partners[first].push({ other: second, values });
    this.partners[second].push({ other: first, values: turned });
  }

  /** Whether two genes have a term. */
  joins(one: number, other: number): boolean {
    return this.partners[one].some((partner) => partner.other === other);
  }

  value(genome: ArrayLike<number>): number {
    let sum = this.constant;
    for (let gene = 0; gene < this.counts.length; gene++) {
      sum += this.unary[gene][genome[gene]];
      for (const { other, values } of this.partners[gene]) {
        if (other > gene) sum += values[genome[gene] * this.counts[other] + genome[other]];
      }
    }
    return sum;
  }

  /** What the function gains where one gene takes another value. */
  change(genome: ArrayLike<number>, gene: number, to: number): number {
    const from = genome[gene];
    let sum = this.unary[gene][to] - this.unary[gene][from];
    const partners = this.partners[gene];
    for (let k = 0; k < partners.length; k++) {
      const { other, values } = partners[k];
      const count = this.counts[other];
      sum += values[to * count + genome[other]] - values[from * count + genome[other]];
    }
    return sum;
  }

  /** What two genes that change together gain beyond what both gain alone. */
  joint(genome: ArrayLike<number>, first: number, to: number, second: number, secondTo: number): number {
    const [row, before] = [to * this.counts[second], genome[first] * this.counts[second]];
    const from = genome[second];
    let sum = 0;
    const partners = this.partners[first];
    for (let k = 0; k < partners.length; k++) {
      if (partners[k].other !== second) continue;
      const { values } = partners[k];
      sum += values[row + secondTo] - values[row + from] - values[before + secondTo] + values[before + from];
    }
    return sum;
  }

  /** Brings what single changes gain, by gene and value, up to date where a gene went from a value to another. */
  adjust(gains: readonly Float64Array[], gene: number, from: number, to: number, genome: ArrayLike<number>): void {
    for (const { other, values } of this.partners[gene]) {
      const own = gains[other];
      const [row, before] = [to * own.length, from * own.length];
      const base = values[row + genome[other]] - values[before + genome[other]];
      for (let value = 0; value < own.length; value++)
        own[value] += values[row + value] - values[before + value] - base;
    }
  }
}

/**
 * One metric of a problem over its genes.
 *
 * @param groups the layers of each gene.
 */
export function tabulateMetric(
  model: AllocationModel,
  metric: number,
  groups: readonly (readonly number[])[],
): PairwiseTables {
  const { tables, chains, pairs } = model.parts;
  const geneOf = new Int32Array(model.layerCount);
  groups.forEach((layers, gene) => {
    for (const layer of layers) geneOf[layer] = gene;
  });
  const counts = groups.map((layers) => model.counts[layers[0]]);
  const sheet = new PairwiseTables(counts);
  const addUnary = (layer: number, row: readonly number[]) => {
    row.forEach((value, choice) => {
      sheet.unary[geneOf[layer]][choice] += value;
    });
  };
  tables[metric]?.forEach((row, layer) => {
    addUnary(layer, row);
  });
  chains[metric]?.forEach((rows, layer) => {
    if (layer === 0 || rows.length === 1) {
      addUnary(layer, rows[rows.length - 1]);
      return;
    }
    const before = geneOf[layer - 1];
    const values = Array.from({ length: counts[before] }, (_, p) => rows[p % rows.length]).flat();
    sheet.addPair(before, geneOf[layer], Float64Array.from(values));
  });
  for (const pair of pairs) {
    if (pair.metric === metric) sheet.addPair(geneOf[pair.i], geneOf[pair.j], Float64Array.from(pair.table.flat()));
  }
  return sheet;
}
