import type { Engine } from '../engine/engine.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import type { KernelVariant } from '../kernels/types.ts';
import { entryKey } from '../lut/entry-key.ts';
import type { QuantizationSource } from '../quant/quantize.ts';
import { QuantizedLayers } from '../quant/quantized-layers.ts';
import type { EntrySubject } from './reachable.ts';

/**
 * The variants that the layers of one network run, by a ranking: it depends on a layer's own weights where the fastest
 * variant does, but not on the layer's neighbours.
 */
export class TunedVariants {
  private readonly engine: Pick<Engine, 'variantOf'>;
  private readonly ranking: VariantRanking;
  private readonly layers: QuantizedLayers;
  private readonly chosen = new Map<string, KernelVariant>();

  constructor(engine: Pick<Engine, 'variantOf'>, source: QuantizationSource, ranking: VariantRanking) {
    this.engine = engine;
    this.ranking = ranking;
    this.layers = new QuantizedLayers(source);
  }

  /** @param unconditional without those that depend on the layer's weights. */
  of({ workload, scheme }: EntrySubject, layer: string, unconditional: boolean): KernelVariant {
    const key = `${entryKey(workload, scheme)} ${layer} ${unconditional}`;
    let variant = this.chosen.get(key);
    if (!variant) {
      const arithmetic = { ...this.layers.layer(layer, scheme), workload, scheme };
      variant = this.engine.variantOf(arithmetic, { ranking: this.ranking, unconditional });
      this.chosen.set(key, variant);
    }
    return variant;
  }
}
