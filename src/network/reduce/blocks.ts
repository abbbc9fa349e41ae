import { BitbudgetError } from '../../core/errors.ts';
import { consumersOf } from '../shapes.ts';
import type { Layer, Network } from '../types.ts';

type Graph = Pick<Network, 'layers'>;

/** A residual block whose shortcut is the block's own input: without its branch the input passes as it is. */
export interface ResidualBlock {
  /** The addition. */
  readonly name: string;
  /** The tensor that the block reads. */
  readonly start: string;
  /** The tensor that the rest of the network reads of it. */
  readonly end: string;
  /** All its layers. */
  readonly layers: readonly string[];
}

/** Blocks that follow each other directly; a depth gene leaves out the last ones. */
export interface ResidualStage {
  /** The first block's addition. */
  readonly name: string;
  readonly blocks: readonly ResidualBlock[];
}

/**
 * The residual blocks that can be left out, stage by stage in execution order. A block counts if its branch has no other
 * reader and the activation behind the addition, if any, does nothing to the block's own input.
 *
 * @example residualStages({ layers: [] }) // => []
 */
export function residualStages(network: Graph): ResidualStage[] {
  const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
  const consumers = consumersOf(network.layers);
  const stages: ResidualBlock[][] = [];
  for (const layer of network.layers) {
    if (layer.op !== 'add') continue;
    const [first, second] = layer.inputs;
    const block = blockOf(layer, first, second, byName, consumers) ?? blockOf(layer, second, first, byName, consumers);
    if (!block) continue;
    const current = stages.at(-1);
    if (current?.at(-1)?.end === block.start) current.push(block);
    else stages.push([block]);
  }
  return stages.map((blocks) => ({ name: blocks[0].name, blocks }));
}

function blockOf(
  add: Layer,
  branchEnd: string,
  start: string,
  byName: ReadonlyMap<string, Layer>,
  consumers: ReadonlyMap<string, readonly string[]>,
): ResidualBlock | undefined {
  const layers: string[] = [];
  for (let tensor = branchEnd; tensor !== start; ) {
    const layer = byName.get(tensor);
    if (layer?.inputs.length !== 1 || consumers.get(tensor)?.length !== 1) return undefined;
    layers.unshift(tensor);
    tensor = layer.inputs[0];
  }
  if (layers.length === 0) return undefined;
  const end = endOf(add, byName.get(start), byName, consumers);
  if (end === undefined || !consumers.has(end)) return undefined;
  return { name: add.name, start, end, layers: [...new Set([...layers, add.name, end])] };
}

/** The activation behind an addition goes with it where the block's input went through the same one already. */
function endOf(
  add: Layer,
  producer: Layer | undefined,
  byName: ReadonlyMap<string, Layer>,
  consumers: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const readers = consumers.get(add.name) ?? [];
  const next = readers.length === 1 ? byName.get(readers[0]) : undefined;
  if (next?.op !== 'activation') return add.name;
  return producer?.op === 'activation' && producer.activation === next.activation ? next.name : undefined;
}

/**
 * The network without some residual blocks; their inputs take the place of their outputs.
 *
 * @param blocks names of the blocks' additions.
 * @throws {BitbudgetError} `usage` for a block that is none, or cannot be left out.
 */
export function dropBlocks(network: Network, blocks: Iterable<string>): Network {
  const known = new Map(residualStages(network).flatMap((stage) => stage.blocks.map((block) => [block.name, block])));
  const replacedBy = new Map<string, string>();
  const gone = new Set<string>();
  for (const name of blocks) {
    const block = known.get(name);
    if (!block) {
      const remedy = `Blocks that can be left out are ${[...known.keys()].join(', ') || 'none'}.`;
      throw new BitbudgetError('usage', `The block "${name}" cannot be left out.`, remedy);
    }
    replacedBy.set(block.end, block.start);
    for (const layer of block.layers) gone.add(layer);
  }
  if (gone.size === 0) return network;
  const resolve = (tensor: string): string => {
    let current = tensor;
    while (replacedBy.has(current)) current = replacedBy.get(current)!; // a chain of blocks ends at one that stays
    return current;
  };
  const layers = network.layers
    .filter(({ name }) => !gone.has(name))
    .map((layer) => ({ ...layer, inputs: layer.inputs.map(resolve) }));
  const owner = (tensor: string) => tensor.slice(0, tensor.lastIndexOf('.'));
  const weights = new Map([...network.weights].filter(([tensor]) => !gone.has(owner(tensor))));
  return { ...network, layers, weights };
}
