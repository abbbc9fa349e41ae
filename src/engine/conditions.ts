import { runsLayer } from '../kernels/ranking.ts';
import { variantById } from '../kernels/registry.ts';
import type { QuantizationSource } from '../quant/quantize.ts';
import { QuantizedLayers } from '../quant/quantized-layers.ts';
import type { Scheme } from '../quant/scheme.ts';

/**
 * Tells a cost model which variants run a network's layers with their own weights; see `CostModelOptions.conditional`.
 *
 * @returns false too for a variant that this version does not know.
 */
export function weightConditions(
  source: QuantizationSource,
): (layer: string, scheme: Scheme, variantId: string) => boolean {
  const layers = new QuantizedLayers(source);
  const verdicts = new Map<string, boolean>();
  return (layer, scheme, variantId) => {
    const key = `${layer}/${scheme}/${variantId}`;
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      const variant = variantById(variantId);
      verdict = variant !== undefined && runsLayer(variant, layers.layer(layer, scheme));
      verdicts.set(key, verdict);
    }
    return verdict;
  };
}
