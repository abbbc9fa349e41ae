import { describe, expect, it } from 'vitest';
import { assertSameDevice, assertSameKernels, changedEntries } from '../../../src/lut/compatibility.ts';
import { LutIndex, lookup } from '../../../src/lut/lut-index.ts';
import { mergeEntries } from '../../../src/lut/merge.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { describeWorkload, showLut } from '../../../src/lut/show.ts';
import { CONVOLUTION, HASH, latencyAround, toyContent, toyEntry, toyTable } from './toy-table.ts';

const table = completeLut(toyTable());
const key = toyEntry('w4a4', 1).key;

describe('looking an entry up', () => {
  it('finds each by its key, in the rows and in the index alike', () => {
    const index = new LutIndex(table);
    for (const entry of table.entries) {
      expect(lookup(table, entry.key)).toBe(entry);
      expect(index.get(entry.key)).toBe(entry);
    }
    for (const absent of ['', 'conv2d', `${key}x`, 'zzz']) {
      expect(lookup(table, absent)).toBeUndefined();
      expect(index.has(absent)).toBe(false);
    }
  });

  it('refuses a missing one with its key and the command that measures it', () => {
    const absent = key.replace('w4a4', 'w3a5');
    const find = () => new LutIndex(table).entryFor(absent, 'resnet8');
    expect(find).toThrow(expect.objectContaining({ kind: 'missing-entry', message: expect.stringContaining(absent) }));
    expect(find).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining('bitbudget profile --network resnet8 --schemes w3a5'),
      }),
    );
    expect(new LutIndex(table).missing([key, absent, absent])).toEqual([absent]);
  });
});

describe('merging', () => {
  it('keeps all entries, sorted, the newer of two', () => {
    const newer = [toyEntry('w2a2', 41), toyEntry('w1a1', 20)];
    const merged = mergeEntries(table.entries, newer);
    expect(merged.map(({ scheme }) => scheme)).toEqual(['w1a1', 'w2a2', 'w4a4', 'w8a8']);
    expect(merged[1].latencyUs.median).toBe(41);
  });

  it('does not let a throttled run displace a stable one of the same kernel', () => {
    const throttled = toyEntry('w4a4', 99, { trust: 'throttled' });
    expect(mergeEntries(table.entries, [throttled])[1].latencyUs.median).toBe(61.5);
    expect(mergeEntries([throttled], table.entries)[1].latencyUs.median).toBe(61.5);
    const changedKernel = { ...throttled, variantSha256: 'cd'.repeat(32) };
    expect(mergeEntries(table.entries, [changedKernel])[1].latencyUs.median).toBe(99);
  });
});

describe('a table of another device', () => {
  const { device, engine } = table;
  it('is refused, naming what differs', () => {
    expect(() => assertSameDevice(table, device, engine)).not.toThrow();
    const other = () => assertSameDevice(table, { ...device, id: 'other', cores: 8 }, { ...engine, name: 'chromium' });
    expect(other).toThrow(
      expect.objectContaining({
        kind: 'mismatch',
        message:
          'The table was measured elsewhere: device toy, here other; number of cores 2, here 8; engine node, here chromium.',
      }),
    );
  });

  it('is one of another major version or other features of the engine, not of a patch', () => {
    expect(() => assertSameDevice(table, device, { ...engine, version: 'v20.19.0' })).not.toThrow();
    expect(() => assertSameDevice(table, device, { ...engine, version: '24.1.0' })).toThrow(
      'engine version 20, here 24',
    );
    expect(() => assertSameDevice(table, device, { ...engine, features: [] })).toThrow('features simd, here none');
  });
});

describe('a table measured with other kernels', () => {
  const hashes = new Map(table.entries.map(({ variant }) => [variant, HASH]));

  it('is refused, naming the entries', () => {
    expect(() => assertSameKernels(table, hashes)).not.toThrow();
    const changed = new Map(hashes).set('w4a4_conv_2x16__simd', 'cd'.repeat(32));
    expect(() => assertSameKernels(table, changed)).toThrow(
      expect.objectContaining({ kind: 'mismatch', message: expect.stringContaining(key) }),
    );
    expect(changedEntries(table, changed).map((entry) => entry.key)).toEqual([key]);
    expect(() => assertSameKernels(table, changed, new Set([table.entries[0].key]))).not.toThrow();
    expect(() => assertSameKernels(table, new Map())).toThrow('with other kernels');
  });

  it('is also one whose unconditional variant is gone', () => {
    const unconditional = { variant: 'w8a8_conv_direct__simd', latencyUs: latencyAround(120) };
    const conditional = toyContent([toyEntry('w8a8', 90, { unconditional })]);
    expect(() => assertSameKernels(conditional, hashes)).toThrow('with other kernels');
    expect(() => assertSameKernels(conditional, new Map(hashes).set(unconditional.variant, HASH))).not.toThrow();
  });
});

describe('lut show', () => {
  it('gives a row an entry, with speed where there is arithmetic', () => {
    expect(showLut(table)[1]).toEqual({
      workload: 'conv2d 3×3 16 32×32→32×32 relu u8→u8',
      scheme: 'w4a4',
      variant: 'w4a4_conv_2x16__simd',
      medianUs: 61.5,
      lowUs: 60.885,
      highUs: 62.115,
      trust: 'stable',
      gops: (2 * 32 * 32 * 16 * 16 * 9) / 61500,
    });
    const pool = { ...CONVOLUTION, op: 'globalAveragePool' as const, activation: 'none' as const };
    expect(showLut({ entries: [toyEntry('u8', 3, { workload: pool })] })[0]).not.toHaveProperty('gops');
  });

  it('names depthwise, grouped, dilated and dense layers', () => {
    const of = (changes: Partial<typeof CONVOLUTION>) =>
      describeWorkload({ ...CONVOLUTION, activation: 'none', ...changes });
    expect(of({ groups: 16 })).toBe('depthwise conv2d 3×3 16 32×32→32×32 u8→u8');
    expect(of({ groups: 4, dilation: [2, 2], padding: [2, 2, 2, 2] })).toContain('dilated 2×2 4 groups');
    expect(of({ op: 'dense', inChannels: 64, outChannels: 10, height: 1, width: 1 })).toBe('dense 64→10 u8→u8');
  });
});
