import type { Network } from '../network/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import { planTensors, type TensorPlan, weightedLayers } from '../quant/tensor-plan.ts';

/** When a tensor, or a layer without weights, is f32: if all of some layers with weights are, or never. */
export interface TypeRule {
  never: boolean;
  /** Positions among the layers with weights that all have to be f32. */
  decidedBy: readonly number[];
}

export interface TypeRules {
  /** By the tensor's name. */
  tensors: ReadonlyMap<string, TypeRule>;
  /** By the name of the layer without weights. */
  layers: ReadonlyMap<string, TypeRule>;
}

/**
 * Learns from `planTensors` which layers decide the type of what, so that a search need not plan every candidate anew.
 * Every rule has the form "f32 exactly if all layers of a set are f32"; the set is found by making one layer after the
 * other an integer layer in a network that is f32 otherwise.
 */
export function deriveTypeRules(folded: Pick<Network, 'inputShape' | 'layers'>): TypeRules {
  const names = weightedLayers(folded);
  const schemesWith = (integerLayer: number) =>
    new Map<string, Scheme>(names.map((name, i) => [name, i === integerLayer ? 'w8a8' : 'f32']));
  const probes = names.map((_, i) => planTensors(folded, schemesWith(i)));
  const allReal = planTensors(folded, schemesWith(-1));
  const ruleOf = (isReal: (plan: TensorPlan) => boolean): TypeRule => ({
    never: !isReal(allReal),
    decidedBy: names.map((_, i) => i).filter((i) => !isReal(probes[i])),
  });
  const weightless = folded.layers.filter(({ name }) => !names.includes(name));
  return {
    tensors: new Map(
      [...allReal.tensors.keys()].map((name) => [name, ruleOf((plan) => plan.tensors.get(name)!.type === 'f32')]),
    ),
    layers: new Map(weightless.map(({ name }) => [name, ruleOf((plan) => plan.schemes.get(name) === 'f32')])),
  };
}

/**
 * Whether a rule makes its tensor f32.
 *
 * @param isInteger 1 for each layer with weights that is no f32 layer.
 * @example isReal({ never: false, decidedBy: [1] }, new Uint8Array([1, 0])) // => true
 */
export function isReal(rule: TypeRule, isInteger: Uint8Array): boolean {
  if (rule.never) return false;
  for (const position of rule.decidedBy) if (isInteger[position]) return false;
  return true;
}
