import { BitbudgetError } from '../../core/errors.ts';
import type { Scheme } from '../../quant/scheme.ts';
import type { Gene } from '../space.ts';
import { type BitsConfig, chosen } from '../space-config.ts';
import type { GenePart, Ground } from './part.ts';

/** Layers that share their genes. */
interface LayerGroup {
  name: string;
  layers: string[];
}

/**
 * Genes for the arithmetic of layers. With `schemes` one gene chooses a scheme; with `weights` and `activations` there
 * is a gene for each, those of the weights of all groups first.
 *
 * @param taken layers that earlier parts took; those of this part are added.
 */
export function bitsPart(config: BitsConfig, ground: Ground, taken: Set<string>): GenePart {
  const { fixed } = ground;
  const free = ground.layers.filter((layer) => !fixed.has(layer) && !taken.has(layer));
  const layers = chosen(config.only, free, 'the layer');
  for (const layer of layers) taken.add(layer);
  const groups = groupLayers(layers, config, ground);
  if (groups.length === 0) {
    throw new BitbudgetError('usage', 'The space has nothing to choose the bits of.', 'Leave a layer free.');
  }
  const gene = (kind: Gene['kind'], choices: readonly (string | number)[]) =>
    groups.map((group): Gene => ({ kind, name: `${kind}/${group.name}`, layers: group.layers, choices }));
  const { schemes, weights, activations } = config;
  if (schemes) {
    const choices = [...new Set(schemes)];
    return {
      genes: gene('scheme', choices),
      apply(genome, draft) {
        for (const [g, { layers: own }] of groups.entries()) {
          for (const layer of own) draft.schemes.set(layer, choices[genome[g]]);
        }
      },
    };
  }
  const [w, a] = [[...new Set(weights!)], [...new Set(activations!)]];
  return {
    genes: [...gene('weights', w), ...gene('activations', a)],
    apply(genome, draft) {
      for (const [g, { layers: own }] of groups.entries()) {
        const scheme: Scheme = `w${w[genome[g]]}a${a[genome[groups.length + g]]}`;
        for (const layer of own) draft.schemes.set(layer, scheme);
      }
    },
  };
}

function groupLayers(layers: readonly string[], { per, tied }: BitsConfig, ground: Ground): LayerGroup[] {
  const keyOf = (layer: string) => (per === 'network' ? '' : per === 'block' ? blockOf(layer) : layer);
  const groups = new Map<string, string[]>();
  const ties = tied ? streams(ground) : new Map<string, string>();
  for (const layer of layers) {
    const key = ties.get(layer) ?? keyOf(layer);
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  }
  return [...groups].map(([key, own]) => ({ name: per === 'block' && !ties.has(own[0]) ? key : own[0], layers: own }));
}

/**
 * The block of a layer: its name without the last part.
 *
 * @example blockOf('stage1.block2.conv1') // => 'stage1.block2'
 */
export function blockOf(layer: string): string {
  const dot = layer.lastIndexOf('.');
  return dot > 0 ? layer.slice(0, dot) : layer;
}

/** Layers whose outputs are added, directly or through further additions, under the name of the first of them. */
function streams({ graph, classes, layers }: Ground): Map<string, string> {
  const byClass = new Map<number, string[]>();
  const depthwise = new Set(
    graph.layers.filter((layer) => layer.op === 'conv2d' && layer.groups > 1).map((l) => l.name),
  );
  for (const layer of layers) {
    if (depthwise.has(layer)) continue; // it passes channels on and adds to nothing
    const own = classes.of.get(layer)!;
    const key = own[0];
    byClass.set(key, [...(byClass.get(key) ?? []), layer]);
  }
  const named = new Map<string, string>();
  for (const own of byClass.values()) if (own.length > 1) for (const layer of own) named.set(layer, `=${own[0]}`);
  return named;
}
