import { beforeAll, describe, expect, it } from 'vitest';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { largestShape } from '../../src/kernels/exactness/shapes.ts';
import { checkVariant } from '../../src/kernels/exactness/suite.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { KERNEL_VARIANTS, variantById } from '../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../src/kernels/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

describe.each(KERNEL_VARIANTS.map(({ id, isa }) => [id, isa] as const))('%s (%s)', (id, isa) => {
  // engines with relaxed SIMD run their part of the suite in test/engines
  it.skipIf(!supportsIsa(isa))('gives the bits of the reference and touches nothing but its buffers', () => {
    const { cases, failures } = checkVariant(kernels, variantById(id)!);
    expect(failures.slice(0, 5)).toEqual([]);
    expect(cases).toBeGreaterThan(40);
  });
});

describe('accumulator bounds', () => {
  const template: Workload = {
    op: 'conv2d',
    batch: 1,
    height: 1,
    width: 1,
    inChannels: 1,
    outChannels: 1,
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

  // worst sum of one channel at the largest K, and what the field that holds it can take
  it.each([
    ['w8a8_conv_2x16__simd', 66311, 255 * 127, 2 ** 31 - 1],
    ['w8a8_dense_1x16__simd', 66311, 255 * 127, 2 ** 31 - 1],
  ])('%s supports K up to %i and no more', (id, largest, product, limit) => {
    const variant = variantById(id)!;
    expect(largestShape(variant, { ...template, op: variant.op })?.inChannels).toBe(largest);
    expect(largest * product).toBeLessThanOrEqual(limit);
    expect((largest + 2) * product).toBeGreaterThan(limit);
  });
});
