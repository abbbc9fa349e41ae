import { calibrate } from '../../engine/calibrate.ts';
import type { LoadOptions } from '../../engine/engine.ts';
import type { Session } from '../../engine/session.ts';
import { foldNetwork } from '../../network/fold.ts';
import { isWhole, type Reduction, reduceNetwork } from '../../network/reduce/index.ts';
import type { Network } from '../../network/types.ts';
import type { Design } from '../../quant/design.ts';
import { type QuantizationSource, quantizeNetwork } from '../../quant/quantize.ts';
import { weightedLayers } from '../../quant/tensor-plan.ts';
import { WeightQuantizer } from '../../quant/weights.ts';
import { groupName } from '../groups.ts';
import type { Bench } from '../surroundings.ts';

/** A design that is loaded and ready to be timed. */
export interface LoadedDesign {
  session: Session;
  /** The measurement that each of its layers is a sample of, in execution order. */
  groups: string[];
  dispose(): void;
}

/** Builds and loads designs of one network to be timed, not to be accurate: their activations keep the whole network's ranges. */
export class SlimNetworks {
  private readonly bench: Pick<Bench, 'source' | 'engine' | 'input'>;
  private readonly network: Network;

  /** @param network unfolded, with weights. */
  constructor(bench: Pick<Bench, 'source' | 'engine' | 'input'>, network: Network) {
    this.bench = bench;
    this.network = network;
  }

  load({ reduction, schemes }: Design, options: LoadOptions): LoadedDesign {
    const { engine } = this.bench;
    const source = this.sourceOf(reduction);
    const { folded } = source;
    const own = new Map(weightedLayers(folded).map((layer) => [layer, schemes.get(layer)!]));
    const session = engine.load(quantizeNetwork(source, own), options);
    return {
      session,
      groups: session.steps.map(({ layer, variant }) => groupName(layer, variant.id)),
      dispose: () => {
        session.dispose();
        if (source !== this.bench.source) engine.forget(folded);
      },
    };
  }

  private sourceOf(reduction: Reduction): QuantizationSource {
    const { source, engine, input } = this.bench;
    if (isWhole(reduction)) return source;
    const { calibration } = source;
    const folded = foldNetwork(reduceNetwork(this.network, reduction));
    const seen = folded.layers.every(({ name }) => calibration.statistics.has(name));
    const weights = new WeightQuantizer(folded, undefined, 'largest');
    if (seen) return { folded, calibration, weights };
    const own = { folded, calibration: calibrate(engine, folded, [input], calibration), weights }; // an inserted shortcut
    engine.forget(folded);
    return own;
  }
}
