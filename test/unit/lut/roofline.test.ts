import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkLut } from '../../../src/lut/check.ts';
import { peakShare } from '../../../src/lut/roofline.ts';
import type { Lut, LutEntry, LutLatency } from '../../../src/lut/schema.ts';
import { serializeLut } from '../../../src/lut/serialize.ts';
import { CONVOLUTION, toyContent, toyEntry } from './toy-table.ts';

const folder = new URL('../../../lut/', import.meta.url);
const shipped = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
const LIMITS = { maximumGops: 2000, peakGopsPerCore: 1728 };

const times = ({ median, low, high, p95, count }: LutLatency, by: number): LutLatency => ({
  ...{ median: median * by, low: low * by, high: high * by, p95: p95 * by, count },
});
const scaled = (entry: LutEntry, by: number): LutEntry => {
  const { unconditional } = entry;
  const changes = unconditional && {
    unconditional: { ...unconditional, latencyUs: times(unconditional.latencyUs, by) },
  };
  return { ...entry, latencyUs: times(entry.latencyUs, by), ...changes };
};

// a large table is read and hashed a hundred times
describe.each(shipped)('the shipped table %s', { timeout: 60_000 }, (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const table: Lut = JSON.parse(text);
  const checkWith = (entries: LutEntry[]) => checkLut(serializeLut({ ...table, entries }), LIMITS);
  const places = [...table.entries.keys()].filter((i) => i % 7 === 0 && table.entries[i].latencyUs.median > 5);

  it('holds no impossible number', () => {
    expect(checkLut(text, LIMITS)).toEqual({ valid: true, problems: [] });
  });

  it.each([
    ['milliseconds written as microseconds', 1e-3],
    ['nanoseconds written as microseconds', 1e3],
  ])('is found out with %s in the whole table', (_, factor) => {
    const { problems } = checkWith(table.entries.map((entry) => scaled(entry, factor)));
    expect(problems.length).toBeGreaterThan(0.2 * table.entries.length);
  });

  it.each([
    ['milliseconds', 1e-3],
    ['nanoseconds', 1e3],
  ])('is found out with %s in one entry, which is named', (_, factor) => {
    for (const place of places) {
      const { key } = table.entries[place];
      const { problems } = checkWith(table.entries.map((entry, i) => (i === place ? scaled(entry, factor) : entry)));
      const weighted = /^(conv2d|dense)/.test(key);
      if (weighted) expect(problems.map(({ entry }) => entry)).toContain(key);
      // an entry that weights decide about holds two figures, and both may be found out
      expect(new Set(problems.map(({ entry }) => entry)).size).toBeLessThanOrEqual(1);
    }
  });
});

describe('the roofline of a device', () => {
  const entry = (scheme: 'f32' | 'w8a8' | 'w1a1', us: number) =>
    toyEntry(scheme, us, scheme === 'f32' ? { workload: { ...CONVOLUTION, input: 'f32', output: 'f32' } } : {});
  const problemsOf = (...entries: LutEntry[]) => checkLut(serializeLut(toyContent(entries)), LIMITS).problems;

  it('is lower for wider operands', () => {
    const dense = { ...CONVOLUTION, kernel: [1, 1] as const };
    expect([peakShare(dense, 'w1a1'), peakShare(dense, 'w8a8'), peakShare(dense, 'f32')]).toEqual([1, 0.25, 0.0625]);
    expect([peakShare(CONVOLUTION, 'w8a8'), peakShare(CONVOLUTION, 'f32')]).toEqual([0.5, 0.25]); // Winograd
    // 4.7 million operations: 8 µs are 590 GOP/s
    expect(problemsOf(entry('w1a1', 8), entry('w8a8', 8))).toEqual([]);
    expect(problemsOf(entry('f32', 8)).map(({ message }) => message)).toEqual([
      '8 µs means 590 GOP/s; one thread cannot exceed 432 GOP/s.',
    ]);
  });

  it('leaves imported figures to the bound of their own device', () => {
    const imported = { ...entry('f32', 8), trust: 'imported' as const };
    expect(problemsOf(imported)).toEqual([]);
    expect(checkLut(serializeLut(toyContent([imported])), { maximumGops: 2000, peakGopsPerCore: 500 }).valid).toBe(
      false,
    );
  });

  it('is the table itself where an entry is beyond all others', () => {
    const wider = { ...CONVOLUTION, height: 64 };
    const fast = toyEntry('w2a2', 16, { workload: wider }); // 590 GOP/s: below the device's peak, but w4a4 could reach half of it
    const problems = problemsOf(fast, toyEntry('w2a2', 90), toyEntry('w4a4', 95));
    expect(problems.map(({ entry: key, message }) => [key, message])).toEqual([
      [fast.key, 'It is 5.9 times faster, for its work, than anything else in the table.'],
    ]);
  });
});
