import type { Random } from '../../src/core/random.ts';
import { type KeptChannels, keptByTensor } from '../../src/network/reduce/index.ts';
import type { Network } from '../../src/network/types.ts';
import type { LayerArithmetic } from '../../src/quant/arithmetic.ts';
import type { QuantizedNetwork } from '../../src/quant/quantize.ts';
import { schemeBits, weightRange } from '../../src/quant/scheme.ts';
import { planTensors } from '../../src/quant/tensor-plan.ts';

/**
 * The whole network with the numbers of a slim one: removed outputs are held at the zero point by a multiplier of zero,
 * and the weights that read them are drawn at random, for they must not matter.
 */
export function embedQuantized(
  slim: QuantizedNetwork,
  whole: Network,
  keptChannels: KeptChannels,
  random: Random,
): QuantizedNetwork {
  const plan = planTensors(whole, slim.plan.schemes);
  const present = new Set(whole.layers.map(({ name }) => name));
  const keptOf = keptByTensor(whole, new Map([...keptChannels].filter(([name]) => present.has(name))));
  const layers = slim.layers.map((layer, i) => {
    const { inputs } = whole.layers[i];
    const workload = plan.workloads.get(layer.name)!;
    const shape = plan.shapes.get(inputs[0])!;
    const flat = workload.op === 'dense' ? shape[0] * shape[1] : 1;
    const kept = keptOf(inputs[0]);
    const columns = Array.from({ length: flat }, (_, pixel) => kept.map((c) => pixel * shape[2] + c)).flat();
    return scatter(layer, workload, columns, keptOf(layer.name), random);
  });
  return { folded: whole, plan, formats: slim.formats, layers };
}

function scatter(
  layer: LayerArithmetic,
  workload: LayerArithmetic['workload'],
  columns: readonly number[],
  rows: readonly number[],
  random: Random,
): LayerArithmetic {
  const { weights, bias, multiplier } = layer;
  if (!weights || !bias) return { ...layer, workload };
  const depthwise = workload.groups > 1;
  const [taps, width] = [workload.kernel[0] * workload.kernel[1], workload.inChannels / workload.groups];
  const real = weights instanceof Float32Array;
  const { low, high } = real ? { low: -2, high: 2 } : weightRange(schemeBits(layer.scheme).weightBits);
  const draw = () => (low === -1 && high === 1 && !real ? 2 * random.below(2) - 1 : low + random.below(high - low + 1));
  const size = workload.outChannels * taps * width;
  const wide = real ? Float32Array.from({ length: size }, draw) : Int8Array.from({ length: size }, draw);
  const wideBias = new (bias.constructor as Int32ArrayConstructor)(workload.outChannels);
  const wideMultiplier = multiplier && new Float32Array(workload.outChannels);
  const inputs = depthwise ? [0] : columns;
  if (real) {
    const kept = new Set(rows);
    for (let i = 0; i < size; i++) if (!kept.has(Math.floor(i / (taps * width)))) wide[i] = 0;
  }
  for (const [r, row] of rows.entries()) {
    wideBias[row] = bias[r];
    if (multiplier) wideMultiplier![row] = multiplier[r];
    for (let tap = 0; tap < taps; tap++) {
      for (const [c, column] of inputs.entries()) {
        wide[(row * taps + tap) * width + column] = weights[(r * taps + tap) * inputs.length + c];
      }
    }
  }
  return { ...layer, workload, weights: wide, bias: wideBias, ...(multiplier && { multiplier: wideMultiplier }) };
}
