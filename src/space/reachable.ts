import { BitbudgetError } from '../core/errors.ts';
import { type LayerSizes, resizeWorkload } from '../cost/layer-sizes.ts';
import { deriveTypeRules, isReal, type TypeRule } from '../cost/type-rules.ts';
import { entryKey } from '../lut/entry-key.ts';
import { foldNetwork } from '../network/fold.ts';
import { channelClasses, channelGroups, dropBlocks, insertShortcuts, shortcutName } from '../network/reduce/index.ts';
import { inferShapes } from '../network/shapes.ts';
import type { Layer, Network } from '../network/types.ts';
import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import { planTensors, uniformSchemes, weightedLayers } from '../quant/tensor-plan.ts';
import type { Gene, SearchSpace } from './space.ts';

/** A table's entry that designs of a space can need. */
export interface ReachableWorkload {
  workload: Workload;
  scheme: Scheme;
  /** The layers that can need it. */
  layers: Set<string>;
  /** How many channels some groups of layers keep in designs that need it, by the group's name; the others do not matter. */
  kept: ReadonlyMap<string, number>;
}

/** Beyond, stages are varied one at a time instead of in all combinations. */
const MOST_GRAPHS = 2048;
/** Beyond, neighbours are taken to be able to differ freely. */
const MOST_NEIGHBOURS = 12;

/**
 * Every entry of a table, by key, that some design of a space can need: for each layer all sizes and types that its genes
 * and those of its neighbours leave possible. This is what `profile --space` measures. Entries that only genes forbid
 * together (a window that needs more bits) are listed too.
 *
 * @param network unfolded, the one that the space was made of.
 * @throws {BitbudgetError} `unsupported` for masks over channels that parameter-free shortcuts tie.
 */
export function reachableWorkloads(network: Network, space: SearchSpace): Map<string, ReachableWorkload> {
  const graphless = { ...network, weights: new Map() };
  const counts = tensorCounts(graphless, space);
  const schemes = allowedSchemes(space);
  const entries = new Map<string, ReachableWorkload>();
  const expanded = new Set<string>();
  for (const graph of graphs(graphless, space)) {
    const folded = foldNetwork(graph);
    for (const [layer, workload, scheme] of typedWorkloads(folded, schemes)) {
      const context = `${layer.name} ${layer.inputs[0]} ${entryKey(workload, scheme)}`;
      if (expanded.has(context)) continue; // most layers are the same in every graph
      expanded.add(context);
      for (const [sized, kept] of sizedWorkloads(graph, layer, workload, counts, space)) {
        const key = entryKey(sized, scheme);
        const known = entries.get(key);
        if (known) known.layers.add(layer.name);
        else entries.set(key, { workload: sized, scheme, layers: new Set([layer.name]), kept });
      }
    }
  }
  return entries;
}

/** The genome that takes the least away. */
function fullGenome({ genes }: SearchSpace): number[] {
  return genes.map(({ kind, choices }) => (kind === 'drop' ? 0 : choices.length - 1));
}

/** What is left of the network's graph, for every set of dropped blocks and shortcuts. */
function* graphs(network: Network, space: SearchSpace): Generator<Network> {
  const full = fullGenome(space);
  const drops = space.genes.flatMap(({ kind }, gene) => (kind === 'drop' ? [gene] : []));
  const { shortcuts } = space.decode(full).reduction;
  const axes = [...drops.map((gene) => space.genes[gene].choices.length), ...shortcuts.map(() => 2)];
  for (const point of grid(axes)) {
    const genome = [...full];
    for (const [i, gene] of drops.entries()) genome[gene] = point[i];
    const { droppedBlocks } = space.decode(genome).reduction;
    const shallow = dropBlocks(network, droppedBlocks);
    const left = new Set(shallow.layers.map(({ name }) => name));
    const present = shortcuts.filter((name, i) => left.has(name) && point[drops.length + i] === 1);
    yield insertShortcuts(shallow, present);
  }
}

/** All points of a grid, or of its axes where it is too large. */
function* grid(axes: readonly number[]): Generator<number[]> {
  const total = axes.reduce((product, count) => product * count, 1);
  if (total <= MOST_GRAPHS) {
    for (let index = 0; index < total; index++) {
      let rest = index;
      yield axes.map((count) => {
        const value = rest % count;
        rest = Math.floor(rest / count);
        return value;
      });
    }
    return;
  }
  for (const base of [axes.map(() => 0), axes.map((count) => count - 1)]) {
    yield base;
    for (const [axis, count] of axes.entries()) {
      for (let value = 0; value < count; value++) if (value !== base[axis]) yield base.with(axis, value);
    }
  }
}

/** The schemes that each layer may take. */
function allowedSchemes(space: SearchSpace): (layer: string) => readonly Scheme[] {
  const full = fullGenome(space);
  const { schemes, reduction } = space.decode(full);
  const allowed = new Map<string, Set<Scheme>>([...schemes].map(([layer, scheme]) => [layer, new Set([scheme])]));
  const widths = new Map<string, { weights: Gene; activations?: Gene }>();
  for (const gene of space.genes) {
    for (const layer of gene.layers) {
      if (gene.kind === 'scheme') allowed.set(layer, new Set(gene.choices as Scheme[]));
      if (gene.kind === 'weights') widths.set(layer, { weights: gene });
      if (gene.kind === 'activations') widths.get(layer)!.activations = gene;
    }
  }
  for (const [layer, { weights, activations }] of widths) {
    const pairs = weights.choices.flatMap((w) => activations!.choices.map((a): Scheme => `w${Number(w)}a${Number(a)}`));
    allowed.set(layer, new Set(pairs));
  }
  const all = [...allowed].filter(([layer]) => !reduction.shortcuts.map(shortcutName).includes(layer));
  const canBeReal = all.every(([, own]) => own.has('f32'));
  const canBeInteger = all.some(([, own]) => [...own].some((scheme) => scheme !== 'f32'));
  const picking = new Set<Scheme>([
    ...(canBeInteger ? (['w8a8'] as const) : []),
    ...(canBeReal ? (['f32'] as const) : []),
  ]);
  for (const addition of reduction.shortcuts) allowed.set(shortcutName(addition), picking);
  return (layer) => [...allowed.get(layer)!];
}

/** Each layer in every type that its tensors can have, in its own sizes. */
function* typedWorkloads(
  folded: Network,
  allowed: (layer: string) => readonly Scheme[],
): Generator<[Layer, Workload, Scheme]> {
  const names = weightedLayers(folded);
  const integers = names.map((name) => allowed(name).filter((scheme) => scheme !== 'f32'));
  const reals = names.map((name) => allowed(name).includes('f32'));
  const rules = deriveTypeRules(folded);
  const plan = planTensors(folded, uniformSchemes(folded, 'w8a8'));
  for (const layer of folded.layers) {
    const input = rules.tensors.get(layer.inputs[0])!;
    const output = rules.tensors.get(layer.name)!;
    const own = names.indexOf(layer.name);
    const scheme = rules.layers.get(layer.name);
    const seen = new Set<string>();
    for (const isInteger of patterns([input, output, scheme ?? { decidedBy: [own] }], reals, integers)) {
      const [inputReal, outputReal] = [isReal(input, isInteger), isReal(output, isInteger)];
      const real = scheme ? isReal(scheme, isInteger) : isInteger[own] === 0;
      const pattern = `${inputReal}${outputReal}${real}`;
      if (seen.has(pattern)) continue;
      seen.add(pattern);
      const whole = plan.workloads.get(layer.name)!;
      const integerInput = whole.input === 'f32' ? 'u8' : whole.input;
      const workload: Workload = {
        ...whole,
        input: inputReal ? 'f32' : integerInput,
        output: outputReal ? 'f32' : 'u8',
      };
      for (const served of real ? (['f32'] as const) : scheme ? (['u8'] as const) : integers[own]) {
        yield [layer, workload, served];
      }
    }
  }
}

/** All ways in which the layers that some rules name can be integer layers or f32. */
function* patterns(
  rules: readonly TypeRule[],
  reals: readonly boolean[],
  integers: readonly (readonly Scheme[])[],
): Generator<Uint8Array> {
  const named = [...new Set(rules.flatMap(({ decidedBy }) => decidedBy))];
  const free = named.filter((position) => reals[position] && integers[position].length > 0);
  const isInteger = Uint8Array.from(reals, (real) => (real ? 0 : 1));
  const varied = free.slice(0, MOST_NEIGHBOURS);
  for (let index = 0; index < 2 ** varied.length; index++) {
    for (const [bit, position] of varied.entries()) isInteger[position] = (index >> bit) & 1;
    yield isInteger;
  }
}

/** Under which name the channels of zeros that stay before a subsampling's input are counted. */
function zerosBefore(layer: string): string {
  return `${layer}#before`;
}

/** One state of a group of channels. */
interface GroupState {
  /** The name of the group, and how many of its channels are kept; none for what no gene shrinks. */
  kept: readonly (readonly [string, number])[];
  /** How many each tensor of the group keeps. */
  left: ReadonlyMap<string, number>;
}

/** The states of each group that genes shrink, by the name of the group. */
function tensorCounts(network: Network, space: SearchSpace): Map<string, GroupState[]> {
  const full = fullGenome(space);
  const { shortcuts } = space.decode(full).reduction;
  const graph = insertShortcuts(network, shortcuts);
  const classes = channelClasses(graph);
  const groups = new Map(channelGroups(graph, classes).flatMap((group) => group.layers.map((name) => [name, group])));
  const byGroup = new Map<string, number[]>();
  for (const [gene, { kind, layers }] of space.genes.entries()) {
    if (kind === 'keep' || kind === 'channel') byGroup.set(layers[0], [...(byGroup.get(layers[0]) ?? []), gene]);
  }
  const states = new Map<string, GroupState[]>();
  for (const [name, genes] of byGroup) {
    const group = groups.get(name)!;
    const simple = group.tensors.every((tensor) => classes.of.get(tensor)!.length === group.classes.length);
    if (space.genes[genes[0]].kind === 'channel' && !simple) {
      throw new BitbudgetError(
        'unsupported',
        `Masks over the channels of "${name}" reach more shapes than can be listed.`,
        'Use `keep` for channels that parameter-free shortcuts tie.',
      );
    }
    states.set(
      name,
      groupGenomes(space, full, genes).map(([genome, kept]): GroupState => {
        const { keptChannels } = space.decode(genome).reduction;
        const removed = new Uint8Array(classes.count);
        for (const layer of group.layers) {
          const channels = keptChannels.get(layer);
          if (!channels) continue;
          const own = classes.of.get(layer)!;
          const stays = new Set(channels);
          for (const [channel, number] of own.entries()) if (!stays.has(channel)) removed[number] = 1;
        }
        const left = (tensor: string, limit = Infinity) =>
          classes.of.get(tensor)!.filter((number, channel) => channel < limit && !removed[number]).length;
        const before = graph.layers.flatMap((layer) =>
          layer.op === 'subsample' && group.tensors.includes(layer.name)
            ? [[zerosBefore(layer.name), left(layer.name, layer.channelsBefore)] as const]
            : [],
        );
        return {
          kept: [[group.name, kept]],
          left: new Map([...group.tensors.map((tensor) => [tensor, left(tensor)] as const), ...before]),
        };
      }),
    );
  }
  return states;
}

/**
 * Genomes that go through the states of one group, each choice of its gene, or so many channels of its mask; and how many
 * channels that keeps.
 */
function groupGenomes(space: SearchSpace, full: readonly number[], genes: readonly number[]): [number[], number][] {
  const { kind, choices } = space.genes[genes[0]];
  if (kind === 'keep') return choices.map((kept, choice) => [full.with(genes[0], choice), Number(kept)]);
  return genes.map((_, last) => {
    const genome = [...full];
    for (const gene of genes.slice(last + 1)) genome[gene] = 0;
    return [genome, last + 1];
  });
}

function* sizedWorkloads(
  graph: Network,
  layer: Layer,
  workload: Workload,
  counts: ReadonlyMap<string, GroupState[]>,
  space: SearchSpace,
): Generator<[Workload, ReadonlyMap<string, number>]> {
  const shapes = inferShapes(graph);
  const [height, width, channels] = shapes.get(layer.inputs[0])!;
  const pixels = layer.op === 'dense' ? height * width : 1;
  const window = space.genes.find(({ kind, layers }) => kind === 'window' && layers[0] === layer.name);
  const details = window ? (window.choices as number[]) : [0];
  const whole: GroupState[] = [{ kept: [], left: new Map() }];
  const groupOf = (tensor: string) => [...counts].find(([, states]) => states[0].left.has(tensor))?.[1];
  const [inputs, outputs] = [groupOf(layer.inputs[0]) ?? whole, groupOf(layer.name) ?? whole];
  const outChannels = shapes.get(layer.name)![2];
  const pairs =
    inputs === outputs ? inputs.map((state) => [state, state]) : inputs.flatMap((i) => outputs.map((o) => [i, o]));
  for (const [input, output] of pairs) {
    const kept = new Map([...input.kept, ...output.kept]);
    for (const detail of details) {
      const out = output.left.get(layer.name) ?? outChannels;
      const inn = input.left.get(layer.inputs[0]) ?? channels;
      const sizes: LayerSizes = {
        inChannels: Int32Array.of(inn * pixels),
        outChannels: Int32Array.of(out),
        details: Int32Array.of(
          layer.op === 'subsample' ? (output.left.get(zerosBefore(layer.name)) ?? layer.channelsBefore) : detail,
        ),
      };
      yield [resizeWorkload(workload, layer, sizes, 0), kept];
    }
  }
}
