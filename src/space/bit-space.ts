import { BitbudgetError } from '../core/errors.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { Variable } from '../search/index.ts';

export interface BitSpaceOptions {
  /** The layers with weights, in execution order. */
  layers: readonly string[];
  /** What a free layer may take. */
  schemes: readonly Scheme[];
  /** Layers that are no gene, and the scheme they keep. */
  fixed: ReadonlyMap<string, Scheme>;
}

/** Which scheme each layer gets: one choice gene a free layer, an index into `schemes`. */
export interface BitSpace {
  readonly name: string;
  readonly layers: readonly string[];
  readonly schemes: readonly Scheme[];
  readonly fixed: ReadonlyMap<string, Scheme>;
  readonly variables: Variable[];
  /** For each layer the schemes that it may take: those of its gene, or its fixed one. */
  readonly choices: readonly (readonly Scheme[])[];
  /** Position in `layers` of each gene. */
  readonly genes: readonly number[];
  /** One scheme a layer. */
  decode(genome: readonly number[]): Scheme[];
  encode(schemes: readonly Scheme[]): number[];
}

/**
 * The space of mixed-precision candidates of one network.
 *
 * @throws {BitbudgetError} `usage` without schemes, with an unknown fixed layer, or with nothing left to choose.
 * @example createBitSpace({ layers: ['a', 'b'], schemes: ['w8a8', 'w4a4'], fixed: new Map([['a', 'w8a8']]) }).decode([1]) // => ['w8a8', 'w4a4']
 */
export function createBitSpace({ layers, schemes, fixed }: BitSpaceOptions): BitSpace {
  const stranger = [...fixed.keys()].find((layer) => !layers.includes(layer));
  if (stranger !== undefined) {
    throw new BitbudgetError('usage', `There is no layer "${stranger}" to fix.`, `Layers are ${layers.join(', ')}.`);
  }
  const genes = layers.flatMap((layer, i) => (fixed.has(layer) ? [] : [i]));
  if (genes.length === 0 || schemes.length === 0) {
    throw new BitbudgetError(
      'usage',
      'The space has nothing to choose.',
      'Leave a layer free and give at least one scheme.',
    );
  }
  const template = layers.map((layer) => fixed.get(layer) ?? schemes[0]);
  return {
    name: `bits-${schemes.join('-')}-fixed-${fixed.size}`,
    layers,
    schemes,
    fixed,
    genes,
    variables: genes.map(() => ({ kind: 'choice', count: schemes.length })),
    choices: layers.map((layer) => (fixed.has(layer) ? [fixed.get(layer)!] : schemes)),
    decode(genome) {
      const decoded = [...template];
      for (const [gene, layer] of genes.entries()) decoded[layer] = schemes[genome[gene]];
      return decoded;
    },
    encode(assigned) {
      return genes.map((layer) => {
        const index = schemes.indexOf(assigned[layer]);
        if (index >= 0) return index;
        const problem = `Layer "${layers[layer]}" cannot take ${assigned[layer]} in this space.`;
        throw new BitbudgetError('usage', problem, `Its schemes are ${schemes.join(', ')}.`);
      });
    },
  };
}
