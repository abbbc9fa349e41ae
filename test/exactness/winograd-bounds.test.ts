import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { type ExactnessCase, makeCase } from '../../src/kernels/exactness/layers.ts';
import { runCase } from '../../src/kernels/exactness/run-case.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { variantById } from '../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../src/kernels/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

const TAPS = 9;
const F23 = variantById('w8a8_conv_2x16__simd_winograd23')!;
const F43 = variantById('w8a8_conv_2x16__simd_winograd43')!;
/** The greatest S with 64 · 255 · S < 2³¹: what the weights of one sign in a channel may add up to. */
const LARGEST_SUM = 131586;

function workloadOf(inChannels: number): Workload {
  return {
    op: 'conv2d',
    batch: 1,
    height: 5,
    width: 6,
    inChannels,
    outChannels: 2,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
    activation: 'none',
    residual: false,
    input: 'u8',
    output: 'f32',
  };
}

/** Two channels whose weights are all of one sign and add up to ± `sum`, with inputs that make every product greatest. */
function extreme(inChannels: number, sum: number, sign: 1 | -1, zeroPoint: 'lowest' | 'highest'): ExactnessCase {
  const activations = zeroPoint === 'lowest' ? 'highest' : 'lowest';
  const numbers = { residual: 'none', activations, zeroPoint, weights: 'highest' } as const;
  const testCase = makeCase(workloadOf(inChannels), 'w8a8', numbers, new Random(3));
  const inner = TAPS * inChannels;
  let left = sum;
  const channel = Int8Array.from({ length: inner }, () => {
    const weight = Math.min(left, 127);
    left -= weight;
    return sign * weight;
  });
  testCase.layer.weights = new Int8Array(2 * inner);
  testCase.layer.weights.set(channel);
  testCase.layer.weights.set(channel.reverse(), inner);
  return testCase;
}

describe('F(4, 3) in integers', () => {
  it('takes any w8a8 weights up to K = 1036, any of w4a8 up to 18,798', () => {
    const always = F43.condition!.always;
    // K is a multiple of 9 here
    expect(always(workloadOf(115), 'w8a8')).toBe(true);
    expect(always(workloadOf(116), 'w8a8')).toBe(false);
    expect(always(workloadOf(2088), 'w4a8')).toBe(true);
    expect(always(workloadOf(2089), 'w4a8')).toBe(false);
  });

  it.each([
    [1, 'lowest'],
    [-1, 'lowest'],
    [1, 'highest'],
    [-1, 'highest'],
  ] as const)('is exact up to the last sum that its condition takes: sign %i, zero point %s', (sign, zeroPoint) => {
    const full = extreme(120, LARGEST_SUM, sign, zeroPoint);
    expect(F43.condition!.holds(full.layer)).toBe(true);
    expect(runCase(kernels, F43, full)).toBeUndefined();
    const beyond = extreme(120, LARGEST_SUM + 1, sign, zeroPoint);
    expect(F43.condition!.holds(beyond.layer)).toBe(false);
    expect(runCase(kernels, F23, beyond)).toBeUndefined();
  });

  it('would go wrong beyond: the condition is no stricter than it must be', () => {
    const beyond = extreme(120, LARGEST_SUM + 1, 1, 'lowest');
    expect(runCase(kernels, F43, beyond)).toContain('the reference says');
  });

  it('counts positive and negative weights apart, since a zero point may favour either', () => {
    const mixed = extreme(240, LARGEST_SUM, 1, 'lowest');
    const negative = extreme(240, LARGEST_SUM, -1, 'lowest').layer.weights!;
    mixed.layer.weights = Int8Array.from(
      mixed.layer.weights!,
      (weight, i) => weight || negative[(i + TAPS * 240) % (TAPS * 480)],
    );
    expect(mixed.layer.weights.filter((weight) => weight < 0).length).toBe(2 * Math.ceil(LARGEST_SUM / 127));
    expect(F43.condition!.holds(mixed.layer)).toBe(true);
    expect(runCase(kernels, F43, mixed)).toBeUndefined();
  });
});

describe('16-bit lanes of the integer Winograd kernels', () => {
  // along one axis: inputs 0 where a row of the input transform has a minus, and the signs of weights that add up
  const columns = [
    [1, 1, 0, 0, 1, 1],
    [0, 0, 1, 1, 0, 0],
  ];
  const signs = [
    [1, 1, 1],
    [1, -1, 1],
  ];

  it.each([F23, F43])('$id hold the greatest transformed inputs and weights', (variant) => {
    for (const pattern of columns) {
      for (const [a, b] of [
        [0, 0],
        [0, 1],
        [1, 1],
      ]) {
        const testCase = makeCase(
          { ...workloadOf(16), height: 6, width: 6, padding: [0, 0, 0, 0] },
          'w8a8',
          { residual: 'none', zeroPoint: 'lowest', weights: 'highest' },
          new Random(5),
        );
        const bytes = testCase.input as Uint8Array;
        for (let i = 0; i < bytes.length; i++) {
          const pixel = Math.floor(i / 16);
          bytes[i] = pattern[pixel % 6] === columns[0][Math.floor(pixel / 6)] ? 255 : 0;
        }
        testCase.layer.weights = Int8Array.from({ length: 2 * TAPS * 16 }, (_, i) => {
          const tap = Math.floor(i / 16) % TAPS;
          return 127 * signs[a][Math.floor(tap / 3)] * signs[b][tap % 3];
        });
        expect(variant.condition?.holds(testCase.layer)).not.toBe(false);
        expect(runCase(kernels, variant, testCase)).toBeUndefined();
      }
    }
  });
});
