import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { createEntry, entryKey } from '../../../../src/lut/entry-key.ts';
import { createInterpolator } from '../../../../src/lut/interpolation/interpolate.ts';
import { mergeEntries } from '../../../../src/lut/merge.ts';
import type { LutEntry } from '../../../../src/lut/schema.ts';
import type { Workload } from '../../../../src/network/workload.ts';
import { CONVOLUTION, latencyAround } from '../toy-table.ts';
import { BYTE_KERNEL, NIBBLE_KERNEL, randomConvolution, stepCostUs, stepEntries } from './step-cost.ts';

const random = new Random(5);
const draw = (count: number) => Array.from({ length: count }, () => randomConvolution(random));
const held = (entry: LutEntry): LutEntry => ({ ...entry, heldOut: true });
const learnt = stepEntries(BYTE_KERNEL, draw(45), 0.01, 1);

describe('entries that were measured to be held out', () => {
  const heldOut = stepEntries(BYTE_KERNEL, draw(40), 0.01, 2).map(held);
  const interpolator = createInterpolator({ entries: [...learnt, ...heldOut] });

  it('are not learnt from: a wrong one changes no price', () => {
    const wrong = heldOut.map((entry) => ({ ...entry, latencyUs: latencyAround(9 * entry.latencyUs.median) }));
    const misled = createInterpolator({ entries: [...learnt, ...wrong] });
    const wanted = { workload: { ...CONVOLUTION, inChannels: 23, residual: false }, scheme: 'w8a8' as const };
    expect(misled.entryOf(wanted)!.latencyUs.median).toBe(interpolator.entryOf(wanted)!.latencyUs.median);
    expect(misled.measured).toBe(learnt.length);
  });

  it('show the error, which a wrong one raises', () => {
    expect(interpolator.heldOut!.how).toBe('random');
    expect(interpolator.heldOut!.entries).toBeGreaterThan(35); // one may lie too far outside to be priced at all
    expect(interpolator.heldOut!.medianRelativeError).toBeLessThan(0.03);
    const wrong = heldOut.map((entry) => ({ ...entry, latencyUs: latencyAround(2 * entry.latencyUs.median) }));
    const { heldOut: shown } = createInterpolator({ entries: [...learnt, ...wrong] });
    expect(shown!.medianRelativeError).toBeGreaterThan(0.45);
    expect(shown!.bias).toBeLessThan(-0.45);
  });

  it('set the width of the intervals, which then hold the truth about as often as they say', () => {
    const covers = draw(200).flatMap((workload) => {
      const entry = interpolator.entryOf({ workload, scheme: 'w8a8' });
      if (!entry) return [];
      const us = stepCostUs(BYTE_KERNEL, workload);
      return [entry.latencyUs.low <= us && us <= entry.latencyUs.high ? 1 : 0];
    });
    expect(covers.length).toBeGreaterThan(160);
    expect(covers.reduce((sum: number, one) => sum + one, 0) / covers.length).toBeGreaterThan(0.92);
    const shifted = heldOut.map((entry) => ({ ...entry, latencyUs: latencyAround(1.3 * entry.latencyUs.median) }));
    const wide = createInterpolator({ entries: [...learnt, ...shifted] });
    const width = (of: typeof wide) => {
      const { low, high } = of.entryOf({ workload: { ...CONVOLUTION, residual: false }, scheme: 'w8a8' })!.latencyUs;
      return high / low;
    };
    expect(width(wide)).toBeGreaterThan(1.3 * width(interpolator));
  });

  it('give way to shapes that are left out in turn where there are too few', () => {
    const few = createInterpolator({ entries: [...learnt, ...heldOut.slice(0, 7)] });
    expect(few.heldOut!.how).toBe('left out in turn');
    expect(few.heldOut!.entries).toBeGreaterThan(30);
  });
});

describe('a kernel that depends on the weights', () => {
  const FAST = { ...BYTE_KERNEL, variant: 'w8a8_conv_2x16__simd_winograd43', nsPerMac: 0.01 };
  const workloads = Array.from({ length: 24 }, () => {
    const side = [8, 16, 32][random.below(3)];
    const [inChannels, outChannels] = [8 + random.below(60), 8 + random.below(60)];
    return { ...CONVOLUTION, height: side, width: side, inChannels, outChannels, residual: false };
  });
  const both = (workload: Workload): LutEntry => {
    const [fast, slow] = [FAST, BYTE_KERNEL].map((kernel) => stepEntries(kernel, [workload], 0, 1)[0]);
    const { variant, variantSha256, latencyUs } = slow;
    return createEntry({ ...fast, unconditional: { variant, variantSha256, latencyUs, scratchBytes: 77 } });
  };
  const table = { entries: workloads.map(both) };
  const wanted = { workload: { ...CONVOLUTION, inChannels: 37, residual: false }, scheme: 'w8a8' as const };

  it('is interpolated beside the fastest one that does not', () => {
    const entry = createInterpolator(table).entryOf(wanted)!;
    expect(entry.variant).toBe(FAST.variant);
    expect(entry.unconditional!.variant).toBe(BYTE_KERNEL.variant);
    const truth = stepCostUs(BYTE_KERNEL, wanted.workload);
    expect(Math.abs(entry.unconditional!.latencyUs.median / truth - 1)).toBeLessThan(0.03);
    expect(entry.unconditional!.latencyUs.median).toBeGreaterThan(entry.latencyUs.median);
  });

  it('stands alone where it is known to run whatever the weights are', () => {
    const facts = { scratchBytes: 1, packedBytes: 2, always: true };
    expect(createInterpolator(table, () => facts).entryOf(wanted)).not.toHaveProperty('unconditional');
  });

  it('is not chosen where it cannot run, and nothing is where no other can', () => {
    const except = (variant: string) => (id: string) =>
      id === variant ? undefined : { scratchBytes: 1, packedBytes: 2, always: id === BYTE_KERNEL.variant };
    expect(createInterpolator(table, except(FAST.variant)).entryOf(wanted)!.variant).toBe(BYTE_KERNEL.variant);
    expect(createInterpolator(table, except(BYTE_KERNEL.variant)).entryOf(wanted)).toBeUndefined();
  });
});

describe('joining interpolated entries with measured ones', () => {
  const [measured] = stepEntries(BYTE_KERNEL, [CONVOLUTION], 0, 1);
  const [guess] = stepEntries({ ...NIBBLE_KERNEL, scheme: 'w8a8' }, [CONVOLUTION], 0, 1).map(
    (entry): LutEntry => ({ ...entry, trust: 'interpolated' }),
  );

  it('keeps what was measured, however doubtful, whatever kernel the guess is of', () => {
    const noisy: LutEntry = { ...measured, trust: 'noisy' };
    expect(measured.key).toBe(entryKey(CONVOLUTION, 'w8a8'));
    expect(mergeEntries([noisy], [guess])).toEqual([noisy]);
    expect(mergeEntries([guess], [noisy])).toEqual([noisy]);
    const newer = { ...guess, packedBytes: 1 };
    expect(mergeEntries([guess], [newer])).toEqual([newer]);
  });
});
