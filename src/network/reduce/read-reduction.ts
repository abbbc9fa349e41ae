import { BitbudgetError } from '../../core/errors.ts';
import type { Network } from '../types.ts';
import { residualStages } from './blocks.ts';
import type { ReducedLayer, Reduction } from './reduce.ts';
import { additionOfShortcut } from './shortcuts.ts';

/**
 * The reduction that a list of layers tells of, as `describeReduction` wrote it: layers that are missing belong to blocks
 * that were left out, and a layer named as a shortcut was inserted.
 *
 * @param network the whole network, unfolded.
 * @throws {BitbudgetError} `input` for a layer that the network does not have, or one that is missing alone.
 */
export function reductionOf(network: Pick<Network, 'name' | 'layers'>, layers: readonly ReducedLayer[]): Reduction {
  const listed = new Map(layers.map((layer) => [layer.name, layer]));
  const weighted = network.layers.filter(({ op }) => op === 'conv2d' || op === 'dense').map(({ name }) => name);
  const known = new Set(weighted);
  const shortcuts: string[] = [];
  for (const { name } of layers) {
    if (known.has(name)) continue;
    const addition = additionOfShortcut(name);
    const present =
      addition !== undefined && network.layers.some((layer) => layer.name === addition && layer.op === 'add');
    if (!present) throw strange(network, `has a layer "${name}", which ${network.name} does not have`);
    shortcuts.push(addition);
  }
  const missing = new Set(weighted.filter((name) => !listed.has(name)));
  const droppedBlocks: string[] = [];
  for (const block of residualStages(network).flatMap((stage) => stage.blocks)) {
    const own = block.layers.filter((name) => known.has(name));
    if (!own.every((name) => missing.has(name))) continue;
    droppedBlocks.push(block.name);
    for (const name of own) missing.delete(name);
  }
  const [alone] = missing;
  if (alone !== undefined) throw strange(network, `lacks the layer "${alone}"`);
  const kernels = new Map(
    layers.flatMap(({ name, kernel }) => (kernel === undefined ? [] : [[name, kernel] as const])),
  );
  const keptChannels = new Map(
    layers.flatMap(({ name, keptChannels: kept }) => (kept === undefined ? [] : [[name, kept] as const])),
  );
  return { droppedBlocks, shortcuts, kernels, keptChannels };
}

function strange({ name }: Pick<Network, 'name'>, fault: string): BitbudgetError {
  return new BitbudgetError(
    'input',
    `The candidate ${fault}.`,
    `Name the network that it was made of instead of ${name}, or search anew.`,
  );
}
