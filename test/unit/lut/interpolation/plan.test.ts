import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { entryKey } from '../../../../src/lut/entry-key.ts';
import { interpolateTable } from '../../../../src/lut/interpolation/interpolate.ts';
import { planMeasurements } from '../../../../src/lut/interpolation/plan.ts';
import { BYTE_KERNEL, randomConvolution, stepCostUs, stepEntries } from './step-cost.ts';

const random = new Random(3);
const wanted = Array.from({ length: 300 }, () => ({ workload: randomConvolution(random), scheme: 'w8a8' as const }));
const oneSecond = () => 1;
const keyOf = ({ workload, scheme }: (typeof wanted)[number]) => entryKey(workload, scheme);

describe('planning what to measure', () => {
  it('keeps to the time and leaves the rest to interpolation', () => {
    const plan = planMeasurements(wanted, { timeMaxS: 40, secondsOf: oneSecond });
    expect(plan.measure).toHaveLength(40);
    expect(plan.estimatedS).toBe(40);
    expect(plan.interpolate).toHaveLength(260);
    expect(
      new Set([...plan.measure, ...plan.interpolate].map((entry) => keyOf(entry as (typeof wanted)[number]))).size,
    ).toBe(300);
  });

  it('measures all where time allows, and nothing where it does not', () => {
    expect(planMeasurements(wanted)).toMatchObject({ interpolate: [], farthestOctaves: 0 });
    expect(planMeasurements(wanted, { timeMaxS: 0.5, secondsOf: oneSecond }).measure).toEqual([]);
  });

  it('begins with the extremes, so that little has to be extrapolated', () => {
    const { measure } = planMeasurements(wanted, { timeMaxS: 16, secondsOf: oneSecond });
    const channels = (list: readonly { workload: { outChannels: number } }[]) =>
      list.map(({ workload }) => workload.outChannels);
    expect(Math.max(...channels(measure))).toBe(Math.max(...channels(wanted)));
    expect(Math.min(...channels(measure))).toBe(Math.min(...channels(wanted)));
  });

  it('fills the space: a plan leaves less error than as many entries drawn at random', () => {
    const error = (chosen: typeof wanted) => {
      const table = {
        entries: stepEntries(
          BYTE_KERNEL,
          chosen.map(({ workload }) => workload),
          0.01,
          4,
        ),
      };
      const rest = wanted.filter((entry) => !chosen.includes(entry));
      const { entries, missing } = interpolateTable(table, rest);
      const errors = entries.map((e) => Math.abs(e.latencyUs.median / stepCostUs(BYTE_KERNEL, e.workload) - 1));
      errors.sort((a, b) => a - b);
      return {
        worst: errors[Math.floor(0.98 * errors.length)],
        median: errors[errors.length >> 1],
        missing: missing.length,
      };
    };
    const plan = planMeasurements(wanted, { timeMaxS: 24, secondsOf: oneSecond });
    const planned = error(plan.measure as typeof wanted);
    expect(planned.missing).toBe(0);
    expect(planned.median).toBeLessThan(0.02);
    const drawn = [1, 2, 3, 4, 5].map((seed) => error(new Random(seed).shuffle([...wanted]).slice(0, 24)));
    const meanWorst = drawn.reduce((sum, { worst }) => sum + worst, 0) / drawn.length;
    expect(planned.worst).toBeLessThan(meanWorst);
  });

  it('counts what is known already, for nothing', () => {
    const known = new Set(wanted.slice(0, 20).map(keyOf));
    const plan = planMeasurements(wanted, { timeMaxS: 10, secondsOf: oneSecond, known });
    expect(plan.measure).toHaveLength(10);
    expect(plan.measure.some((entry) => known.has(keyOf(entry as (typeof wanted)[number])))).toBe(false);
    expect(plan.interpolate).toHaveLength(270);
  });

  it('serves every kind of work and every scheme, and is the same for any order', () => {
    const depthwise = wanted.slice(0, 40).map(({ workload }) => ({
      workload: { ...workload, groups: workload.inChannels, outChannels: workload.inChannels },
      scheme: 'w4a4' as const,
    }));
    const all = [...wanted, ...depthwise];
    const plan = planMeasurements(all, { timeMaxS: 20, secondsOf: oneSecond });
    expect(plan.measure.filter(({ scheme }) => scheme === 'w4a4').length).toBeGreaterThanOrEqual(5);
    expect(planMeasurements([...all].reverse(), { timeMaxS: 20, secondsOf: oneSecond })).toEqual(plan);
  });
});
