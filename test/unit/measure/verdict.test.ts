import { describe, expect, it } from 'vitest';
import type { SensorReading } from '../../../src/measure/sensors.ts';
import { clockQuantumNs, SteadyClock } from '../../../src/measure/steady-clock.ts';
import { driftOf, type Evidence, judge } from '../../../src/measure/verdict.ts';

const calm: Evidence = {
  levelsNs: Array.from({ length: 30 }, (_, i) => 1 + (i % 3) * 0.005),
  readings: [],
  scalar: 1.02,
  bestLevelNs: 0.99,
  warmUpProven: true,
  lateVariants: 0,
  unrest: 0.01,
  setBacks: 0,
  clockQuantumNs: 0,
};

/** Readings over ten seconds on four processors, of a measuring that has one of them to itself. */
function readings(change: (share: number) => Partial<SensorReading> = () => ({})): SensorReading[] {
  return Array.from({ length: 11 }, (_, i) => ({
    ...{ timeMs: 1000 * i, throttled: false, frequencyMhz: 2400, tempC: 60, stolenMs: 0, waitedMs: 0, processors: 4 },
    ...{ busyMs: 1000 * i, ownMs: 1000 * i },
    ...change(i / 10),
  }));
}

describe('the verdict on a measuring', () => {
  it('is good where nothing speaks against it', () => {
    expect(judge({ ...calm, readings: readings() })).toMatchObject({ throttled: false, noisy: false, reasons: [] });
    expect(judge(calm).drift).toBeLessThan(0.01);
  });

  it.each([
    ['the firmware throttles for a moment', (s: number) => ({ throttled: s === 0.5 }), 'reports throttling'],
    ['the frequency falls', (s: number) => ({ frequencyMhz: s > 0.6 ? 1800 : 2400 }), 'from 2400 to 1800 MHz'],
  ])('is throttled where %s', (_, change, reason) => {
    const verdict = judge({ ...calm, readings: readings(change) });
    expect(verdict).toMatchObject({ throttled: true, noisy: false });
    expect(verdict.reasons.join()).toContain(reason);
  });

  it('takes heat for throttling only where the device became slower too', () => {
    const hotter = readings((share) => ({ tempC: 50 + 30 * share }));
    expect(judge({ ...calm, readings: hotter }).throttled).toBe(false);
    const slower = calm.levelsNs.map((ms, i) => ms * (1 + (0.06 * i) / 30));
    expect(judge({ ...calm, readings: hotter, levelsNs: slower })).toMatchObject({ throttled: true });
    expect(judge({ ...calm, levelsNs: slower })).toMatchObject({ throttled: false, noisy: false });
  });

  it.each([
    ['others run on the same processor', (s: number) => ({ ownMs: 7000 * s, waitedMs: 3000 * s }), 'took 30% of the'],
    ['a hypervisor gives time to others', (s: number) => ({ stolenMs: 12_000 * s }), 'other machines on this host'],
    ['others keep processors busy', (s: number) => ({ busyMs: 30_000 * s }), 'kept 2.0 of 4 processors busy'],
  ])('is noisy where %s', (_, change, reason) => {
    const verdict = judge({ ...calm, readings: readings(change) });
    expect(verdict).toMatchObject({ throttled: false, noisy: true });
    expect(verdict.reasons.join()).toContain(reason);
  });

  it('leaves alone what others do elsewhere', () => {
    const busy = readings((share) => ({ busyMs: 12_000 * share, waitedMs: 200 * share, stolenMs: 500 * share }));
    expect(judge({ ...calm, readings: busy })).toMatchObject({ noisy: false });
  });

  it('needs no sensor that the system lacks', () => {
    const blind = readings(() => ({
      ...{ throttled: null, frequencyMhz: null, tempC: null, busyMs: null, stolenMs: null, waitedMs: null },
      processors: null,
    }));
    expect(judge({ ...calm, readings: blind })).toMatchObject({ throttled: false, noisy: false });
  });

  it.each([
    ['whole networks do not fit their layers', { scalar: 1.4 }, '1.40 times the sum'],
    ['the machine was seen to be faster', { bestLevelNs: 0.8 }, '26% slower than at its best'],
    ['work of others hides between looks', { unrest: 0.3 }, 'interrupted 30% of the looks'],
    ['kernels were never warm', { warmUpProven: false }, 'never settled'],
    ['the clock was set back', { setBacks: 1 }, 'set back 1 times'],
  ])('is noisy where %s', (_, change, reason) => {
    const verdict = judge({ ...calm, ...change });
    expect(verdict.noisy).toBe(true);
    expect(verdict.reasons.join()).toContain(reason);
  });

  it('measures drift by stretches, not by single anchors', () => {
    const spikes = calm.levelsNs.map((ms, i) => (i % 9 === 4 ? 2 * ms : ms));
    expect(driftOf(spikes)).toBeLessThan(0.02);
    expect(driftOf(calm.levelsNs.map((ms, i) => (i > 24 ? 1.4 * ms : ms)))).toBeCloseTo(0.4, 1);
    expect(driftOf([1, 2, 3])).toBe(0);
  });
});

describe('a steady clock', () => {
  it('never goes back, and counts how often the other did', () => {
    const shown = [5, 10, 20, 3, 4, 30, 29, 31];
    const clock = new SteadyClock({ nowNs: () => shown.shift()! });
    expect(Array.from({ length: 7 }, () => clock.nowNs())).toEqual([10, 20, 20, 21, 47, 47, 49]);
    expect(clock.setBacks).toBe(2);
  });

  it('has steps only where two readings can be equal', () => {
    let ns = 0;
    const fine = { nowNs: () => (ns += 40) };
    expect(clockQuantumNs(fine, 40)).toBe(0);
    expect(clockQuantumNs({ nowNs: () => Math.floor(fine.nowNs() / 5000) * 5000 }, 5000)).toBe(5000);
  });
});
