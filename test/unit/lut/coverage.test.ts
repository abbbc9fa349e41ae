import { describe, expect, it } from 'vitest';
import { coverTable } from '../../../src/lut/coverage.ts';
import { entryKey } from '../../../src/lut/entry-key.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import type { Workload } from '../../../src/network/workload.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { BYTE_KERNEL, stepEntries } from './interpolation/step-cost.ts';
import { CONVOLUTION, toyContent } from './toy-table.ts';

const channels = (inChannels: number): Workload => ({ ...CONVOLUTION, inChannels });
const need = (workload: Workload, scheme: Scheme = 'w8a8') => ({ key: entryKey(workload, scheme), workload, scheme });

describe('what a table covers', () => {
  const measured = stepEntries(BYTE_KERNEL, [16, 32, 48, 64].map(channels), 0, 1);
  const entries = measured.map((entry, i) => (i === 1 ? { ...entry, trust: 'noisy' as const } : entry));
  const table = completeLut(toyContent(entries));

  it('is told apart: measured, doubtful, what interpolation can give, and what is missing', () => {
    const needed = [need(channels(16)), need(channels(32)), need(channels(40)), need(channels(16), 'w4a4')];
    const { rows, counts, heldOut } = coverTable(table, [...needed, need(channels(16))]);
    expect(rows.map(({ status }) => status)).toEqual(['measured', 'doubtful', 'interpolable', 'missing']);
    expect(counts).toEqual({ measured: 1, doubtful: 1, imported: 0, interpolated: 0, interpolable: 1, missing: 1 });
    expect(rows[2].entry).toMatchObject({ key: needed[2].key, trust: 'interpolated' });
    expect(rows[3].entry).toBeUndefined();
    expect(heldOut!.entries).toBeGreaterThan(0);
  });

  it('needs no interpolation where all is there', () => {
    expect(coverTable(table, [need(channels(16))])).toMatchObject({ counts: { measured: 1 }, heldOut: null });
  });
});
