import type { Session } from '../../src/engine/session.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import type { Network } from '../../src/network/types.ts';
import type { NetworkEngine } from '../../src/node/network-engine.ts';
import type { LayerArithmetic } from '../../src/quant/arithmetic.ts';
import type { Calibration } from '../../src/quant/calibration.ts';
import { type QuantizedNetwork, quantizationSource, quantizeNetwork, type Rounding } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes } from '../../src/quant/tensor-plan.ts';

/** Nothing was observed: enough where every number is the model's own, and for f32. */
const NOTHING_SEEN: Calibration = { method: 'minmax', dataset: 'none', samples: 0, seed: 1, statistics: new Map() };

/** An imported network in w8a8 with its own numbers, or in f32. */
export function quantizeImported(network: Network, scheme: Scheme, rounding: Rounding = 'once'): QuantizedNetwork {
  const folded = foldNetwork(network);
  const source = { ...quantizationSource(folded, NOTHING_SEEN), rounding };
  return quantizeNetwork(source, uniformSchemes(folded, scheme, scheme));
}

/** Loads it; `change` may alter layers first, such as a clamp that no network asks for. */
export function loadImported(
  { engine }: NetworkEngine,
  network: Network,
  scheme: Scheme,
  rounding: Rounding = 'once',
  change: (layer: LayerArithmetic) => LayerArithmetic = (layer) => layer,
): Session {
  const quantized = quantizeImported(network, scheme, rounding);
  return engine.load({ ...quantized, layers: quantized.layers.map(change) });
}

/** How often each difference occurs. */
export class Histogram {
  readonly counts = new Map<number, number>();

  add(difference: number): void {
    this.counts.set(difference, (this.counts.get(difference) ?? 0) + 1);
  }

  addAll(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}`);
    for (let i = 0; i < actual.length; i++) this.add(actual[i] - expected[i]);
  }

  get largest(): number {
    return Math.max(0, ...[...this.counts.keys()].map(Math.abs));
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    return [...this.counts]
      .sort(([a], [b]) => a - b)
      .map(([difference, count]) => `${difference}: ${count}`)
      .join(', ');
  }
}
