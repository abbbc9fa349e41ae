import { noiseLoss, outputNoise } from '../accuracy/proxies/output-noise.ts';
import { reductionNoise } from '../accuracy/proxies/reduction-noise.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import { type CostModelOptions, createCostModel } from '../cost/cost-model.ts';
import type { Cost } from '../cost/types.ts';
import { weightConditions } from '../engine/conditions.ts';
import type { Engine } from '../engine/engine.ts';
import { foldNetwork } from '../network/fold.ts';
import { isWhole, type Reduction, reduceNetwork, reductionOf } from '../network/reduce/index.ts';
import type { Network } from '../network/types.ts';
import { type Candidate, candidateSchemes } from '../quant/candidate.ts';
import type { Design } from '../quant/design.ts';
import { type QuantizationSource, type QuantizedNetwork, quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { weightedLayers } from '../quant/tensor-plan.ts';
import { choiceCounts, type SearchSpace, type SpacePoint } from '../space/index.ts';
import type { StudyProxy } from '../study/index.ts';
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

interface ProbeSurroundings {
  onProgress: Progress;
  cancellation: Cancellation;
  pause(): Promise<void>;
}

/** Images that each probe looks at, and the fewer ones where there are many probes. */
const PROBE_IMAGES = 32;
const FEW_IMAGES = 8;
const MANY_PROBES = 200;

/**
 * The additive noise proxy of a space: the noise of each layer's scheme, and of each choice that makes the network
 * smaller, all measured alone.
 */
export async function noiseProxy(
  { engine, source, opened, images }: Pick<Workbench, 'engine' | 'source' | 'opened' | 'images'>,
  space: SearchSpace,
  surroundings: ProbeSurroundings,
): Promise<StudyProxy<SpacePoint>> {
  const { onProgress, pause } = surroundings;
  const full = space.genes.map(({ kind, choices }) => (kind === 'drop' ? 0 : choices.length - 1));
  const schemes = schemesOf(space, full);
  const seen = images.slice(0, PROBE_IMAGES);
  const scheme = await outputNoise(engine, source, schemes, seen, onProgress, pause);
  const structure = await structureNoise(engine, opened.network, space, full, seen, surroundings);
  return {
    name: 'output-noise',
    loss({ genome, schemes: assigned }) {
      // a layer that is gone has no scheme, and adds no noise of its own
      const present = scheme.layers.map((layer) => assigned.get(layer) ?? 'f32');
      let sum = noiseLoss(scheme, present);
      for (const [gene, row] of structure) sum += row[genome[gene]];
      return sum;
    },
  };
}

/** Every scheme that some layer of the space can have. */
function schemesOf(space: SearchSpace, full: readonly number[]): Scheme[] {
  const met = new Set<Scheme>(space.decode(full).schemes.values());
  const counts = choiceCounts(space);
  const widths = { weights: new Set<number>(), activations: new Set<number>() };
  for (const [gene, { kind, choices }] of space.genes.entries()) {
    if (kind === 'scheme') for (const choice of choices.slice(0, counts[gene])) met.add(choice as Scheme);
    if (kind === 'weights' || kind === 'activations') for (const width of choices) widths[kind].add(Number(width));
  }
  for (const w of widths.weights) for (const a of widths.activations) met.add(`w${w}a${a}`);
  return [...met];
}

/** For each gene that makes the network smaller, the noise of each of its choices. */
async function structureNoise(
  engine: Engine,
  network: Network,
  space: SearchSpace,
  full: readonly number[],
  images: readonly Uint8Array[],
  surroundings: ProbeSurroundings,
): Promise<Map<number, number[]>> {
  const probes: { gene: number; choice: number; reduction: Reduction }[] = [];
  for (const [gene, { kind, choices }] of space.genes.entries()) {
    if (kind === 'scheme' || kind === 'weights' || kind === 'activations') continue;
    for (let choice = 0; choice < choices.length; choice++) {
      const { reduction } = space.decode(full.with(gene, choice));
      if (choice !== full[gene] || kind === 'keep')
        probes.push({ gene, choice, reduction: alone(reduction, space, full, gene) });
    }
  }
  const seen = probes.length > MANY_PROBES ? images.slice(0, FEW_IMAGES) : images;
  const noise = await reductionNoise(
    engine,
    network,
    probes.map(({ reduction }) => reduction),
    seen,
    surroundings,
  );
  const rows = new Map<number, number[]>();
  for (const [i, { gene, choice }] of probes.entries()) {
    if (!rows.has(gene))
      rows.set(
        gene,
        space.genes[gene].choices.map(() => 0),
      );
    rows.get(gene)![choice] = noise[i];
  }
  return rows;
}

/** What one gene takes away, without what every design of the space has lost to the others. */
function alone(reduction: Reduction, space: SearchSpace, full: readonly number[], gene: number): Reduction {
  const own = new Set(space.genes[gene].layers);
  const always = space.decode(full).reduction;
  const same = (a: readonly number[] | undefined, b: readonly number[]) => a?.join() === b.join();
  const keptChannels = new Map(
    [...reduction.keptChannels].filter(
      ([layer, kept]) => own.has(layer) || !same(always.keptChannels.get(layer), kept),
    ),
  );
  const kernels = new Map(
    [...reduction.kernels].filter(([layer, size]) => own.has(layer) || always.kernels.get(layer) !== size),
  );
  return { ...reduction, keptChannels, kernels };
}

/** The design that a candidate file tells of. */
export function candidateDesign(network: Network, candidate: Pick<Candidate, 'layers'>): Design {
  return { reduction: reductionOf(network, candidate.layers), schemes: candidateSchemes(candidate) };
}
