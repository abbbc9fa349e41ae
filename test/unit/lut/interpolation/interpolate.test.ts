import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { entryKey } from '../../../../src/lut/entry-key.ts';
import { costFeatures, tileShape } from '../../../../src/lut/interpolation/features.ts';
import { createInterpolator, interpolateTable } from '../../../../src/lut/interpolation/interpolate.ts';
import type { LutEntry } from '../../../../src/lut/schema.ts';
import type { Workload } from '../../../../src/network/workload.ts';
import { CONVOLUTION } from '../toy-table.ts';
import { BYTE_KERNEL, NIBBLE_KERNEL, randomConvolution, stepCostUs, stepEntries } from './step-cost.ts';

const random = new Random(11);
const training = Array.from({ length: 60 }, () => randomConvolution(random));
const held = Array.from({ length: 150 }, () => randomConvolution(random));
const table = {
  entries: [...stepEntries(BYTE_KERNEL, training, 0.01, 1), ...stepEntries(NIBBLE_KERNEL, training, 0.01, 2)],
};
const trained = new Set(training.map((workload) => entryKey(workload, 'w8a8')));
const fresh = held.filter((workload) => !trained.has(entryKey(workload, 'w8a8')));
const wanted = fresh.flatMap((workload) => [
  { workload, scheme: 'w8a8' as const },
  { workload, scheme: 'w4a4' as const },
]);
const interpolator = createInterpolator(table);
const truthUs = ({ workload, scheme }: Pick<LutEntry, 'workload' | 'scheme'>) =>
  stepCostUs(scheme === 'w8a8' ? BYTE_KERNEL : NIBBLE_KERNEL, workload);
const quantile = (values: number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];

describe('interpolating a kernel whose time has steps', () => {
  const { entries, missing, heldOut } = interpolateTable(table, wanted);
  const priced = (workload: Workload) => interpolator.entryOf({ workload, scheme: 'w8a8' })!;
  const errors = entries.map((entry) => Math.abs(entry.latencyUs.median / truthUs(entry) - 1));

  it('prices nearly all that was asked for, within a few percent', () => {
    expect(entries.length + missing.length).toBe(new Set(wanted.map((w) => entryKey(w.workload, w.scheme))).size);
    expect(missing.length).toBeLessThan(0.05 * wanted.length);
    expect(quantile(errors, 0.5)).toBeLessThan(0.015);
    expect(quantile(errors, 0.95)).toBeLessThan(0.06);
  });

  it('says beforehand how wrong it will be', () => {
    expect(heldOut!.entries).toBeGreaterThan(100);
    expect(heldOut!.medianRelativeError / quantile(errors, 0.5)).toBeGreaterThan(0.6);
    expect(heldOut!.medianRelativeError).toBeLessThan(0.03);
    expect(Math.abs(heldOut!.bias)).toBeLessThan(0.01);
  });

  it('gives intervals that hold the truth about as often as they say', () => {
    const inside = entries.filter((entry) => {
      const us = truthUs(entry);
      return entry.latencyUs.low <= us && us <= entry.latencyUs.high;
    });
    expect(inside.length / entries.length).toBeGreaterThan(0.92);
    const widths = entries.map(({ latencyUs }) => latencyUs.high / latencyUs.low);
    expect(quantile(widths, 0.5)).toBeLessThan(1.2); // and are no wider than they need to be
  });

  it('knows the steps: one channel more than a panel costs a whole panel', () => {
    const [at32, at33, at48] = [32, 33, 48].map(
      (outChannels) => priced({ ...CONVOLUTION, inChannels: 33, outChannels }).latencyUs.median,
    );
    expect(at33 / at32).toBeGreaterThan(1.3);
    expect(at48 / at33).toBeLessThan(1.1);
  });

  it('marks what it made, with the kernel and its build, and leaves alone what is there', () => {
    expect(entries.every(({ trust }) => trust === 'interpolated')).toBe(true);
    expect(new Set(entries.map(({ scheme, variant }) => `${scheme} ${variant}`))).toEqual(
      new Set([`w8a8 ${BYTE_KERNEL.variant}`, `w4a4 ${NIBBLE_KERNEL.variant}`]),
    );
    expect(interpolateTable(table, [{ workload: training[0], scheme: 'w8a8' }])).toMatchObject({
      entries: [],
      missing: [],
    });
  });

  it('scales the bytes of packed weights with whole panels', () => {
    const wider = { ...CONVOLUTION, inChannels: 30, outChannels: 40 };
    const entry = priced(wider);
    expect(entry.packedBytes).toBe(48 * 30 * 9);
    expect(entry.scratchBytes).toBe(2 * 32 * 32 * 30);
    const few = { entries: table.entries.slice(0, 8) };
    const bytes = () => ({ scratchBytes: 7, packedBytes: 8, always: true });
    const given = createInterpolator(few, bytes).entryOf({ workload: few.entries[0].workload, scheme: 'w8a8' })!;
    expect([given.scratchBytes, given.packedBytes]).toEqual([7, 8]);
  });
});

describe('what is not interpolated', () => {
  const missingOf = (workload: Workload, scheme: 'w8a8' | 'w2a2' = 'w8a8', entries?: LutEntry[]) =>
    (entries ? createInterpolator({ entries }) : interpolator).entryOf({ workload, scheme }) === undefined ? 1 : 0;

  it('is a scheme, a kind of work or a size that nothing was measured of', () => {
    expect(missingOf(CONVOLUTION, 'w2a2')).toBe(1);
    expect(missingOf({ ...CONVOLUTION, groups: 16 })).toBe(1);
    expect(missingOf({ ...CONVOLUTION, stride: [2, 2] })).toBe(0); // like the 1×1 ones, a dense convolution
    expect(missingOf({ ...CONVOLUTION, height: 512, width: 512 })).toBe(1);
  });

  it('is anything from fewer than three shapes, or from what is no measurement itself', () => {
    const dense = stepEntries(
      BYTE_KERNEL,
      [1, 2].map((n) => ({ ...CONVOLUTION, inChannels: 16 * n })),
      0,
      1,
    );
    expect(missingOf({ ...CONVOLUTION, inChannels: 24 }, 'w8a8', dense)).toBe(1);
    const imported = table.entries.map((entry) => ({ ...entry, trust: 'imported' as const }));
    expect(missingOf({ ...CONVOLUTION, inChannels: 24 }, 'w8a8', imported)).toBe(1);
    expect(interpolateTable({ entries: [] }, wanted.slice(0, 1)).heldOut).toBeNull();
  });
});

describe('the parts of a time', () => {
  it('are rounded up to whole tiles', () => {
    expect(tileShape('w4a4_conv_4x16__simd_packeddot')).toEqual({ pixels: 4, channels: 16, winograd: 0 });
    expect(tileShape('imported_apq')).toEqual({ pixels: 1, channels: 1, winograd: 0 });
    const { paddedMacs, tiles, inputU8, outputU8 } = costFeatures(
      { ...CONVOLUTION, height: 5, width: 5, outChannels: 17 },
      tileShape('w4a4_conv_4x16__simd_packeddot'),
    );
    expect([paddedMacs, tiles, inputU8, outputU8]).toEqual([28 * 32 * 144, 14, 400, 425]);
  });

  it('count the blocks and the points of a Winograd kernel', () => {
    const tile = tileShape('w8a8_conv_2x16__simd_winograd43');
    expect(tile.winograd).toBe(4);
    const { paddedMacs, transformed } = costFeatures({ ...CONVOLUTION, height: 9, width: 9 }, tile);
    expect(paddedMacs).toBe(36 * 10 * 16 * 16); // 3 × 3 blocks, rounded up to pairs
    expect(transformed).toBe(36 * 9 * 32);
  });
});
