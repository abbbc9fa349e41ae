import { findArchitectureProxy, findBitProxy } from '../accuracy/proxies/index.ts';
import { assignmentNoise, OUTPUT_NOISE } from '../accuracy/proxies/output-noise.ts';
import { REDUCTION_NOISE } from '../accuracy/proxies/reduction-noise.ts';
import { REDUCTION_SIGNAL } from '../accuracy/proxies/reduction-signal.ts';
import { SIGNAL_LOSS } from '../accuracy/proxies/signal-loss.ts';
import { tabulate } from '../accuracy/proxies/tabulate.ts';
import {
  type ArchitectureProxy,
  type BitProxy,
  interrupted,
  type ProxyContext,
  type SchemeLosses,
  schemeLoss,
} from '../accuracy/proxies/types.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import { type Reduction, reduceNetwork } from '../network/reduce/index.ts';
import type { Scheme } from '../quant/scheme.ts';
import { choiceCounts, type SearchSpace, type SpacePoint } from '../space/index.ts';
import type { StudyProxy } from '../study/index.ts';
import { loadAutodiffOnNode } from './training-files.ts';
import type { Workbench } from './workbench.ts';

export interface ProbeSurroundings {
  onProgress: Progress;
  cancellation: Cancellation;
  pause(): Promise<void>;
}

/** By which proxies a search or a solver ranks. */
export interface ProxyChoice {
  /** For bits; the best known for the kind of space unless given. */
  proxy?: string;
  /** For whatever makes the network smaller. */
  architectureProxy: string;
}

export const DEFAULT_PROXIES: ProxyChoice = { architectureProxy: 'reduction-signal' };

/** The best known for bits alone, and for bits beside structure: docs/decisions/0006 has the figures. */
export const DEFAULT_BIT_PROXY = 'output-noise';
const JOINT_BIT_PROXY = 'signal-loss';

/** Proxies for bits, and those for reductions that measure in the same unit. */
const SAME_UNIT: ReadonlyMap<BitProxy, ArchitectureProxy> = new Map([
  [SIGNAL_LOSS, REDUCTION_SIGNAL],
  [OUTPUT_NOISE, REDUCTION_NOISE],
]);

/** Images that each reduction is looked at with, and the fewer ones where there are many probes. */
const PROBE_IMAGES = 32;
const FEW_IMAGES = 8;
const MANY_PROBES = 200;
/** Reductions by which the units of two proxies are compared, about. */
const EXCHANGE_PROBES = 8;

/** What proxies see of a workbench. */
export function proxyContext(
  { engine, source, opened, images, labels }: Pick<Workbench, 'engine' | 'source' | 'opened' | 'images' | 'labels'>,
  surroundings: ProbeSurroundings,
): ProxyContext {
  return {
    ...{ engine, source, network: opened.network, images },
    ...(labels?.length === images.length && { labels }),
    gradients: loadAutodiffOnNode,
    ...surroundings,
  };
}

/**
 * The additive proxy of a space: the loss of each layer's scheme, and of each choice that makes the network smaller, as
 * the difference that it alone makes. Where both are chosen, by proxies of different units, each is brought to noise at the
 * logits by one factor that is measured, for they could not be added up.
 *
 * @throws {BitbudgetError} `usage` for an unknown proxy, `input` for what it needs and is not there, `interrupted`.
 */
export async function spaceProxy(
  workbench: Pick<Workbench, 'engine' | 'source' | 'opened' | 'images' | 'labels'>,
  space: SearchSpace,
  surroundings: ProbeSurroundings,
  choice: ProxyChoice = DEFAULT_PROXIES,
): Promise<StudyProxy<SpacePoint>> {
  const mixed = space.genes.some(({ kind }) => isBits(kind)) && space.genes.some(({ kind }) => !isBits(kind));
  const bits = findBitProxy(choice.proxy ?? (mixed ? JOINT_BIT_PROXY : DEFAULT_BIT_PROXY));
  const architecture = findArchitectureProxy(choice.architectureProxy);
  const context = proxyContext(workbench, surroundings);
  const full = space.genes.map(({ kind, choices }) => (kind === 'drop' ? 0 : choices.length - 1));
  const schemes = schemesOf(space, full);
  // a space of structure alone has nothing to ask about bits
  const real = schemes.every((scheme) => scheme === 'f32');
  const table = real ? tabulate(context.source.folded, [], () => 0) : await bits.losses(context, schemes);
  const probes = structureProbes(space, full);
  const structure = await structureLosses(context, architecture, space, probes);
  const joint = probes.length > 0 && space.genes.some(({ kind }) => isBits(kind));
  const alike = SAME_UNIT.get(bits) === architecture;
  const factor = joint && !alike && bits !== OUTPUT_NOISE ? noisePerLoss(context, space, full, table) : 1;
  if (joint && !alike && architecture !== REDUCTION_NOISE) await toNoise(context, probes, structure);
  const other = probes.length > 0 && !alike;
  return {
    name: other ? `${bits.name}+${architecture.name}` : bits.name,
    loss({ genome, schemes: assigned }) {
      // a layer that is gone has no scheme, and adds no noise of its own
      const present = table.layers.map((layer) => assigned.get(layer) ?? 'f32');
      let sum = factor * schemeLoss(table, present);
      for (const [gene, row] of structure) sum += row[genome[gene]];
      return sum;
    },
  };
}

function isBits(kind: string): boolean {
  return kind === 'scheme' || kind === 'weights' || kind === 'activations';
}

/** Measured noise at the logits per unit of a table's loss, of the network with the middle choice of all bits. */
function noisePerLoss(context: ProxyContext, space: SearchSpace, full: readonly number[], table: SchemeLosses): number {
  const counts = choiceCounts(space);
  const middle = full.map((choice, gene) => (isBits(space.genes[gene].kind) ? counts[gene] >> 1 : choice));
  const assigned = space.decode(middle).schemes;
  const schemes = table.layers.map((layer): Scheme => assigned.get(layer) ?? 'f32');
  const loss = schemeLoss(table, schemes);
  const noise = assignmentNoise(context)(new Map(table.layers.map((layer, i) => [layer, schemes[i]])));
  return loss > 0 && noise > 0 ? noise / loss : 1;
}

/** Brings the losses of reductions to noise at the logits, by what a few of them measure. */
async function toNoise(context: ProxyContext, probes: readonly Probe[], rows: Map<number, number[]>): Promise<void> {
  const step = Math.max(1, Math.floor(probes.length / EXCHANGE_PROBES));
  const seen = { ...context, images: context.images.slice(0, FEW_IMAGES) };
  let noise = 0;
  let loss = 0;
  for (let i = 0; i < probes.length; i += step) {
    const { gene, choice, reduction } = probes[i];
    noise += await REDUCTION_NOISE.loss(seen, reduceNetwork(context.network, reduction));
    loss += Math.abs(rows.get(gene)![choice]);
  }
  const factor = loss > 0 && noise > 0 ? noise / loss : 1;
  for (const [gene, row] of rows)
    rows.set(
      gene,
      row.map((value) => factor * value),
    );
}

/** Every scheme that some layer of the space can have. */
export function schemesOf(space: SearchSpace, full: readonly number[]): Scheme[] {
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

/** One choice that makes the network smaller. */
interface Probe {
  gene: number;
  choice: number;
  reduction: Reduction;
}

function structureProbes(space: SearchSpace, full: readonly number[]): Probe[] {
  const probes: Probe[] = [];
  for (const [gene, { kind, choices }] of space.genes.entries()) {
    if (isBits(kind)) continue;
    for (let choice = 0; choice < choices.length; choice++) {
      const { reduction } = space.decode(full.with(gene, choice));
      if (choice !== full[gene] || kind === 'keep')
        probes.push({ gene, choice, reduction: alone(reduction, space, full, gene) });
    }
  }
  return probes;
}

/** For each gene that makes the network smaller, what each of its choices alone adds to the loss. */
async function structureLosses(
  context: ProxyContext,
  proxy: ArchitectureProxy,
  space: SearchSpace,
  probes: readonly Probe[],
): Promise<Map<number, number[]>> {
  const rows = new Map<number, number[]>();
  if (probes.length === 0) return rows;
  const count = probes.length > MANY_PROBES ? FEW_IMAGES : PROBE_IMAGES;
  const { labels } = context;
  const seen = {
    ...context,
    images: context.images.slice(0, count),
    ...(labels && { labels: labels.slice(0, count) }),
  };
  const whole = await proxy.loss(seen, context.network);
  for (const [i, { gene, choice, reduction }] of probes.entries()) {
    const row = rows.get(gene) ?? space.genes[gene].choices.map(() => 0);
    rows.set(gene, row);
    row[choice] = (await proxy.loss(seen, reduceNetwork(context.network, reduction))) - whole;
    context.onProgress('measuring what each reduction loses', (i + 1) / probes.length);
    if (context.cancellation.aborted) throw interrupted();
    await context.pause();
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
