import { inferShapes } from '../network/shapes.ts';
import type { Network, Shape } from '../network/types.ts';
import { planArena } from '../quant/arena.ts';
import type { TensorPlacement } from '../quant/tensor-plan.ts';
import type { LayerSizes } from './layer-sizes.ts';
import type { PricedLayer } from './price-list.ts';
import { isReal, type TypeRules } from './type-rules.ts';

/** Plans that are remembered before the memory is cleared. */
const REMEMBERED_PLANS = 50_000;

/**
 * Peak RAM of candidates. A memory plan depends on the types of the tensors and on the scratch of the chosen variants,
 * not on bits; candidates that agree in these share a plan.
 */
export class ArenaPeaks {
  private readonly folded: Pick<Network, 'layers'>;
  private readonly shapes: Map<string, Shape>;
  private readonly rules: TypeRules;
  private readonly remembered = new Map<string, number>();

  constructor(folded: Pick<Network, 'inputShape' | 'layers'>, rules: TypeRules) {
    this.folded = folded;
    this.shapes = inferShapes(folded);
    this.rules = rules;
  }

  /**
   * @param isInteger 1 for each layer with weights that is no f32 layer.
   * @param priced all executed layers in order.
   * @param sizes where the layers are smaller than the network's own.
   */
  peakBytes(isInteger: Uint8Array, priced: readonly PricedLayer[], sizes?: LayerSizes): number {
    let pattern = isInteger.join('');
    for (const { scratchBytes } of priced) pattern += `,${scratchBytes}`;
    if (sizes) pattern += `;${sizes.outChannels.join()}`;
    const known = this.remembered.get(pattern);
    if (known !== undefined) return known;
    const tensors = new Map<string, TensorPlacement>();
    for (const [name, rule] of this.rules.tensors) {
      const real = isReal(rule, isInteger);
      tensors.set(name, { type: real ? 'f32' : 'u8', bits: real ? 32 : 8, shared: false }); // only the type has a size
    }
    const scratch = new Map(this.folded.layers.map(({ name }, i) => [name, priced[i].scratchBytes]));
    const shapes = sizes ? this.resized(sizes) : this.shapes;
    const { peakBytes } = planArena(this.folded, { tensors, shapes }, scratch);
    if (this.remembered.size >= REMEMBERED_PLANS) this.remembered.clear();
    this.remembered.set(pattern, peakBytes);
    return peakBytes;
  }

  private resized({ outChannels }: LayerSizes): Map<string, Shape> {
    const shapes = new Map(this.shapes);
    for (const [i, { name }] of this.folded.layers.entries()) {
      const [height, width] = this.shapes.get(name)!;
      shapes.set(name, [height, width, outChannels[i]]);
    }
    return shapes;
  }
}
