import { runsLayer, type VariantRanking } from '../kernels/ranking.ts';
import { variantsFor } from '../kernels/registry.ts';
import { entryKey } from '../lut/entry-key.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { QuantizedNetwork } from '../quant/quantize.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';

/** Tricks that save the most on 3×3 layers of stride 1, the best first. Where fewer bits are at work, others are as fast. */
const PREFERRED = ['_winograd43', '_winograd23'];

/**
 * Loads networks to be run over many images for their accuracy. All exact variants give the same bits, so the choice is one
 * of speed alone, and without a table of the device exact integer Winograd is preferred wherever the weights allow it: it
 * takes 0.55 of the direct kernels' time on ResNet-20 in w8a8, and no other variant beats it by much above three bits.
 */
export function loadForEvaluation(engine: Engine, networks: readonly QuantizedNetwork[]): Session[] {
  return networks.map((network) => {
    const ranking = new Map<string, readonly string[]>();
    for (const layer of network.layers) {
      const id = preferredVariant(engine, layer);
      const key = entryKey(layer.workload, layer.scheme);
      if (id !== undefined) ranking.set(key, [...new Set([...(ranking.get(key) ?? []), id])].sort(byPreference));
    }
    return engine.load(network, { ranking: ranking satisfies VariantRanking });
  });
}

function preferredVariant(engine: Engine, layer: LayerArithmetic): string | undefined {
  const { workload, scheme } = layer;
  if (workload.op !== 'conv2d' || /^w[123]a/.test(scheme) || scheme === 'f32') return undefined;
  const exact = variantsFor(workload, scheme, engine.limits).filter((variant) => runsLayer(variant, layer));
  for (const trick of PREFERRED) {
    const found = exact.find(({ id }) => id.endsWith(trick));
    if (found) return found.id;
  }
  return undefined;
}

function byPreference(a: string, b: string): number {
  const rank = (id: string) => PREFERRED.findIndex((trick) => id.endsWith(trick));
  return rank(a) - rank(b);
}
