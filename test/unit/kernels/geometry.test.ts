import { describe, expect, it } from 'vitest';
import { hasPlainGeometry, packedInput, scratchFor, windowsTouchImage } from '../../../src/kernels/geometry.ts';
import type { Workload } from '../../../src/network/workload.ts';

const workload: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 4,
  width: 6,
  inChannels: 5,
  outChannels: 7,
  kernel: [3, 3],
  stride: [2, 2],
  padding: [0, 1, 1, 0],
  dilation: [1, 1],
  groups: 1,
  activation: 'none',
  residual: false,
  input: 'u8',
  output: 'u8',
};

describe('the packed input', () => {
  it('is the image with its halo where there is padding', () => {
    const packed = packedInput(workload, 2);
    expect(packed.packing).toBe('haloed');
    expect(packed.bytes).toBe(5 * 7 * 5 * 2);
    expect(packed.offset(1, 2)).toBe((2 * 7 + 4) * 5 * 2);
  });

  it('is the tensor itself for f32 without padding', () => {
    const packed = packedInput({ ...workload, padding: [0, 0, 0, 0], input: 'f32' }, 4);
    expect([packed.packing, packed.bytes]).toEqual(['inPlace', 0]);
    expect(packed.offset(1, 1)).toBe((2 * 6 + 2) * 5 * 4);
  });

  it('holds only the pixels that a strided 1x1 convolution reads', () => {
    const packed = packedInput({ ...workload, kernel: [1, 1], padding: [0, 0, 0, 0] }, 2);
    expect([packed.packing, packed.bytes]).toEqual(['gathered', 2 * 3 * 5 * 2]);
    expect(packed.offset(1, 1)).toBe(4 * 5 * 2);
  });

  it('gets a scratch in whole 16 bytes with room past its end', () => {
    for (const bytes of [0, 1, 350]) {
      expect(scratchFor(bytes) % 16).toBe(0);
      expect(scratchFor(bytes)).toBeGreaterThanOrEqual(scratchFor(0) + bytes);
    }
  });
});

describe('what kernels cannot do', () => {
  it('is dilation, groups, and an output without pixels', () => {
    expect(hasPlainGeometry(workload)).toBe(true);
    expect(hasPlainGeometry({ ...workload, dilation: [1, 2] })).toBe(false);
    expect(hasPlainGeometry({ ...workload, groups: 5 })).toBe(false);
    expect(hasPlainGeometry({ ...workload, kernel: [9, 9] })).toBe(false);
  });

  it('is a pool with a window in the padding alone', () => {
    expect(windowsTouchImage({ ...workload, padding: [2, 2, 2, 2] })).toBe(true);
    expect(windowsTouchImage({ ...workload, padding: [3, 0, 0, 0] })).toBe(false);
  });
});
