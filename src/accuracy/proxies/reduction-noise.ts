import { foldNetwork } from '../../network/fold.ts';
import type { Network } from '../../network/types.ts';
import { quantizationSource, quantizeNetwork } from '../../quant/quantize.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
import { logitPower } from './output-noise.ts';
import { type ArchitectureProxy, assertNeeds, type ProxyContext } from './types.ts';

/**
 * The noise that a reduction puts into the logits, in f32: power of the difference from the whole network's logits
 * relative to their own, as `output-noise` measures it for schemes. Small reductions add up nearly; large ones saturate,
 * so that a sum of them says little more than "much".
 */
export const REDUCTION_NOISE: ArchitectureProxy = {
  name: 'reduction-noise',
  paper: 'the additive noise model of Lin et al., ICML 2016, applied to what is removed',
  needs: ['images'],
  async loss(context, network) {
    assertNeeds(REDUCTION_NOISE, context);
    let whole = WHOLE.get(context);
    if (!whole) {
      const logits = realLogits(context, context.network);
      WHOLE.set(context, (whole = { logits, signal: logitPower(logits) }));
    }
    return logitPower(realLogits(context, network), whole.logits) / whole.signal;
  },
};

/** What the whole network says, once for all reductions that it is compared with. */
const WHOLE = new WeakMap<ProxyContext, { logits: Float32Array[]; signal: number }>();

/** The logits of every image in f32. */
export function realLogits({ engine, images }: ProxyContext, network: Network): Float32Array[] {
  const folded = foldNetwork(network);
  // f32 needs no ranges
  const calibration = { method: 'minmax' as const, dataset: '', samples: 0, seed: 0, statistics: new Map() };
  const quantized = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
  const session = engine.load(quantized);
  const logits = images.map((image) => session.run(image));
  session.dispose();
  engine.forget(folded);
  return logits;
}
