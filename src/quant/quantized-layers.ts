import type { LayerArithmetic } from './arithmetic.ts';
import { type QuantizationSource, quantizeNetwork } from './quantize.ts';
import type { Scheme } from './scheme.ts';
import { uniformSchemes } from './tensor-plan.ts';

/**
 * The layers of one network with their weights in any scheme, for whoever looks at weights alone: the formats of their
 * tensors are those of a network in which all layers have that scheme.
 */
export class QuantizedLayers {
  private readonly source: QuantizationSource;
  private readonly byScheme = new Map<Scheme, Map<string, LayerArithmetic>>();

  constructor(source: QuantizationSource) {
    this.source = source;
  }

  /** @param scheme that of the layer; for one without weights `u8` or `f32`. */
  layer(name: string, scheme: Scheme): LayerArithmetic {
    const uniform: Scheme = scheme === 'u8' ? 'w8a8' : scheme;
    let layers = this.byScheme.get(uniform);
    if (!layers) {
      const { layers: all } = quantizeNetwork(this.source, uniformSchemes(this.source.folded, uniform, uniform));
      this.byScheme.set(uniform, (layers = new Map(all.map((layer) => [layer.name, layer]))));
    }
    return layers.get(name)!;
  }
}
