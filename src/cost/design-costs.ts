import { BitbudgetError } from '../core/errors.ts';
import type { LutEntry } from '../lut/schema.ts';
import {
  type ChannelClasses,
  channelClasses,
  dropBlocks,
  insertShortcuts,
  isWhole,
  shortcutName,
} from '../network/reduce/index.ts';
import { inferShapes } from '../network/shapes.ts';
import type { Network } from '../network/types.ts';
import type { Design } from '../quant/design.ts';
import type { Scheme } from '../quant/scheme.ts';
import { type CostModelOptions, openPriceList, type PricedTable, TableCostModel } from './cost-model.ts';
import type { DeviceFacts } from './device.ts';
import type { LayerSizes } from './layer-sizes.ts';
import { PriceList } from './price-list.ts';
import type { Cost, Work } from './types.ts';

/** Prices designs of one network: reduced, in mixed precision, or both. */
export interface DesignCosts {
  /**
   * @throws {BitbudgetError} `missing-entry` for a workload that was never measured, `input` for a layer without scheme.
   */
  estimate(design: Design): Cost;
  /** Keys of the table's entries that a design's price is made of, one for each executed layer. */
  keys(design: Design): string[];
}

/**
 * Prices designs from one table as if each reduced network had been priced by itself, without building it: what a graph
 * and its types decide is worked out once for each set of dropped blocks, and from then on a design is a count of the
 * channels that are left and a look-up a layer. Variants that depend on weights are taken to run where they run with the
 * whole network's weights; a candidate is priced with its own before it is written.
 *
 * @param options.network the whole network, unfolded.
 */
export function createDesignCosts(options: CostModelOptions): DesignCosts {
  const { network, table, device } = options;
  return new TableDesignCosts(network, table, device, openPriceList(table, options));
}

/**
 * Names the entries that designs of one network need, whether any table holds them or not.
 *
 * @param network the whole network, unfolded.
 * @returns the key of each executed layer of a design, by the layer's name, in order.
 * @throws {BitbudgetError} `unsupported` where the network cannot be folded.
 */
export function createDesignKeys(network: Network): (design: Design) => Map<string, string> {
  const costs = withoutTable(network);
  return (design) => costs.keysByLayer(design);
}

/**
 * Weighs designs of one network without any table: size, multiply-accumulates and bit operations.
 *
 * @param network the whole network, unfolded.
 * @throws {BitbudgetError} `unsupported` where the network cannot be folded.
 */
export function createDesignWork(network: Network): (design: Design) => Work {
  const costs = withoutTable(network);
  return (design) => costs.work(design);
}

/** Knows all but prices: every entry is taken to be there. */
function withoutTable(network: Network): TableDesignCosts {
  const latencyUs = { median: 1, low: 1, high: 1, p95: 1, count: 1 };
  const nothing = {
    latencyUs,
    variant: '',
    variantSha256: '',
    scratchBytes: 0,
    packedBytes: 0,
    trust: 'stable',
  } as const;
  const entryFor = (key: string) => ({ ...nothing, key }) as LutEntry;
  const index = { entryFor, get: entryFor };
  const table = { scalar: 1, validation: null, protocol: { name: 'none' }, threads: 1 };
  return new TableDesignCosts(network, table, undefined, new PriceList(index, network.name, () => true));
}

/** A graph with some blocks dropped and some shortcuts inserted, priced. */
interface Topology {
  model: TableCostModel;
  classes: ChannelClasses;
  /** For each executed layer the tensors that it reads first and writes, and the pixels that a dense layer flattens. */
  ends: { input: string; output: string; pixels: number }[];
  /** Channels of zeros that a subsampling adds before its input, by position. */
  before: ReadonlyMap<number, number>;
  position: ReadonlyMap<string, number>;
}

/** Topologies that are remembered before the memory is cleared. */
const REMEMBERED = 512;

class TableDesignCosts implements DesignCosts {
  private readonly network: Network;
  private readonly table: PricedTable;
  private readonly device: DeviceFacts | undefined;
  private readonly prices: PriceList;
  private readonly topologies = new Map<string, Topology>();

  constructor(network: Network, table: PricedTable, device: DeviceFacts | undefined, prices: PriceList) {
    this.network = { ...network, weights: new Map() };
    this.table = table;
    this.device = device;
    this.prices = prices;
  }

  estimate(design: Design): Cost {
    const { model, schemes, sizes } = this.place(design);
    return model.estimate(schemes, sizes);
  }

  keys(design: Design): string[] {
    const { model, schemes, sizes } = this.place(design);
    return model.keys(schemes, sizes);
  }

  work(design: Design): Work {
    const { model, schemes, sizes } = this.place(design);
    return model.work(schemes, sizes);
  }

  keysByLayer(design: Design): Map<string, string> {
    const { model, schemes, sizes } = this.place(design);
    const keys = model.keys(schemes, sizes);
    return new Map(model.executed.map(({ name }, i) => [name, keys[i]]));
  }

  private place({ reduction, schemes }: Design): { model: TableCostModel; schemes: Scheme[]; sizes?: LayerSizes } {
    const { droppedBlocks, shortcuts, kernels, keptChannels } = reduction;
    let topology = this.topology(droppedBlocks, shortcuts);
    if (isWhole(reduction)) return { model: topology.model, schemes: schemesOf(topology, schemes) };
    let removed = removedClasses(topology.classes, keptChannels);
    const needed = shortcuts.filter((addition) => picksChannels(topology, shortcutName(addition), removed));
    if (needed.length < shortcuts.length) {
      const skipped = new Set(shortcuts.filter((addition) => !needed.includes(addition)).map(shortcutName));
      topology = this.topology(droppedBlocks, needed);
      removed = removedClasses(topology.classes, new Map([...keptChannels].filter(([layer]) => !skipped.has(layer))));
    }
    return {
      model: topology.model,
      schemes: schemesOf(topology, schemes),
      sizes: sizesOf(topology, removed, kernels),
    };
  }

  private topology(droppedBlocks: readonly string[], shortcuts: readonly string[]): Topology {
    const key = `${droppedBlocks.join()};${shortcuts.join()}`;
    let topology = this.topologies.get(key);
    if (!topology) {
      const shallow = dropBlocks(this.network, droppedBlocks);
      const left = new Set(shallow.layers.map(({ name }) => name));
      const graph = insertShortcuts(
        shallow,
        shortcuts.filter((addition) => left.has(addition)),
      );
      topology = describeTopology(graph, new TableCostModel(graph, this.table, this.device, this.prices));
      if (this.topologies.size >= REMEMBERED) this.topologies.clear();
      this.topologies.set(key, topology);
    }
    return topology;
  }
}

function describeTopology(graph: Network, model: TableCostModel): Topology {
  const shapes = inferShapes(graph);
  const before = new Map<number, number>();
  const ends = model.executed.map((layer, position) => {
    if (layer.op === 'subsample') before.set(position, layer.channelsBefore);
    const [height, width] = shapes.get(layer.inputs[0])!;
    const [input] = layer.inputs;
    return { input, output: layer.name, pixels: layer.op === 'dense' ? height * width : 1 };
  });
  const position = new Map(model.executed.map(({ name }, i) => [name, i]));
  return { model, classes: channelClasses(graph), ends, before, position };
}

function schemesOf({ model }: Topology, schemes: ReadonlyMap<string, Scheme>): Scheme[] {
  return model.layers.map((layer) => {
    const scheme = schemes.get(layer);
    if (scheme) return scheme;
    const remedy = 'Name a scheme for every convolution and dense layer.';
    throw new BitbudgetError('input', `Layer "${layer}" has no scheme.`, remedy);
  });
}

/** 1 for each class that some layer removes. */
function removedClasses(
  { of, count }: ChannelClasses,
  keptChannels: ReadonlyMap<string, readonly number[]>,
): Uint8Array {
  const removed = new Uint8Array(count);
  for (const [layer, kept] of keptChannels) {
    const own = of.get(layer);
    if (!own) continue; // a layer of a dropped block
    let next = 0;
    for (let channel = 0; channel < own.length; channel++) {
      if (kept[next] === channel) next++;
      else removed[own[channel]] = 1;
    }
  }
  return removed;
}

/** Whether the two ends of an inserted shortcut keep different channels. */
function picksChannels({ classes, ends, position }: Topology, shortcut: string, removed: Uint8Array): boolean {
  const at = position.get(shortcut);
  if (at === undefined) return false;
  const output = classes.of.get(shortcut)!;
  return classes.of.get(ends[at].input)!.some((number, channel) => removed[number] !== removed[output[channel]]);
}

function sizesOf(topology: Topology, removed: Uint8Array, kernels: ReadonlyMap<string, number>): LayerSizes {
  const { classes, ends, before, position } = topology;
  const counts = new Map<string, number>();
  const countOf = (tensor: string) => {
    let count = counts.get(tensor);
    if (count === undefined) counts.set(tensor, (count = leftOf(classes.of.get(tensor)!, removed, Infinity)));
    return count;
  };
  const inChannels = new Int32Array(ends.length);
  const outChannels = new Int32Array(ends.length);
  const details = new Int32Array(ends.length);
  for (let i = 0; i < ends.length; i++) {
    const { input, output, pixels } = ends[i];
    inChannels[i] = countOf(input) * pixels;
    outChannels[i] = countOf(output);
  }
  for (const [i, channels] of before) details[i] = leftOf(classes.of.get(ends[i].output)!, removed, channels);
  for (const [layer, size] of kernels) {
    const at = position.get(layer);
    if (at !== undefined) details[at] = size;
  }
  return { inChannels, outChannels, details };
}

/** How many of the first channels of a tensor stay. */
function leftOf(own: Int32Array, removed: Uint8Array, limit: number): number {
  let count = 0;
  for (let channel = 0; channel < own.length && channel < limit; channel++) if (!removed[own[channel]]) count++;
  return count;
}
