import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { makeCase } from '../../src/kernels/exactness/layers.ts';
import { runCase } from '../../src/kernels/exactness/run-case.ts';
import { largestShape } from '../../src/kernels/exactness/shapes.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { variantById } from '../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../src/kernels/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

const pixel: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 1,
  width: 1,
  inChannels: 1,
  outChannels: 16,
  kernel: [1, 1],
  stride: [1, 1],
  padding: [0, 0, 0, 0],
  dilation: [1, 1],
  groups: 1,
  activation: 'none',
  residual: false,
  input: 'u8',
  output: 'u8',
};

// 31 counts of 8 in a byte lane, and the 16-bit sums of the table kernels
const VARIANTS: [id: string, largest: number, perProduct: number, limit: number][] = [
  ['w1a1_conv_8x16__simd_bitserial', 65535, 1, 65535],
  ['w1a2_conv_4x16__simd_bitserial', 21845, 3, 65535],
  ['w2a2_conv_2x16__simd_bitserial', 5461, 6, 32768],
];

describe('bit-serial', () => {
  it.each(VARIANTS)('%s supports K up to what its 16-bit sums hold', (id, largest, perProduct, limit) => {
    expect(largestShape(variantById(id)!, pixel)?.inChannels).toBe(largest);
    expect(largest * perProduct).toBeLessThanOrEqual(limit);
    expect((largest + 1) * perProduct).toBeGreaterThan(limit);
  });

  const atFlush = VARIANTS.flatMap(([id]) => [240, 247, 248, 249, 256].map((inChannels) => [id, inChannels] as const));
  it.each(atFlush)('%s is exact at K = %i, next to a flush, with all sums at their ends', (id, inChannels) => {
    const variant = variantById(id)!;
    for (const weights of ['lowest', 'highest'] as const) {
      for (const activations of ['lowest', 'highest'] as const) {
        const numbers = { weights, activations, zeroPoint: 'lowest', residual: 'none' } as const;
        const testCase = makeCase({ ...pixel, inChannels, width: 9 }, variant.scheme, numbers, new Random(1));
        expect(runCase(kernels, variant, testCase)).toBeUndefined();
      }
    }
  });
});
