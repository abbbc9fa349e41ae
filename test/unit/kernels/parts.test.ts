import { describe, expect, it } from 'vitest';
import { divideLayer, layerParts, scratchOffsets } from '../../../src/kernels/parts.ts';
import { KERNEL_VARIANTS, variantById } from '../../../src/kernels/registry.ts';
import type { Workload } from '../../../src/network/workload.ts';

const conv: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 32,
  width: 32,
  inChannels: 16,
  outChannels: 16,
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
  activation: 'relu',
  residual: false,
  input: 'u8',
  output: 'u8',
};
const direct = variantById('w8a8_conv_2x16__simd')!;
const shape = ({ workload: { height, width, padding, outChannels } }: { workload: Workload }) => [
  [height, width, outChannels],
  padding,
];

describe('dividing a layer', () => {
  it('shares the rows of a convolution, each part with the rows that its windows reach', () => {
    const parts = divideLayer(direct, conv, 2);
    expect(parts.map(shape)).toEqual([
      [
        [17, 32, 16],
        [1, 1, 0, 1],
      ],
      [
        [17, 32, 16],
        [0, 1, 1, 1],
      ],
    ]);
    expect(parts.map(({ offsets }) => offsets)).toEqual([
      { input: 0, operand: 0, output: 0 },
      { input: 15 * 32 * 16, operand: 16 * 32 * 16, output: 16 * 32 * 16 },
    ]);
  });

  it('divides pointwise layers within a row, at whole tiles', () => {
    const pointwise: Workload = { ...conv, height: 7, width: 7, kernel: [1, 1], padding: [0, 0, 0, 0] };
    const parts = divideLayer(direct, pointwise, 2);
    expect(parts.map(shape)).toEqual([
      [
        [26, 1, 16],
        [0, 0, 0, 0],
      ],
      [
        [23, 1, 16],
        [0, 0, 0, 0],
      ],
    ]);
  });

  it('begins no part within the rows that a kernel computes together', () => {
    const winograd = KERNEL_VARIANTS.find(
      ({ op, scheme, rowsTogether }) => op === 'conv2d' && scheme === 'w8a8' && rowsTogether === 4,
    )!;
    const parts = divideLayer(winograd, { ...conv, height: 12, inChannels: 32, outChannels: 32 }, 2);
    expect(parts.map(({ offsets }) => offsets.output / 32 / 32)).toEqual([0, 8]);
  });

  it('shares the channels of a layer with one output pixel', () => {
    const dense: Workload = {
      ...conv,
      op: 'dense',
      height: 1,
      width: 1,
      inChannels: 64,
      outChannels: 40,
      kernel: [1, 1],
      padding: [0, 0, 0, 0],
    };
    const parts = divideLayer(variantById('w8a8_dense_1x16__simd')!, dense, 2);
    expect(parts.map(({ channels }) => channels)).toEqual([
      { first: 0, end: 32 },
      { first: 32, end: 40 },
    ]);
  });

  it('leaves whole what cannot be divided', () => {
    for (const { op } of KERNEL_VARIANTS.filter(({ op }) => op === 'softmax' || op === 'globalAveragePool')) {
      const variant = KERNEL_VARIANTS.find((candidate) => candidate.op === op)!;
      const whole = { ...conv, op, kernel: [32, 32] as [number, number], padding: [0, 0, 0, 0] as Workload['padding'] };
      expect(divideLayer(variant, whole, 4)).toEqual([
        { workload: whole, offsets: { input: 0, operand: 0, output: 0 } },
      ]);
    }
  });

  it('has no more parts than rows, and none for one thread', () => {
    expect(divideLayer(direct, { ...conv, height: 3 }, 8)).toHaveLength(3);
    expect(divideLayer(direct, conv, 1)).toHaveLength(1);
  });

  it('covers every output row once, whatever the shape', () => {
    for (let height = 1; height <= 9; height++) {
      for (const stride of [1, 2]) {
        const workload: Workload = { ...conv, height, width: 9, stride: [stride, stride] };
        const rows = Math.floor((height - 1) / stride) + 1;
        for (let most = 2; most <= 4; most++) {
          const parts = divideLayer(direct, workload, most);
          const starts = parts.map(({ offsets }) => offsets.output / 16 / (Math.floor(8 / stride) + 1));
          const heights = parts.map(
            ({ workload: w }) => Math.floor((w.height + w.padding[0] + w.padding[2] - 3) / stride) + 1,
          );
          expect(starts).toEqual(heights.map((_, i) => heights.slice(0, i).reduce((a, b) => a + b, 0)));
          expect(heights.reduce((a, b) => a + b, 0)).toBe(rows);
        }
      }
    }
  });
});

describe('the parts that a layer runs in', () => {
  it('are one where handing over would cost more than it brings', () => {
    const small = { ...conv, height: 2, width: 2 };
    expect(divideLayer(direct, small, 2)).toHaveLength(2);
    expect(layerParts(direct, small, 2)).toHaveLength(1);
    expect(layerParts(direct, conv, 2)).toHaveLength(2);
  });

  it('have scratch of their own, on cache lines of their own', () => {
    const parts = divideLayer(direct, conv, 3);
    const offsets = scratchOffsets(direct, parts);
    expect(offsets).toHaveLength(4);
    for (const [i, { workload }] of parts.entries()) {
      expect(offsets[i] % 64).toBe(0);
      expect(offsets[i + 1] - offsets[i]).toBeGreaterThanOrEqual(direct.scratchBytes(workload));
    }
  });
});
