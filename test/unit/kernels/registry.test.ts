import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../src/core/errors.ts';
import { KERNEL_VARIANTS, resolveVariant, variantsFor } from '../../../src/kernels/registry.ts';
import { formatVariantId, parseVariantId } from '../../../src/kernels/variant-id.ts';
import type { Workload } from '../../../src/network/workload.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';

const conv: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 8,
  width: 8,
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
const dense: Workload = { ...conv, op: 'dense', height: 1, width: 1, kernel: [1, 1], padding: [0, 0, 0, 0] };
const BITS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('variant ids', () => {
  it('follow the grammar, and each is there once', () => {
    const ids = KERNEL_VARIANTS.map(({ id }) => id);
    expect(ids.map((id) => formatVariantId(parseVariantId(id)))).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refuses a name outside the grammar', () => {
    for (const id of ['', 'w9a9_conv_2x16__simd', 'w4a4_gemm_2x16__simd', 'w4a4_conv_2x16_simd']) {
      expect(() => parseVariantId(id)).toThrow(BitbudgetError);
    }
  });
});

describe('resolveVariant', () => {
  it('finds a variant for every pair of bits', () => {
    for (const w of BITS) {
      for (const a of BITS) {
        for (const workload of [conv, dense]) {
          const scheme: Scheme = `w${w}a${a}`;
          const { variant, alias } = resolveVariant(workload, scheme);
          expect(alias).toBe(variant.scheme !== scheme);
        }
      }
    }
  });

  it.each([
    ['w2a2', 'w2a2', false],
    ['w1a2', 'w1a2', false],
    ['w1a3', 'w1a4', true],
    ['w2a1', 'w2a2', true],
    ['w2a3', 'w2a4', true],
    ['w2a4', 'w2a4', false],
    ['w4a2', 'w4a4', true],
    ['w4a8', 'w8a8', true],
    ['w2a8', 'w2a8', false],
    ['w3a8', 'w8a8', true],
    ['w8a2', 'w8a8', true],
    ['w8a8', 'w8a8', false],
    ['f32', 'f32', false],
  ] as const)('runs %s on the narrowest scheme that contains it, %s', (scheme, runs, alias) => {
    const resolved = resolveVariant(conv, scheme);
    expect([resolved.variant.scheme, resolved.alias]).toEqual([runs, alias]);
  });

  it('passes over a variant that is disabled on this device', () => {
    const first = resolveVariant(conv, 'w4a4').variant.id;
    const { variant, alias } = resolveVariant(conv, 'w4a4', { disabled: new Set([first]) });
    expect(variant.id).not.toBe(first);
    expect(alias).toBe(variant.scheme !== 'w4a4');
  });

  it('goes to a wider scheme above the accumulator bound of the narrow one', () => {
    const long: Workload = { ...conv, inChannels: 2000 };
    expect(resolveVariant(long, 'w4a4').variant.scheme).toBe('w8a8');
  });

  it('names the workload that no kernel can run', () => {
    expect(() => resolveVariant({ ...conv, input: 'f32' }, 'w8a8')).toThrow(BitbudgetError);
    expect(() => resolveVariant({ ...conv, input: 'f32' }, 'w4a4')).toThrow(/conv2d\/n1-h8-w8.*-f32:u8 in w4a4/);
  });
});

describe('variantsFor', () => {
  it('lists the narrowest first and only what contains the scheme', () => {
    const schemes = variantsFor(conv, 'w2a2').map(({ scheme }) => scheme);
    expect(schemes[0]).toBe('w2a2');
    expect(schemes).toContain('w8a8');
    expect(variantsFor(conv, 'w5a4').every(({ scheme }) => scheme === 'w8a8')).toBe(true);
  });
});
