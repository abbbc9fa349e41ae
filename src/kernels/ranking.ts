import type { Workload } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { Scheme } from '../quant/scheme.ts';
import { variantById } from './registry.ts';
import type { KernelVariant } from './types.ts';

/**
 * The variants that were found fastest on a device, by table key (workload, slash, scheme): ids in the order in which they
 * are to be tried. Those before the last depend on the weights, the last runs whatever they are.
 */
export type VariantRanking = ReadonlyMap<string, readonly string[]>;

/** Whether a variant runs a workload in a scheme whatever the weights are. */
export function runsUnconditionally(variant: KernelVariant, workload: Workload, scheme: Scheme): boolean {
  return variant.condition?.always(workload, scheme) ?? true;
}

/** Whether a variant runs a layer with its own weights. */
export function runsLayer(variant: KernelVariant, layer: LayerArithmetic): boolean {
  return runsUnconditionally(variant, layer.workload, layer.scheme) || variant.condition!.holds(layer);
}

/** The variants of a ranking that this version knows, in order. */
export function rankedVariants(ranking: VariantRanking | undefined, key: string): KernelVariant[] {
  return (ranking?.get(key) ?? []).map(variantById).filter((variant) => variant !== undefined);
}
