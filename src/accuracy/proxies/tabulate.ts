import type { Conv2dLayer, DenseLayer, Network } from '../../network/types.ts';
import { type Scheme, type SchemeBits, schemeBits } from '../../quant/scheme.ts';
import type { SchemeLosses } from './types.ts';

/** A layer that has bits to choose. */
export type WeightedLayer = Conv2dLayer | DenseLayer;

/** The layers with weights of a folded network, in execution order. */
export function weightedLayersOf({ layers }: Pick<Network, 'layers'>): WeightedLayer[] {
  return layers.filter((layer): layer is WeightedLayer => layer.op === 'conv2d' || layer.op === 'dense');
}

/** A table whose losses follow from the layer and its bits; f32 loses nothing. */
export function tabulate(
  folded: Pick<Network, 'layers'>,
  schemes: readonly Scheme[],
  lossOf: (layer: WeightedLayer, bits: SchemeBits) => number,
): SchemeLosses {
  const layers = weightedLayersOf(folded);
  const losses = new Map(
    layers.map((layer) => {
      const row = new Map<Scheme, number>([['f32', 0]]);
      for (const scheme of schemes) if (scheme !== 'f32') row.set(scheme, lossOf(layer, schemeBits(scheme)));
      return [layer.name, row];
    }),
  );
  return { layers: layers.map(({ name }) => name), losses };
}
