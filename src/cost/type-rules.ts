import { consumersOf } from '../network/shapes.ts';
import { INPUT, type Network } from '../network/types.ts';
import { weightedLayers } from '../quant/tensor-plan.ts';

/** A tensor, or a layer without weights, is f32 if all of these layers with weights are; by their positions. */
export interface TypeRule {
  readonly decidedBy: readonly number[];
}

export interface TypeRules {
  /** By the tensor's name. */
  tensors: ReadonlyMap<string, TypeRule>;
  /** By the name of the layer without weights. */
  layers: ReadonlyMap<string, TypeRule>;
}

/**
 * Which layers decide the type of what, so that a search need not plan every candidate anew: what `planTensors` does,
 * followed from the outputs back. Every rule has the form "f32 exactly if all layers of a set are f32".
 */
export function deriveTypeRules(folded: Pick<Network, 'inputShape' | 'layers'>): TypeRules {
  const positions = new Map(weightedLayers(folded).map((name, i) => [name, i]));
  const consumers = consumersOf(folded.layers);
  /** Layers with weights that all have to be f32 for a layer to be. */
  const deciders = new Map<string, readonly number[]>();
  const readersOf = (name: string) => (consumers.get(name) ?? []).flatMap((reader) => deciders.get(reader)!);
  for (const { name, op } of folded.layers.toReversed()) {
    const position = positions.get(name);
    deciders.set(name, position !== undefined ? [position] : op === 'softmax' ? [] : readersOf(name));
  }
  for (const { name, op, stored, inputs } of folded.layers) {
    // what an imported integer model stores in 8 bits stays there where something integer feeds it
    if (!stored || op === 'softmax' || positions.has(name)) continue;
    deciders.set(name, [...deciders.get(name)!, ...inputs.flatMap((input) => deciders.get(input) ?? [])]);
  }
  const ruleOf = (all: readonly number[]): TypeRule => ({ decidedBy: [...new Set(all)].sort((a, b) => a - b) });
  const tensors = new Map<string, TypeRule>([[INPUT, ruleOf(readersOf(INPUT))]]);
  const layers = new Map<string, TypeRule>();
  for (const { name, stored } of folded.layers) {
    const own = deciders.get(name)!;
    tensors.set(name, ruleOf(stored ? [...readersOf(name), ...own] : readersOf(name)));
    if (!positions.has(name)) layers.set(name, ruleOf(own));
  }
  return { tensors, layers };
}

/**
 * Whether a rule makes its tensor f32.
 *
 * @param isInteger 1 for each layer with weights that is no f32 layer.
 * @example isReal({ decidedBy: [1] }, new Uint8Array([1, 0])) // => true
 */
export function isReal(rule: TypeRule, isInteger: Uint8Array): boolean {
  for (const position of rule.decidedBy) if (isInteger[position]) return false;
  return true;
}
