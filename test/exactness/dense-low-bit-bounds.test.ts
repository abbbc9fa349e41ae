import { describe, expect, it } from 'vitest';
import { variantById } from '../../src/kernels/registry.ts';
import type { Workload } from '../../src/network/workload.ts';

const template: Workload = {
  op: 'dense',
  batch: 1,
  height: 1,
  width: 1,
  inChannels: 1,
  outChannels: 32,
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

describe('accumulator bounds', () => {
  // the greatest term of a lane's sum, how many terms a lane has of K, and what the lane can take
  it.each<[string, number, number, (k: number) => number, number]>([
    ['w4a8_dense_1x16__simd_nibbles', 17472, 256 * 15 * 128, (k) => 2 * Math.ceil(k / 8), 2 ** 31 - 1],
    ['w1a2_dense_1x32__simd_tables', 21845, 3, (k) => k, 65535],
    ['w2a2_dense_1x32__simd_tables', 21845, 3, (k) => k, 65535],
    ['w1a4_dense_1x32__simd_tables', 4369, 15, (k) => k, 65535],
    ['w2a4_dense_1x32__simd_tables', 4369, 15, (k) => k, 65535],
    // halves of 8-bit activations
    ['w1a8_dense_1x32__simd_tables', 4369, 15, (k) => k, 65535],
    ['w2a8_dense_1x32__simd_tables', 4369, 15, (k) => k, 65535],
  ])('%s supports K up to %i and no more', (id, largest, term, terms, limit) => {
    const supports = (inChannels: number) => variantById(id)!.supports({ ...template, inChannels });
    expect([supports(largest), supports(largest + 1)]).toEqual([true, false]);
    expect(term * terms(largest)).toBeLessThanOrEqual(limit);
    expect(term * terms(largest + 1)).toBeGreaterThan(limit);
  });

  it.each([
    [2, 21],
    [4, 4],
  ])('tables of %i-bit activations fill a byte in %i steps', (bits, steps) => {
    const entry = 4 * (2 ** bits - 1);
    expect(Math.floor(255 / entry)).toBe(steps);
  });
});
