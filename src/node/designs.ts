import { type CostModelOptions, createCostModel } from '../cost/cost-model.ts';
import type { Cost } from '../cost/types.ts';
import { weightConditions } from '../engine/conditions.ts';
import { foldNetwork } from '../network/fold.ts';
import { isWhole, type Reduction, reduceNetwork, reductionOf } from '../network/reduce/index.ts';
import type { Network } from '../network/types.ts';
import { type Candidate, candidateSchemes } from '../quant/candidate.ts';
import type { Design } from '../quant/design.ts';
import { type QuantizationSource, type QuantizedNetwork, quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { weightedLayers } from '../quant/tensor-plan.ts';
import { calibratedSource } from './calibrated-source.ts';
import type { Workbench } from './workbench.ts';

/** A reduced network with its own calibration. */
export interface ReducedNetwork {
  /** Unfolded. */
  network: Network;
  source: QuantizationSource;
}

/** Reduced networks that are kept, for the front is asked for them several times. */
const REMEMBERED = 64;

/** Builds the networks of designs: channels selected, calibrated over the images that the whole network was. */
export class DesignBuilder {
  private readonly workbench: Workbench;
  private readonly built = new Map<string, ReducedNetwork>();

  constructor(workbench: Workbench) {
    this.workbench = workbench;
  }

  reduced(reduction: Reduction): ReducedNetwork {
    const { opened, source, engine, calibration } = this.workbench;
    if (isWhole(reduction)) return { network: opened.network, source };
    const key = JSON.stringify([
      reduction.droppedBlocks,
      reduction.shortcuts,
      [...reduction.kernels],
      [...reduction.keptChannels],
    ]);
    let built = this.built.get(key);
    if (!built) {
      const network = reduceNetwork(opened.network, reduction);
      built = { network, source: calibratedSource(engine, foldNetwork(network), calibration) };
      engine.forget(built.source.folded); // what calibration packed in f32
      if (this.built.size >= REMEMBERED) this.built.clear();
      this.built.set(key, built);
    }
    return built;
  }

  quantize({ reduction, schemes }: Design): QuantizedNetwork {
    const { source } = this.reduced(reduction);
    return quantizeNetwork(source, ownSchemes(source, schemes));
  }

  /** What a design costs on a device when its own weights decide which variants run, and the entries that say so. */
  price(
    { reduction, schemes }: Design,
    device: Omit<CostModelOptions, 'network' | 'conditional'>,
  ): { cost: Cost; keys: string[]; schemes: Scheme[] } {
    const { network, source } = this.reduced(reduction);
    const model = createCostModel({ ...device, network, conditional: weightConditions(source) });
    const own = [...ownSchemes(source, schemes).values()];
    return { cost: model.estimate(own), keys: model.keys(own), schemes: own };
  }
}

/** The schemes of the layers that are left, in execution order. */
export function ownSchemes({ folded }: QuantizationSource, schemes: ReadonlyMap<string, Scheme>): Map<string, Scheme> {
  return new Map(weightedLayers(folded).map((layer) => [layer, schemes.get(layer)!]));
}

/** The design that a candidate file tells of. */
export function candidateDesign(network: Network, candidate: Pick<Candidate, 'layers'>): Design {
  return { reduction: reductionOf(network, candidate.layers), schemes: candidateSchemes(candidate) };
}
