import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { entryKey } from '../../../../src/lut/entry-key.ts';
import type { WantedEntry } from '../../../../src/lut/interpolation/types.ts';
import { kernelFacts, planSpace } from '../../../../src/measure/space/plan-space.ts';
import { CONVOLUTION } from '../../lut/toy-table.ts';

const wanted = Array.from({ length: 120 }, (_, i) => ({
  workload: { ...CONVOLUTION, inChannels: 8 + 4 * (i % 12), outChannels: 8 + 4 * Math.floor(i / 12), residual: false },
  scheme: 'w8a8' as const,
}));
/** A second for each entry: 0.5 for its race, and ten visits of a network that five entries share. */
const options = { visits: 10, speed: { raceS: 0.5, networkS: 0.25, usefulLayers: 5 }, heldOutS: 0 };
const keyOf = ({ workload, scheme }: WantedEntry) => entryKey(workload, scheme);
const plan = (changes: object, known: string[] = []) =>
  planSpace(wanted, new Set(known), { ...options, timeMaxS: undefined, ...changes }, new Random(1));

describe('planning what to measure of a space', () => {
  it('measures all where there is no limit, or time enough', () => {
    expect(plan({})).toMatchObject({ measure: { length: 120 }, heldOut: [] });
    expect(plan({ timeMaxS: 130, heldOutS: 10 })).toMatchObject({ measure: { length: 120 }, heldOut: [] });
  });

  it('measures what fits into the time, and holds some of the rest out', () => {
    const { measure, heldOut } = plan({ timeMaxS: 40, heldOutS: 10 });
    expect(measure).toHaveLength(30);
    expect(heldOut).toHaveLength(10);
    const chosen = new Set(measure.map(keyOf));
    expect(heldOut.some((entry) => chosen.has(keyOf(entry)))).toBe(false);
    expect(plan({ timeMaxS: 40, heldOutS: 10 })).toEqual({ measure, heldOut });
  });

  it('leaves out what is known', () => {
    const known = wanted.slice(0, 100).map(keyOf);
    const { measure } = plan({}, known);
    expect(measure.map(keyOf).sort()).toEqual(wanted.slice(100).map(keyOf).sort());
  });
});

describe('what kernels are for a workload', () => {
  const facts = kernelFacts({ engine: { limits: { disabled: new Set(['w8a8_conv_2x8__simd']) } } });

  it('is unknown of those that cannot run it, are switched off or are of no such name', () => {
    expect(facts('w4a4_conv_4x16__simd_packeddot', CONVOLUTION, 'w8a8')).toBeUndefined();
    expect(facts('w8a8_conv_2x8__simd', CONVOLUTION, 'w8a8')).toBeUndefined();
    expect(facts('w8a8_conv_9x9__simd', CONVOLUTION, 'w8a8')).toBeUndefined();
  });

  it('tells memory, and whether the weights have a say', () => {
    const direct = facts('w8a8_conv_2x16__simd', CONVOLUTION, 'w8a8')!;
    expect(direct.always).toBe(true);
    expect(direct.packedBytes).toBeGreaterThan(CONVOLUTION.inChannels * 9 * CONVOLUTION.outChannels);
    const winograd = 'w8a8_conv_2x16__simd_winograd43';
    expect(facts(winograd, { ...CONVOLUTION, inChannels: 256 }, 'w8a8')!.always).toBe(false);
    expect(facts(winograd, CONVOLUTION, 'w4a4')!.always).toBe(true);
  });
});
