import { describe, expect, it } from 'vitest';
import { diffTables } from '../../../../src/lut/compare/diff.ts';
import { weightedMedian } from '../../../../src/lut/compare/drift.ts';
import type { Lut, LutLatency } from '../../../../src/lut/schema.ts';
import { completeLut } from '../../../../src/lut/serialize.ts';
import { toyContent, toyEntry } from '../toy-table.ts';
import { sessionTable } from './sessions.ts';

const twice = ({ median, low, high, p95, count }: LutLatency): LutLatency => ({
  median: 2 * median,
  low: 2 * low,
  high: 2 * high,
  p95: 2 * p95,
  count,
});

const seeds = Array.from({ length: 40 }, (_, i) => i);

describe('two sessions on the same device', () => {
  it.each([
    ['quiet', {}],
    ['with more scatter from session to session than samples show', { sessionSpread: 0.02 }],
    ['noisy', { sampleSpread: 0.15, disturbed: 0.3 }],
  ])('show no significant difference, %s', (_, settings) => {
    const alarms = seeds.filter((seed) => {
      const a = sessionTable({ seed: 2 * seed, ...settings });
      const b = sessionTable({ seed: 2 * seed + 1, drift: 1.3, ...settings });
      const { faster, slower } = diffTables(a, b).counts;
      return faster + slower > 0;
    });
    expect(alarms.length).toBeLessThanOrEqual(2); // of 40 pairs
  });

  it('differ by a drift that is reported apart', () => {
    const errors = seeds.map((seed) => {
      const { drift } = diffTables(sessionTable({ seed: 2 * seed }), sessionTable({ seed: 2 * seed + 1, drift: 0.6 }));
      return { covered: drift!.low <= 0.6 && drift!.high >= 0.6, factor: drift!.factor };
    });
    expect(errors.every(({ factor }) => Math.abs(factor / 0.6 - 1) < 0.02)).toBe(true);
    expect(errors.filter(({ covered }) => covered).length).toBeGreaterThanOrEqual(34);
  });

  it('may differ by a neighbour who meets some kernels harder than others, which is no change of theirs', () => {
    const share = { f32_conv_2x16__simd: 1.12 };
    const kernel = 'w4a4_conv_4x16__simd_packeddot';
    const outcomes = seeds.slice(0, 20).map((seed) => {
      const before = sessionTable({ seed: 2 * seed });
      const alike = diffTables(before, sessionTable({ seed: 2 * seed + 1, drift: 0.48, slowdown: share }));
      const slowdown = { ...share, [kernel]: 2 };
      const slowed = diffTables(before, sessionTable({ seed: 2 * seed + 1, drift: 0.48, slowdown }));
      expect(alike.warnings.join()).toContain('another speed');
      return [alike.counts.slower + alike.counts.faster > 0, slowed.kernels.map(({ variant }) => variant).join()];
    });
    expect(outcomes.filter(([alarm]) => alarm).length).toBeLessThanOrEqual(1);
    expect(outcomes.filter(([, found]) => found === kernel).length).toBeGreaterThanOrEqual(19);
  });

  it('have a scatter between them that is found from the entries', () => {
    const spreads = seeds.map((seed) => {
      const settings = { sampleSpread: 0.01, sessionSpread: 0.03 };
      return diffTables(
        sessionTable({ seed: 2 * seed, ...settings }),
        sessionTable({ seed: 2 * seed + 1, ...settings }),
      ).sessionSpread;
    });
    const mean = spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length;
    expect(mean / (0.03 * Math.sqrt(2))).toBeGreaterThan(0.75);
    expect(mean / (0.03 * Math.sqrt(2))).toBeLessThan(1.25);
  });
});

describe('a slowdown of one kernel', () => {
  const kernel = 'w4a4_conv_4x16__simd_packeddot';

  it.each([
    [1.1, 0.75],
    [1.25, 0.95],
  ])('by ×%f is found in its entries and in no others, whatever the drift', (factor, leastPower) => {
    const trials = seeds.slice(0, 20).map((seed) => {
      const slow = sessionTable({ seed: 2 * seed + 1, drift: 0.8, slowdown: { [kernel]: factor } });
      const { rows, kernels } = diffTables(sessionTable({ seed: 2 * seed }), slow);
      const slower = rows.filter(({ verdict }) => verdict === 'slower');
      const found = slower.filter(({ a }) => a.variant === kernel).length;
      const change = kernels.find(({ variant }) => variant === kernel)?.medianChange ?? factor;
      return { found, wrong: slower.length - found, change };
    });
    const total = (count: (trial: (typeof trials)[number]) => number) => trials.reduce((sum, t) => sum + count(t), 0);
    expect(total(({ found }) => found)).toBeGreaterThanOrEqual(leastPower * 20 * 12);
    expect(total(({ wrong }) => wrong)).toBeLessThanOrEqual(4);
    expect(trials.every(({ change }) => Math.abs(change / factor - 1) < 0.05)).toBe(true);
  });

  it('is not passed off as drift where the kernel serves most of the table', () => {
    const serveMost = (table: Lut): Lut => {
      const entries = table.entries.map((entry) =>
        entry.workload.height < 16 && entry.scheme !== 'f32' ? { ...entry, variant: kernel } : entry,
      );
      return completeLut({ ...table, entries });
    };
    const slowdown = { w8a8_conv_2x16__simd: 1.3, [kernel]: 1.3, w2a2_conv_4x16__simd_tables: 1.3 };
    const before = serveMost(sessionTable({ seed: 1 }));
    const after = sessionTable({ seed: 2 });
    const slow = new Map(serveMost(sessionTable({ seed: 2, slowdown })).entries.map((entry) => [entry.key, entry]));
    const mixed = serveMost(after).entries.map((entry) => (entry.variant === kernel ? slow.get(entry.key)! : entry));
    const { drift, kernels } = diffTables(before, completeLut({ ...after, entries: mixed }));
    expect(before.entries.filter(({ variant }) => variant === kernel).length).toBeGreaterThan(24); // of 48
    expect(drift!.factor).toBeLessThan(1.03);
    expect(kernels.map(({ variant, slower }) => [variant, slower > 20])).toEqual([[kernel, true]]);
  });

  it('by a changed build is named as such', () => {
    const slow = sessionTable({ seed: 2, slowdown: { [kernel]: 2 } });
    const entries = slow.entries.map((e) => (e.variant === kernel ? { ...e, variantSha256: 'cd'.repeat(32) } : e));
    const { kernels } = diffTables(sessionTable({ seed: 1 }), completeLut({ ...slow, entries }));
    expect(kernels).toMatchObject([{ variant: kernel, slower: 12, faster: 0, entries: 12, codeChanged: true }]);
  });
});

describe('what entries are compared', () => {
  const a = sessionTable({ seed: 1 });

  it('counts aliases, which share their samples, as one measurement', () => {
    const withAlias = (table: Lut) => {
      const aliases = table.entries
        .filter(({ scheme }) => scheme === 'w4a4')
        .map((entry) => ({ ...entry, scheme: 'w4a2' as const, key: entry.key.replace('w4a4', 'w4a2') }));
      return completeLut({ ...table, entries: [...table.entries, ...aliases] });
    };
    const plain = diffTables(a, sessionTable({ seed: 2 }));
    const doubled = diffTables(withAlias(a), withAlias(sessionTable({ seed: 2 })));
    expect([doubled.entries, doubled.measurements]).toEqual([60, 48]);
    const find = (key: string) => doubled.rows.find((row) => row.key === key)!;
    for (const row of plain.rows) expect(find(row.key)).toEqual(row);
  });

  it('keeps entries that another kernel serves apart from those of the same kernel', () => {
    const b = sessionTable({ seed: 2 });
    const entries = b.entries.map((entry, i) =>
      i % 8 === 0
        ? {
            ...entry,
            variant: `${entry.scheme}_conv_8x8__simd`,
            latencyUs: twice(entry.latencyUs),
          }
        : entry,
    );
    const diff = diffTables(a, completeLut({ ...b, entries }));
    expect(diff.counts).toMatchObject({ faster: 0, slower: 0, unchanged: 42 });
    expect(diff.otherKernel.slower).toBe(6);
    expect(diff.kernels).toEqual([]);
  });

  it('lists what only one of the tables holds', () => {
    const diff = diffTables(
      completeLut({ ...a, entries: a.entries.slice(1) }),
      completeLut({ ...a, entries: a.entries.slice(0, -1) }),
    );
    expect([diff.onlyInA, diff.onlyInB]).toEqual([[a.entries[47].key], [a.entries[0].key]]);
    expect(diff.counts.unchanged).toBe(46);
    expect(diff.drift!.factor).toBe(1);
  });

  it('says of a single sample that it cannot be tested', () => {
    const single = { median: 90, low: 90, high: 90, p95: 90, count: 1 };
    const table = completeLut(toyContent([toyEntry('w8a8', 90, { latencyUs: single })]));
    const diff = diffTables(table, table);
    expect(diff.counts).toEqual({ faster: 0, slower: 0, unchanged: 0, untested: 1 });
    expect(diff.rows[0]).toMatchObject({ verdict: 'untested', change: null, pValue: null });
    expect([diff.drift, diff.warnings[0]]).toEqual([null, expect.stringContaining('Only 0 measurements')]);
  });

  it('finds a change between exact times, such as those of a simulator', () => {
    const exact = (us: number) => ({ median: us, low: us, high: us, p95: us, count: 9 });
    const clock = { stepNs: 1e-6, crossOriginIsolated: null };
    const of = (us: number) => completeLut(toyContent([toyEntry('w8a8', us, { latencyUs: exact(us) })], { clock }));
    expect(diffTables(of(90), of(90)).counts.unchanged).toBe(1);
    expect(diffTables(of(90), of(91)).counts.slower).toBe(1);
  });
});

describe('tables that mean different things', () => {
  const a = sessionTable({ seed: 1 });

  it.each([
    ['threads', { threads: 2 }, 'threads 1 and 2'],
    ['instruction set', { engine: { ...a.engine, features: ['simd', 'relaxed'] } }, 'instruction set simd and relaxed'],
  ])('are refused for another %s', (_, changes, message) => {
    const compare = () => diffTables(a, completeLut({ ...a, ...changes }));
    expect(compare).toThrow(expect.objectContaining({ kind: 'mismatch', message: expect.stringContaining(message) }));
  });

  it('are refused where they share no entry', () => {
    const compare = () => diffTables(a, completeLut(toyContent([toyEntry('w1a1', 9)])));
    expect(compare).toThrow(
      expect.objectContaining({ kind: 'mismatch', message: expect.stringContaining('no entry') }),
    );
  });

  it('are compared with a warning for other devices, engines and protocols', () => {
    const b = completeLut({
      ...a,
      device: { ...a.device, id: 'other' },
      engine: { ...a.engine, version: '24.1.0' },
      protocol: { name: 'isolated' },
    });
    expect(diffTables(a, a).warnings).toEqual([]);
    expect(diffTables(a, b).warnings).toEqual([
      expect.stringMatching(/^Different devices: toy, Toy CPU and other;/),
      expect.stringMatching(/^Different engines: node 20 and node 24;/),
      expect.stringMatching(/^Different protocols: in-context and isolated;/),
    ]);
  });
});

describe('the weighted median', () => {
  it('is the value that splits the weight, or lies between the two that do', () => {
    expect(weightedMedian([3, 1, 2], [1, 1, 5])).toBe(2);
    expect(weightedMedian([1, 2, 3, 4], [1, 1, 1, 1])).toBe(2.5);
    expect(weightedMedian([7], [0.1])).toBe(7);
  });
});
