import { BitbudgetError } from '../core/errors.ts';
import { channelClasses, insertShortcuts, NO_REDUCTION, shortcutName } from '../network/reduce/index.ts';
import type { Network } from '../network/types.ts';
import type { Design } from '../quant/design.ts';
import type { Scheme } from '../quant/scheme.ts';
import { dropPart, windowPart } from './genes/architecture.ts';
import { bitsPart } from './genes/bits.ts';
import { keepPart, maskPart } from './genes/channels.ts';
import type { Draft, GenePart, Ground } from './genes/part.ts';
import type { SearchSpace } from './space.ts';
import { checkSpaceConfig, chosen, matchesAny, type SpaceConfig, type SpaceConfigInput } from './space-config.ts';

/** More genes than any network has; a space beyond is a slip. */
const MOST_GENES = 100_000;

/**
 * Composes a search space from its configuration: genes for bits first, then channels, windows and depth, each in
 * execution order.
 *
 * @param network unfolded. Its weights, where it has some, decide which channels stay.
 * @throws {BitbudgetError} `usage` for a configuration that does not fit the network.
 * @example createSearchSpace({ name: 'n', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [{ op: 'dense', name: 'd', inputs: ['input'], outChannels: 1, activation: 'none', bias: true }], weights: new Map() }, { bits: { schemes: ['w8a8', 'w4a4'] }, fixed: {} }).decode([1]).schemes.get('d') // => 'w4a4'
 */
export function createSearchSpace(network: Network, input: SpaceConfigInput): SearchSpace {
  const config = checkSpaceConfig(input, 'The configuration', 'usage');
  const ground = groundOf(network, config);
  const shortcuts = config.pickAt ? additionsOf(network, config.pickAt) : [];
  const parts = partsOf(config, ground);
  const genes = parts.flatMap((part) => part.genes);
  if (genes.length > MOST_GENES) {
    throw new BitbudgetError('usage', `The space has ${genes.length} genes.`, `Give it at most ${MOST_GENES}.`);
  }
  const starts: number[] = [];
  for (const part of parts) starts.push((starts.at(-1) ?? 0) + part.genes.length);
  const slice = (genome: readonly number[], p: number) => genome.slice(p === 0 ? 0 : starts[p - 1], starts[p]);
  const template = new Map(
    ground.layers.map((layer): [string, Scheme] => [layer, ground.fixed.get(layer) ?? config.scheme]),
  );
  const whole = parts.every((part) => part.genes.every(({ kind }) => isBits(kind)));
  const producers = whole ? [] : producersOf(ground);

  const draftOf = (genome: readonly number[]): Draft => {
    const draft: Draft = {
      schemes: new Map(template),
      removed: new Uint8Array(whole ? 0 : ground.classes.count),
      kernels: new Map(),
      droppedBlocks: [],
      gone: new Set(),
    };
    for (const [p, part] of parts.entries()) part.apply(slice(genome, p), draft);
    return draft;
  };
  return {
    name: config.name ?? nameOf(config),
    genes,
    variables: genes.map(({ choices }) => ({ kind: 'choice', count: choices.length })),
    decode(genome) {
      const draft = draftOf(genome);
      return whole
        ? { genome, reduction: NO_REDUCTION, schemes: draft.schemes }
        : { genome, ...designOf(draft, producers, shortcuts) };
    },
    canonical(genome) {
      if (whole) return [...genome];
      const draft = draftOf(genome);
      return parts.flatMap((part, p) => {
        const choices = slice(genome, p);
        if (part.canonical) return part.canonical(choices, draft);
        return choices.map((choice, g) => (part.genes[g].layers.every((layer) => draft.gone.has(layer)) ? 0 : choice));
      });
    },
  };
}

function isBits(kind: string): boolean {
  return kind === 'scheme' || kind === 'weights' || kind === 'activations';
}

function groundOf(network: Network, config: SpaceConfig): Ground {
  const additions = config.pickAt ? additionsOf(network, config.pickAt) : [];
  const graph = insertShortcuts(network, additions);
  const layers = network.layers.filter(({ op }) => op === 'conv2d' || op === 'dense').map(({ name }) => name);
  return { graph, classes: channelClasses(graph), layers, fixed: fixedLayers(layers, config) };
}

/** Layers that are no bits gene: those named, or else the first and the last where there are bits to choose. */
function fixedLayers(layers: readonly string[], { fixed, bits }: SpaceConfig): Map<string, Scheme> {
  if (!fixed) return new Map(bits ? [layers[0], layers[layers.length - 1]].map((layer) => [layer, 'w8a8']) : []);
  chosen(Object.keys(fixed), layers, 'the layer');
  const entries = Object.entries(fixed);
  return new Map(
    layers.flatMap((layer) => {
      const entry = entries.find(([pattern]) => matchesAny([pattern], layer));
      return entry ? [[layer, entry[1]] as const] : [];
    }),
  );
}

function additionsOf({ layers }: Network, patterns: readonly string[]): string[] {
  const additions = layers.filter(({ op }) => op === 'add').map(({ name }) => name);
  return chosen(patterns, additions, 'the addition');
}

function partsOf(config: SpaceConfig, ground: Ground): GenePart[] {
  const parts: GenePart[] = [];
  const taken = new Set<string>();
  for (const bits of asList(config.bits)) parts.push(bitsPart(bits, ground, taken));
  const pruned = new Set<string>();
  for (const keep of asList(config.keep)) parts.push(keepPart(keep, ground, pruned));
  if (config.masks) parts.push(maskPart(config.masks, ground, pruned));
  if (config.windows) parts.push(windowPart(config.windows, ground));
  if (config.drop) parts.push(dropPart(config.drop, ground));
  return parts;
}

function asList<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** A layer with weights, as designs are read from classes of channels. */
interface Producer {
  name: string;
  /** Class of each output channel. */
  own: Int32Array;
  /** Side of its window; 0 for dense layers. */
  window: number;
  /** By how many channels stay, the last list of them that was made: neighbouring designs share it. */
  known: number[][];
}

function producersOf({ graph, classes }: Ground): Producer[] {
  return graph.layers.flatMap((layer) =>
    layer.op === 'conv2d' || layer.op === 'dense'
      ? [
          {
            name: layer.name,
            own: classes.of.get(layer.name)!,
            window: layer.op === 'conv2d' ? layer.kernel[0] : 0,
            known: [],
          },
        ]
      : [],
  );
}

/** The design that a draft comes to; what is whole is not mentioned. */
function designOf(
  { schemes, removed, kernels, droppedBlocks, gone }: Draft,
  producers: readonly Producer[],
  shortcuts: string[],
): Design {
  const keptChannels = new Map<string, number[]>();
  const cropped = new Map<string, number>();
  for (const producer of producers) {
    const { name, own, window } = producer;
    if (gone.has(name)) continue;
    const kept = keptOf(producer, removed);
    if (kept.length < own.length) keptChannels.set(name, kept);
    const size = kernels.get(name);
    if (size !== undefined && size < window) cropped.set(name, size);
  }
  for (const layer of gone) schemes.delete(layer);
  const left = shortcuts.filter((addition) => !gone.has(addition));
  const integer = [...schemes.values()].some((scheme) => scheme !== 'f32');
  for (const addition of left) schemes.set(shortcutName(addition), integer ? 'w8a8' : 'f32');
  return { reduction: { droppedBlocks, shortcuts: left, kernels: cropped, keptChannels }, schemes };
}

/** The channels that stay; a search asks for the same ones again and again, and makes few lists. */
function keptOf({ own, known }: Producer, removed: Uint8Array): number[] {
  let count = 0;
  for (let channel = 0; channel < own.length; channel++) count += 1 - removed[own[channel]];
  const last = known[count];
  if (last?.every((channel) => removed[own[channel]] === 0)) return last;
  const kept: number[] = [];
  for (let channel = 0; channel < own.length; channel++) if (removed[own[channel]] === 0) kept.push(channel);
  known[count] = kept;
  return kept;
}

function nameOf(config: SpaceConfig): string {
  const parts = (['bits', 'keep', 'masks', 'windows', 'drop'] as const).filter((part) => config[part] !== undefined);
  return parts.join('-');
}
