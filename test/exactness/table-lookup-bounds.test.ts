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

const VARIANTS: [id: string, entry: number, flush: number, largest: number, perProduct: number, limit: number][] = [
  ['w1a1_conv_8x16__simd_tables', 4, 63, 65535, 1, 65535],
  ['w1a2_conv_8x16__simd_tables', 12, 21, 21845, 3, 65535],
  ['w1a4_conv_8x16__simd_tables', 60, 4, 4369, 15, 65535],
  ['w2a2_conv_4x16__simd_tables', 12, 21, 5461, 6, 32768],
];

describe('table lookup', () => {
  it.each(VARIANTS)('%s adds at most 255 in a byte lane: entries of %i, %i of them', (_id, entry, flush) => {
    expect(entry * flush).toBeLessThanOrEqual(255);
    expect(entry * (flush + 1)).toBeGreaterThan(255);
  });

  it.each(VARIANTS)(
    '%s supports K up to what its 16-bit sums hold',
    (id, _entry, _flush, largest, perProduct, limit) => {
      expect(largestShape(variantById(id)!, pixel)?.inChannels).toBe(largest);
      expect(largest * perProduct).toBeLessThanOrEqual(limit);
      expect((largest + 1) * perProduct).toBeGreaterThan(limit);
    },
  );

  const atFlush = VARIANTS.flatMap(([id, , flush]) => [-4, -3, 0, 1, 4].map((more) => [id, flush * 4 + more] as const));
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

  it('leaves the short epilogue where a bias or a multiplier is too great for it', () => {
    const variant = variantById('w1a2_conv_8x16__simd_tables')!;
    const isShort = (change: object) => {
      const { layer } = makeCase({ ...pixel, inChannels: 64 }, 'w1a2', { residual: 'none' }, new Random(2));
      return new DataView(variant.packConstants({ ...layer, ...change }).buffer).getUint32(0, true) === 1;
    };
    expect(isShort({})).toBe(true);
    expect(isShort({ bias: new Int32Array(16).fill(2 ** 22 + 4096) })).toBe(false);
    expect(isShort({ multiplier: new Float32Array(16).fill(2 ** 15) })).toBe(false);
    expect(isShort({ output: { type: 'f32' }, workload: { ...pixel, inChannels: 64, output: 'f32' } })).toBe(false);
  });

  it.each([2 ** 21, 2 ** 24])('is exact with biases of %i, with either epilogue', (bias) => {
    const variant = variantById('w1a2_conv_8x16__simd_tables')!;
    const testCase = makeCase({ ...pixel, inChannels: 64 }, 'w1a2', { residual: 'u8' }, new Random(3));
    testCase.layer.bias = Int32Array.from({ length: 16 }, (_, i) => (i % 2 ? bias : -bias) + i);
    testCase.layer.multiplier = new Float32Array(16).fill(Math.fround(100 / bias));
    expect(runCase(kernels, variant, testCase)).toBeUndefined();
  });
});
