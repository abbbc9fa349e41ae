import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { type ExactnessCase, makeCase } from '../../src/kernels/exactness/layers.ts';
import { runCase } from '../../src/kernels/exactness/run-case.ts';
import { PACKED_DEPTHWISE_VARIANTS } from '../../src/kernels/families/packed-depthwise.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { variantById } from '../../src/kernels/registry.ts';
import type { KernelVariant, LoadedKernels } from '../../src/kernels/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from '../../src/quant/scheme.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

function workloadFor({ id }: KernelVariant): Workload {
  const stride = Number(id.at(-1));
  return {
    op: 'conv2d',
    batch: 1,
    height: 6,
    width: 5,
    inChannels: 24,
    outChannels: 24,
    kernel: [3, 3],
    stride: [stride, stride],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 24,
    activation: 'none',
    residual: false,
    input: 'u8',
    output: 'u8',
  };
}

/** All activations at their greatest, and the given weights in every channel. */
function extreme(variant: KernelVariant, scheme: Scheme, weights: number[]): ExactnessCase {
  const testCase = makeCase(
    workloadFor(variant),
    scheme,
    { residual: 'none', activations: 'highest', zeroPoint: 'lowest' },
    new Random(7),
  );
  testCase.layer.weights = Int8Array.from({ length: 24 * 9 }, (_, i) => weights[i % 9]);
  return testCase;
}

describe('sums of the depthwise kernels', () => {
  it.each(PACKED_DEPTHWISE_VARIANTS.map(({ id }) => id))('%s fit their field, or depend on the weights', (id) => {
    const variant = variantById(id)!;
    const { weightBits, activationBits } = schemeBits(variant.scheme);
    const greatest = activationMaximum(activationBits) * 9 * -weightRange(weightBits).low;
    const limit = id.includes('2x16') ? 255 : 65535;
    expect(variant.condition === undefined).toBe(greatest <= limit);
  });

  it.each(PACKED_DEPTHWISE_VARIANTS.map(({ id }) => id))('%s are exact at both ends of the weights', (id) => {
    const variant = variantById(id)!;
    const { low, high } = weightRange(schemeBits(variant.scheme).weightBits);
    for (const scheme of [variant.scheme, 'w2a2'] as const) {
      for (const weight of scheme === 'w2a2' ? [-2, 1] : [low, high]) {
        const testCase = extreme(variant, scheme, Array(9).fill(weight));
        if (variant.condition && !variant.condition.holds(testCase.layer)) continue;
        expect(runCase(kernels, variant, testCase)).toBeUndefined();
      }
    }
  });

  it.each(['s1', 's2'])('of w2a4 are exact up to 255 and refused beyond, stride %s', (stride) => {
    const variant = variantById(`w2a4_conv_2x16__simd_depthwise3x3${stride}`)!;
    const full = extreme(variant, 'w2a4', [-2, -2, -2, -2, -2, -2, -2, -2, -1]);
    expect(variant.condition!.holds(full.layer)).toBe(true);
    expect(runCase(kernels, variant, full)).toBeUndefined();
    const mixed = extreme(variant, 'w2a4', [-2, 1, -2, 1, -2, 1, -2, 1, -2]);
    expect(variant.condition!.holds(mixed.layer)).toBe(true);
    expect(runCase(kernels, variant, mixed)).toBeUndefined();
    expect(variant.condition!.holds(extreme(variant, 'w2a4', Array(9).fill(-2)).layer)).toBe(false);
    expect(variant.condition!.always(full.layer.workload, 'w2a4')).toBe(false);
    expect(variant.condition!.always(full.layer.workload, 'w1a4')).toBe(true);
  });

  it.each([
    ['a bias beyond what f32 holds exactly', 2 ** 25 + 1, 2 ** -20],
    ['a multiplier that takes results out of the range of the rounding', 3, 1e7],
  ])('are exact with %s', (_, bias, multiplier) => {
    for (const variant of PACKED_DEPTHWISE_VARIANTS) {
      const testCase = extreme(variant, 'w1a1', [1, -1, 1, -1, 1, -1, 1, -1, 1]);
      testCase.layer.bias = new Int32Array(24).fill(bias);
      testCase.layer.multiplier = new Float32Array(24).fill(multiplier);
      expect(runCase(kernels, variant, testCase)).toBeUndefined();
    }
  });
});
