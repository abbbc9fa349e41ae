import type { ProxyContext } from '../../../../src/accuracy/proxies/types.ts';
import { Random } from '../../../../src/core/random.ts';
import { calibrate } from '../../../../src/engine/calibrate.ts';
import { NetworkBuilder } from '../../../../src/network/builder.ts';
import { foldNetwork } from '../../../../src/network/fold.ts';
import type { Network } from '../../../../src/network/types.ts';
import { createEngine } from '../../../../src/node/index.ts';
import { quantizationSource } from '../../../../src/quant/quantize.ts';
import { autodiffForTests } from '../../autodiff/autodiff-fixture.ts';

/** Values in [−1, 1), seeded. */
export function values(seed: number, count: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.real() * 2 - 1);
}

/** Dense layers one behind another, without biases or activations, [outputs][inputs] each. */
export function linearNetwork(inputs: number, ...layers: { outputs: number; weights: Float32Array }[]): Network {
  const builder = new NetworkBuilder('linear', [1, 1, inputs], {
    mean: Array(inputs).fill(0),
    std: Array(inputs).fill(1),
  });
  const weights = new Map<string, Float32Array>();
  for (const [i, layer] of layers.entries()) {
    builder.dense(`d${i}`, layer.outputs);
    weights.set(`d${i}.kernel`, layer.weights);
    weights.set(`d${i}.bias`, new Float32Array(layer.outputs));
  }
  return { ...builder.build(), weights };
}

export async function contextOf(
  network: Network,
  images: readonly Float32Array[],
  labels?: readonly number[],
): Promise<ProxyContext> {
  const { engine } = await createEngine();
  const folded = foldNetwork(network);
  const calibration = calibrate(engine, folded, images, { method: 'minmax', dataset: 'toy', seed: 1 });
  return {
    ...{ engine, network, source: quantizationSource(folded, calibration), images },
    ...(labels && { labels }),
    gradients: autodiffForTests,
    onProgress: () => {},
    cancellation: { aborted: false },
    pause: async () => {},
  };
}

/** softmax(W·x) in double precision, W [classes][inputs]. */
export function softmaxOf(weights: ArrayLike<number>, x: ArrayLike<number>): number[] {
  const logits = timesVector(weights, x);
  const exponentials = logits.map((value) => Math.exp(value));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** W·x, W [rows][columns]. */
export function timesVector(matrix: ArrayLike<number>, x: ArrayLike<number>): number[] {
  const columns = x.length;
  return Array.from({ length: matrix.length / columns }, (_, row) =>
    Array.from(x).reduce((sum, value, k) => sum + matrix[row * columns + k] * value, 0),
  );
}
