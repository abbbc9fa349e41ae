import { Random } from '../../../src/core/random.ts';
import type { Dataset } from '../../../src/data/types.ts';
import { NetworkBuilder } from '../../../src/network/builder.ts';
import type { Network } from '../../../src/network/types.ts';

/** Images of 8 × 8 × 3 with a bright top or left half, in noise: two classes that a tiny network tells apart. */
export function halves(name: string, count: number, seed: number): Dataset {
  return {
    name,
    classes: ['top', 'left'],
    count,
    imageShape: [8, 8, 3],
    label: (index) => index % 2,
    pixels: (index) => {
      const random = new Random(seed * 100_000 + index);
      return Uint8Array.from({ length: 192 }, (_, at) => {
        const [y, x] = [Math.floor(at / 24), Math.floor(at / 3) % 8];
        return ((index % 2 === 0 ? y : x) < 4 ? 90 : 40) + random.below(100);
      });
    },
  };
}

/** Every kind of layer that can be trained, in as few channels as possible. */
export function tinyNetwork(): Network {
  const builder = new NetworkBuilder('tiny', [8, 8, 3], { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
  builder.convolution('stem', 4, { kernel: 3, padding: 'same', bias: true }).batchNorm('stem.norm', 1e-3);
  builder.activation('stem.relu', 'relu');
  const start = builder.tensor;
  const shortcut = builder.convolution('shortcut', 6, { kernel: 1, stride: 2, padding: 'same', bias: true }).tensor;
  builder.from(start).convolution('conv', 6, { kernel: 3, stride: 2, padding: 'same' }).batchNorm('norm', 1e-5);
  builder.add('add', shortcut).activation('relu6', 'relu6');
  builder.depthwise('depthwise', { kernel: 3, padding: 'same', bias: true }).batchNorm('depthwise.norm', 1e-3);
  builder.convolution('wider', 12, { kernel: 3, stride: 2, padding: 'same', groups: 6 }).activation('relu', 'relu');
  builder.convolution('groups', 6, { kernel: 1, padding: 'same', groups: 3 });
  builder.subsample('subsample', 1, 1, 1).globalAveragePool('pool').dense('classifier', 2);
  return builder.build();
}
