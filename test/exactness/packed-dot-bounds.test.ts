import { describe, expect, it } from 'vitest';
import { largestShape } from '../../src/kernels/exactness/shapes.ts';
import { PACKED_DOT_VARIANTS } from '../../src/kernels/families/packed-dot.ts';
import { packedFields, productRange } from '../../src/kernels/families/packed-fields.ts';
import { variantById } from '../../src/kernels/registry.ts';
import type { Workload } from '../../src/network/workload.ts';
import { type Scheme, schemeBits, weightRange } from '../../src/quant/scheme.ts';

const SCHEMES = [...new Set(PACKED_DOT_VARIANTS.map(({ scheme }) => scheme))];

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

describe('packed fields', () => {
  it.each(SCHEMES)('of %s are those that the generator wrote into the kernels', async (scheme) => {
    const script = new URL('../../scripts/kernels/packed-dot.mjs', import.meta.url).href;
    const generator = (await import(script)) as { packedFields: typeof packedFields };
    expect(generator.packedFields(scheme)).toEqual(packedFields(scheme));
  });

  it.each(SCHEMES)('of %s fit their lanes, and hold what they say but not one pair more', (scheme) => {
    const { low, high } = weightRange(schemeBits(scheme).weightBits);
    const { shift, centre, flushPairs, highPairs } = packedFields(scheme);
    expect(low * 2 ** shift + low).toBeGreaterThanOrEqual(-(2 ** 15));
    expect(high * 2 ** shift + high).toBeLessThan(2 ** 15);
    const { least, greatest } = productRange(scheme, centre);
    const holds = (bits: number, pairs: number) =>
      2 * pairs * least >= -(2 ** (bits - 1)) && 2 * pairs * greatest < 2 ** (bits - 1);
    expect([holds(shift, flushPairs), holds(shift, flushPairs + 1)]).toEqual([true, false]);
    expect([holds(32 - shift, highPairs), holds(32 - shift, highPairs + 1)]).toEqual([true, false]);
  });

  it.each<[Scheme, number, number]>([
    ['w4a4', 12, 18],
    ['w3a4', 13, 85],
    ['w2a2', 13, 512],
    ['w2a8', 13, 8],
    ['w1a4', 14, 511],
    ['w1a8', 14, 31],
  ])('of %s are %i bits apart and drained every %i pairs', (scheme, shift, flushPairs) => {
    expect(packedFields(scheme)).toMatchObject({ shift, flushPairs });
  });
});

describe('accumulator bounds', () => {
  it.each([
    ['w4a4_conv_4x16__simd_packeddot', 9362],
    ['w4a5_conv_4x16__simd_packeddot', 4680],
    ['w3a4_conv_4x16__simd_packeddot', 10922],
    ['w2a2_conv_4x16__simd_packeddot', 65536],
    ['w2a4_conv_4x16__simd_packeddot', 16384],
    ['w1a4_conv_4x16__simd_packeddot', 16382],
    // both fields are drained: int32 itself is the bound, as for w8a8
    ['w3a6_conv_4x16__simd_packeddot', 66311],
    ['w2a8_conv_4x16__simd_packeddot', 66311],
    ['w1a8_conv_4x16__simd_packeddot', 66311],
  ])('%s supports K up to %i and no more', (id, largest) => {
    const variant = variantById(id)!;
    expect(largestShape(variant, template)?.inChannels).toBe(largest);
  });
});
