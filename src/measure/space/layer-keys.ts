import type { Random } from '../../core/random.ts';

/** The key of the table's entry that each executed layer of a genome needs, by the layer's name. */
export type KeysOf = (genome: readonly number[]) => ReadonlyMap<string, string>;

/** Beyond, finding out what each gene is for takes too long, and each genome is looked at as a whole. */
const MOST_PROBES = 2000;
/** Genomes in which genes are changed, and choices of a gene that are tried in each: which layers a gene reaches hardly depends on more. */
const PROBED_LEVELS = 4;
const PROBED_CHOICES = 8;

/**
 * The keys of a genome's layers, remembered by the genes that each layer depends on: after a while the price of changing
 * one gene is a few look-ups. Which layers a gene reaches is found out by changing it in a few genomes; where it reaches
 * further in others the remembered keys may be wrong, and {@link whole} is right.
 */
export class LayerKeys {
  readonly counts: readonly number[];
  private readonly keysOf: KeysOf;
  private readonly layers: string[] = [];
  /** Of each layer the genes that its key depends on. */
  private readonly genesOf: number[][] = [];
  /** Of each gene the layers that it reaches; undefined where that is not known. */
  private readonly reach: number[][] | undefined;
  private readonly known: Map<string, string | undefined>[] = [];

  /** @param counts how many choices each gene has. */
  constructor(counts: readonly number[], keysOf: KeysOf, random: Random) {
    this.counts = counts;
    this.keysOf = keysOf;
    const most = Math.max(1, ...counts);
    const bases = [
      ...spread(most, PROBED_LEVELS).map((choice) => counts.map((count) => Math.min(choice, count - 1))),
      counts.map((count) => random.below(count)),
    ];
    const probes = bases.length * counts.reduce((sum, count) => sum + Math.min(count, PROBED_CHOICES) - 1, 0);
    this.reach = probes > MOST_PROBES ? undefined : this.probe(bases);
  }

  /** All keys of a genome, worked out anew. */
  whole(genome: readonly number[]): string[] {
    return [...this.keysOf(genome).values()];
  }

  /** The layers that a gene reaches, by position; undefined where changes of single genes cannot be looked up. */
  reachOf(gene: number): readonly number[] | undefined {
    return this.reach?.[gene];
  }

  get layerCount(): number {
    return this.layers.length;
  }

  /** The key of one layer; undefined for one that is gone. Works all of them out where it is not remembered. */
  of(layer: number, genome: readonly number[]): string | undefined {
    const known = this.known[layer];
    const name = this.nameOf(layer, genome);
    if (!known.has(name)) this.remember(genome);
    return known.get(name);
  }

  /** Whether the key of a layer is remembered. */
  knows(layer: number, genome: readonly number[]): boolean {
    return this.known[layer].has(this.nameOf(layer, genome));
  }

  private nameOf(layer: number, genome: readonly number[]): string {
    return this.genesOf[layer].map((gene) => genome[gene]).join();
  }

  private remember(genome: readonly number[]): void {
    const keys = this.keysOf(genome);
    for (let layer = 0; layer < this.layers.length; layer++) {
      this.known[layer].set(this.nameOf(layer, genome), keys.get(this.layers[layer]));
    }
  }

  /** Changes every gene in every base, and notes which layers need another entry then. */
  private probe(bases: readonly (readonly number[])[]): number[][] {
    const genes = new Map<string, Set<number>>();
    for (const base of bases) {
      const before = this.keysOf(base);
      for (const [gene, count] of this.counts.entries()) {
        for (const choice of spread(count, PROBED_CHOICES)) {
          if (choice === base[gene]) continue;
          const after = this.keysOf(base.with(gene, choice));
          for (const layer of new Set([...before.keys(), ...after.keys()])) {
            if (!genes.has(layer)) genes.set(layer, new Set());
            if (before.get(layer) !== after.get(layer)) genes.get(layer)!.add(gene);
          }
        }
      }
    }
    const reach = this.counts.map((): number[] => []);
    for (const [layer, own] of genes) {
      for (const gene of own) reach[gene].push(this.layers.length);
      this.layers.push(layer);
      this.genesOf.push([...own].sort((a, b) => a - b));
      this.known.push(new Map());
    }
    return reach;
  }
}

/** So many of the choices, evenly spread, the first and the last among them. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, choice) => choice);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}
