import { realLogits } from './reduction-noise.ts';
import { signalLoss } from './signal-loss.ts';
import { type ArchitectureProxy, assertNeeds, type ProxyContext } from './types.ts';

/**
 * The signal that a reduction takes from the logits, in f32: −ln ρ², with ρ the correlation of the reduced network's
 * logits with the whole one's, as `signal-loss` measures it for schemes. Where reductions take independent shares the
 * losses add up, with those of schemes too, and large ones do not saturate as noise does. What only scales the logits is
 * no loss, for it changes no label.
 */
export const REDUCTION_SIGNAL: ArchitectureProxy = {
  name: 'reduction-signal',
  paper: 'ours: the additive noise model of Lin et al., ICML 2016, for shares of signal, applied to what is removed',
  needs: ['images'],
  async loss(context, network) {
    assertNeeds(REDUCTION_SIGNAL, context);
    let whole = WHOLE.get(context);
    if (!whole) WHOLE.set(context, (whole = realLogits(context, context.network)));
    return signalLoss(whole, realLogits(context, network));
  },
};

/** What the whole network says, once for all reductions that it is compared with. */
const WHOLE = new WeakMap<ProxyContext, Float32Array[]>();
