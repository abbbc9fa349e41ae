import { describe, expect, it } from 'vitest';
import { mergeTables } from '../../../src/lut/merge-tables.ts';
import type { Lut } from '../../../src/lut/schema.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { sessionTable } from './compare/sessions.ts';
import { HASH, latencyAround, toyContent, toyEntry } from './toy-table.ts';

const table = (entries: Parameters<typeof toyContent>[0], changes: Parameters<typeof toyContent>[1] = {}) =>
  completeLut(toyContent(entries, changes));
const merge = (...tables: Lut[]) => mergeTables(tables.map((one, i) => ({ name: 'abc'[i], table: one })));

const older = table([toyEntry('w8a8', 90), toyEntry('w4a4', 60)], { measuredAt: '2025-01-01T00:00:00Z' });
const newer = table([toyEntry('w4a4', 60.5), toyEntry('w2a2', 40)], { measuredAt: '2025-02-01T00:00:00Z' });

describe('merging tables', () => {
  it('keeps every entry, the newer of two, and shows what was dropped, whatever the order', () => {
    for (const tables of [
      [older, newer],
      [newer, older],
    ]) {
      const { content, conflicts, kept } = merge(...tables);
      expect(content.entries.map(({ scheme, latencyUs }) => [scheme, latencyUs.median])).toEqual([
        ['w2a2', 40],
        ['w4a4', 60.5],
        ['w8a8', 90],
      ]);
      expect(conflicts).toHaveLength(1);
      expect(conflicts[0]).toMatchObject({ reason: 'newer', significant: false });
      expect(conflicts[0].dropped.entry.latencyUs.median).toBe(60);
      expect(kept.map(({ entries }) => entries).sort()).toEqual([1, 2]);
      expect(completeLut(content).measuredAt).toBe('2025-02-01T00:00:00Z');
    }
  });

  it('keeps a stable figure against a newer throttled one of the same kernel', () => {
    const throttled = table([toyEntry('w4a4', 99, { trust: 'throttled' })], { measuredAt: '2025-02-01T00:00:00Z' });
    const { content, conflicts } = merge(older, throttled);
    expect(content.entries.find(({ scheme }) => scheme === 'w4a4')!.latencyUs.median).toBe(60);
    expect(conflicts[0]).toMatchObject({ reason: 'more trusted', kept: { from: 'a' }, dropped: { from: 'b' } });
  });

  it('scales entries of a table with another scalar, so that their predictions stay', () => {
    const other = table([toyEntry('w8a8', 90)], { scalar: 0.51, measuredAt: '2025-01-01T00:00:00Z' });
    const { content } = merge(other, newer);
    expect(content.scalar).toBe(1.02);
    expect(content.entries.find(({ scheme }) => scheme === 'w8a8')!.latencyUs.median).toBe(45);
    expect(content.protocol).toMatchObject({ mergedFrom: [other.sha256, newer.sha256], mergedScalars: [0.51, 1.02] });
  });

  it('gives the same entry once without calling it a conflict', () => {
    const { conflicts, content } = merge(older, table([toyEntry('w8a8', 90)]));
    expect([conflicts, content.entries.length]).toEqual([[], 2]);
  });

  it('carries the worst validation on while the tables agree, and none where they contradict each other', () => {
    const worse = { networks: 9, medianRelativeError: 0.01, p95RelativeError: 0.05, bias: 0, kendallTau: 0.9 };
    const [a, b] = [sessionTable({ seed: 1 }), sessionTable({ seed: 2 })];
    expect(merge(a, completeLut({ ...b, validation: worse })).content.validation).toEqual(worse);
    expect(merge(a, completeLut({ ...b, validation: null })).content.validation).toBeNull();
    const slow = sessionTable({ seed: 2, slowdown: { w8a8_conv_2x16__simd: 1.5 } });
    const contradicting = merge(a, slow);
    expect(contradicting.content.validation).toBeNull();
    expect(contradicting.conflicts.filter(({ significant }) => significant).length).toBeGreaterThanOrEqual(10);
    const drifted = merge(a, sessionTable({ seed: 2, drift: 1.4 }));
    expect(drifted.content.validation).toBeNull();
    expect(drifted.drifts[0].factor).toBeCloseTo(1.4, 1);
  });

  it('joins three tables, the coarsest clock and all disabled kernels', () => {
    const third = table([toyEntry('w1a1', 20)], {
      clock: { stepNs: 500, crossOriginIsolated: null },
      disabled: [{ variant: 'x__relaxed', reason: 'wrong' }],
    });
    const { content } = merge(older, newer, third);
    expect(content.entries).toHaveLength(4);
    expect(content.clock.stepNs).toBe(500);
    expect(content.disabled.map(({ variant }) => variant)).toEqual(['w8a7_conv_2x16__relaxed', 'x__relaxed']);
  });
});

describe('tables that cannot be merged', () => {
  const entries = [toyEntry('w8a8', 90)];
  it.each([
    ['device', { device: { ...older.device, id: 'other', cores: 8 } }, 'device toy and other; number of cores 2 and 8'],
    ['engine', { engine: { ...older.engine, version: '24.0.0' } }, 'engine version 20 and 24'],
    ['number of threads', { threads: 2 }, 'threads 1 and 2'],
    ['protocol', { protocol: { name: 'isolated' } }, 'protocol in-context and isolated'],
  ])('are those of another %s', (_, changes, message) => {
    expect(() => merge(older, table(entries, changes))).toThrow(
      expect.objectContaining({ kind: 'mismatch', message: `a and b cannot be merged: ${message}.` }),
    );
  });

  it('are those with another build of a kernel', () => {
    const rebuilt = table([toyEntry('w8a8', 90, { variantSha256: 'cd'.repeat(32) })]);
    expect(() => merge(older, rebuilt)).toThrow(
      'a and b were measured with different builds of the kernel w8a8_conv_2x16__simd.',
    );
    const unconditional = {
      variant: 'w8a8_conv_2x16__simd',
      variantSha256: 'ef'.repeat(32),
      latencyUs: latencyAround(95),
    };
    const beside = table([
      toyEntry('w8a8', 80, { variant: 'w8a8_conv_2x16__simd_winograd43', variantSha256: HASH, unconditional }),
    ]);
    expect(() => merge(older, beside)).toThrow('different builds');
  });

  it('are those of which one found broken what the other measured', () => {
    const broken = table([toyEntry('w2a2', 40)], {
      disabled: [{ variant: 'w8a8_conv_2x16__simd', reason: 'wrong bits' }],
    });
    expect(() => merge(older, broken)).toThrow(
      'b lists the kernel w8a8_conv_2x16__simd as disabled (wrong bits), but a has entries of it.',
    );
  });

  it('are fewer than two', () => {
    expect(() => merge(older)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
