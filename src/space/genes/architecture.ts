import { BitbudgetError } from '../../core/errors.ts';
import { canCrop, residualStages } from '../../network/reduce/index.ts';
import { schemeBits } from '../../quant/scheme.ts';
import type { Gene } from '../space.ts';
import { chosen, type SpaceConfig } from '../space-config.ts';
import type { GenePart, Ground } from './part.ts';

/** A gene a convolution: the side of its window, of which the middle stays. */
export function windowPart(config: NonNullable<SpaceConfig['windows']>, { graph }: Ground): GenePart {
  const sizes = [...new Set(config.sizes)].sort((a, b) => a - b);
  const largest = sizes[sizes.length - 1];
  const able = graph.layers.flatMap((layer) =>
    layer.op === 'conv2d' && layer.kernel[0] >= largest && largest > 1 && sizes.every((size) => canCrop(layer, size))
      ? [layer.name]
      : [],
  );
  const layers = chosen(config.only, able, 'the window of');
  if (layers.length === 0) {
    throw new BitbudgetError(
      'usage',
      `No window can be ${sizes.join(' or ')} wide.`,
      'Give sizes up to those of the network.',
    );
  }
  const least = sizes.map((size) => config.needBits?.[String(size)] ?? 0);
  /** The window of a layer once its bits are known. */
  const effective = (choice: number, layer: string, schemes: ReadonlyMap<string, `${string}`>) => {
    const scheme = schemes.get(layer);
    const bits = scheme ? schemeBits(scheme).activationBits : 32;
    let allowed = choice;
    while (allowed > 0 && bits < least[allowed]) allowed--;
    return allowed;
  };
  return {
    genes: layers.map((layer): Gene => ({ kind: 'window', name: `window/${layer}`, layers: [layer], choices: sizes })),
    apply(choices, { kernels, schemes }) {
      for (const [i, layer] of layers.entries()) {
        const size = sizes[effective(choices[i], layer, schemes)];
        kernels.set(layer, size);
      }
    },
    canonical: (choices, { schemes, gone }) =>
      layers.map((layer, i) => (gone.has(layer) ? 0 : effective(choices[i], layer, schemes))),
  };
}

/** A gene a stage: how many of its last residual blocks are left out. */
export function dropPart(config: NonNullable<SpaceConfig['drop']>, { graph, layers }: Ground): GenePart {
  const stages = residualStages(graph);
  const names = new Set(
    chosen(
      config.only,
      stages.map(({ name }) => name),
      'the stage',
    ),
  );
  const weighted = new Set(layers);
  const own = stages
    .filter(({ name }) => names.has(name))
    .map(({ name, blocks }) => ({
      name,
      blocks,
      counts: [...new Set(config.blocks)].filter((count) => count <= blocks.length).sort((a, b) => a - b),
    }))
    .filter(({ counts }) => counts.length > 1);
  if (own.length === 0) {
    throw new BitbudgetError('usage', 'The space has no residual blocks to drop.', 'Give blocks such as [0, 1].');
  }
  return {
    genes: own.map(
      ({ name, blocks, counts }): Gene => ({
        kind: 'drop',
        name: `drop/${name}`,
        layers: blocks.flatMap((block) => block.layers.filter((layer) => weighted.has(layer))),
        choices: counts,
      }),
    ),
    apply(choices, { droppedBlocks, gone }) {
      for (const [i, { blocks, counts }] of own.entries()) {
        for (const block of blocks.slice(blocks.length - counts[choices[i]])) {
          droppedBlocks.push(block.name);
          for (const layer of block.layers) gone.add(layer);
        }
      }
    },
    canonical: (choices) => [...choices],
  };
}
