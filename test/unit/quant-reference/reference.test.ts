import { describe, expect, it } from 'vitest';
import type { Workload } from '../../../src/network/workload.ts';
import type { LayerArithmetic } from '../../../src/quant/arithmetic.ts';
import { runReference } from '../../../src/quant/reference/run.ts';
import { exponential } from '../../../src/quant/reference/softmax.ts';
import { rescaleElement } from '../../../src/quant/reference/tensors.ts';

const workload: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 2,
  width: 2,
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

const u8 = (zeroPoint: number, scale = 1) => ({ type: 'u8', scale, zeroPoint, bits: 8 }) as const;

function integerLayer(changes: Partial<LayerArithmetic> & { shape?: Partial<Workload> }): LayerArithmetic {
  const { shape, ...rest } = changes;
  return {
    name: 'layer',
    workload: { ...workload, ...shape },
    scheme: 'w8a8',
    input: u8(0),
    output: u8(0),
    weights: Int8Array.of(1),
    bias: Int32Array.of(0),
    multiplier: Float32Array.of(1),
    clampLow: 0,
    clampHigh: 255,
    ...rest,
  };
}

describe('the reference convolution', () => {
  it('rounds ties to even after scaling, then adds the zero point and clamps', () => {
    const layer = integerLayer({ multiplier: Float32Array.of(0.5), output: u8(10), clampHigh: 13 });
    expect([...runReference(layer, Uint8Array.of(1, 3, 5, 200))]).toEqual([10, 12, 12, 13]);
  });

  it('reads real zeros in the padding, whatever the zero point', () => {
    const layer = integerLayer({
      shape: { kernel: [3, 3], padding: [1, 1, 1, 1] },
      input: u8(100),
      weights: new Int8Array(9).fill(1),
    });
    expect([...runReference(layer, Uint8Array.of(101, 102, 103, 104))]).toEqual([10, 10, 10, 10]);
  });

  it('adds the residual before rounding, once', () => {
    const layer = integerLayer({
      shape: { height: 1, width: 1, residual: true },
      multiplier: Float32Array.of(0.25),
      residual: u8(1),
      residualMultiplier: 0.25,
    });
    expect([...runReference(layer, Uint8Array.of(1), Uint8Array.of(2))]).toEqual([0]);
    expect([...runReference(layer, Uint8Array.of(2), Uint8Array.of(2))]).toEqual([1]);
  });

  it('adds f32 products one after the other, rounded each time', () => {
    const layer = integerLayer({
      shape: { height: 1, width: 1, inChannels: 3, input: 'f32', output: 'f32' },
      scheme: 'f32',
      input: { type: 'f32' },
      output: { type: 'f32' },
      weights: Float32Array.of(1, 1, 1),
      bias: Float32Array.of(0),
      clampLow: Number.NEGATIVE_INFINITY,
      clampHigh: Number.POSITIVE_INFINITY,
    });
    // 2^24 + 1 is not an f32, so the ones are lost one by one; from the small end they would not be
    expect([...runReference(layer, Float32Array.of(2 ** 24, 1, 1))]).toEqual([2 ** 24]);
    expect([...runReference(layer, Float32Array.of(1, 1, 2 ** 24))]).toEqual([2 ** 24 + 2]);
  });
});

describe('rescaling a shared tensor', () => {
  it('rounds half up, moves to the new zero point and clamps', () => {
    const rescale = { multiplier: 1, shift: 1, zeroPoint: 3, bits: 4 };
    expect([0, 9, 10, 11, 12, 255].map((q) => rescaleElement(q, 10, rescale))).toEqual([0, 3, 3, 4, 4, 15]);
  });
});

describe('the reference pools', () => {
  it('do not count padding', () => {
    const shape = { op: 'averagePool', kernel: [2, 2], padding: [1, 0, 0, 1] } as const;
    const layer = integerLayer({ shape: { ...shape, kernel: [2, 2] }, input: u8(2), output: u8(2) });
    expect([...runReference(layer, Uint8Array.of(10, 20, 30, 40))]).toEqual([10, 15, 20, 25]);
    const maximum = integerLayer({ shape: { ...shape, op: 'maxPool' }, input: u8(2), output: u8(0) });
    expect([...runReference(maximum, Uint8Array.of(0, 1, 1, 5))]).toEqual([0, 0, 0, 3]);
  });
});

describe('the softmax', () => {
  it('has an exponential within 2e-7 of the true one', () => {
    for (let x = 0; x > -80; x -= 0.37) {
      const exact = Math.exp(Math.fround(x));
      expect(Math.abs(exponential(Math.fround(x)) - exact) / exact).toBeLessThan(2e-7);
    }
  });

  it('sums to one and survives large logits', () => {
    const layer = integerLayer({
      shape: { op: 'softmax', height: 1, width: 1, inChannels: 4, outChannels: 4, input: 'f32', output: 'f32' },
      scheme: 'f32',
      input: { type: 'f32' },
      output: { type: 'f32' },
    });
    const probabilities = Array.from(runReference(layer, Float32Array.of(1000, 999, -1000, 1000)));
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    expect(probabilities[1] / probabilities[0]).toBeCloseTo(Math.exp(-1), 6);
  });
});
