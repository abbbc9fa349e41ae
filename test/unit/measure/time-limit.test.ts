import { beforeAll, describe, expect, it } from 'vitest';
import { type KernelModules, loadKernels } from '../../../src/kernels/load.ts';
import { TimeLimit } from '../../../src/measure/time-limit.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import type { QuantizationSource } from '../../../src/quant/quantize.ts';
import { type Disturbance, simulateProfile, smallSource } from './simulated-bench.ts';

let source: QuantizationSource;
let modules: KernelModules;

beforeAll(async () => {
  modules = await loadKernelModules();
  source = smallSource(loadKernels(modules));
});

/** What is under way when the time is over is brought to its end. */
const LATEST = 1.1;
const simulate = (timeMaxS?: number, disturbance: Disturbance = {}) =>
  simulateProfile(source, loadKernels(modules), disturbance, { timeMaxS, validationNetworks: 20 });

describe('a limited time', () => {
  it('is left to the stages by their shares, and never less than nothing', () => {
    let nowNs = 5e9;
    const limit = new TimeLimit({ nowNs: () => nowNs }, 100);
    nowNs += 10e9;
    expect(limit.leftS('measuring')).toBeCloseTo(70);
    nowNs += 71e9;
    expect(limit.leftS('measuring')).toBe(0);
    expect(limit.isOver('measuring')).toBe(true);
    expect(limit.leftS('validation')).toBeCloseTo(19);
    expect(limit.isOver('validation')).toBe(false);
  });

  it('has no end where none is given', () => {
    const limit = new TimeLimit({ nowNs: () => 1e18 });
    expect(limit.leftS('race')).toBeUndefined();
    expect(limit.isOver('validation')).toBe(false);
  });

  it.each([0.6, 0.3])(
    'is kept by a whole profile, its validation included: %s of what it would take',
    async (share) => {
      const whole = await simulate();
      const wholeS = whole.tookNs / 1e9;
      const { tookNs, result } = await simulate(share * wholeS);
      expect(tookNs / 1e9).toBeLessThan(LATEST * share * wholeS);
      expect(result.entries.length).toBeGreaterThan(0);
      expect(result.validation).toBeTruthy();
    },
  );

  it('is kept on a machine that is never left alone', async () => {
    const never = { slowdown: (timeNs: number) => (Math.floor(timeNs / 3e6) % 2 === 0 ? 1 : 1.6) };
    const { tookNs: unlimitedNs } = await simulate(undefined, never);
    const limitS = 0.4 * (unlimitedNs / 1e9);
    const { tookNs } = await simulate(limitS, never);
    expect(tookNs / 1e9).toBeLessThan(LATEST * limitS);
  });

  it('keeps a table whose held-out networks cannot be timed', async () => {
    const { result } = await simulate(undefined, { steal: (_, share) => (share === 1 ? 1e6 : 0) });
    expect(result.entries.length).toBeGreaterThan(10);
    expect(result.validation).toBeNull();
    expect(result.protocol.validationSlowdown).toBeNull();
  });

  it('leaves what it could not race to the default kernels, and says how much', async () => {
    const { result } = await simulate(0.05);
    expect(result.protocol.unracedEntries).toBeGreaterThan(0);
    expect(result.protocol.warmUpProven).toBe(false);
    expect(result.entries.every(({ trust }) => trust !== 'stable')).toBe(true);
    expect((await simulate()).result.protocol).not.toHaveProperty('unracedEntries');
  });
});
