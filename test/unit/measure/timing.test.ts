import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/engine/session.ts';
import { measureClockStepNs } from '../../../src/measure/clock-step.ts';
import { kendallTau, predictionError, summarizeSamples } from '../../../src/measure/statistics.ts';
import { entryTrust, isThrottled } from '../../../src/measure/trust.ts';
import { visitNetwork } from '../../../src/measure/visit.ts';
import { lateVariants, warmUp } from '../../../src/measure/warm-up.ts';

/** A session whose layers take scripted times on a clock of its own; `slowdown` sees how often it has run. */
class FakeDevice {
  nowNs = 1000;
  runs = 0;
  switches = 0;
  private readonly layersNs: number[];
  private readonly slowdown: (run: number) => number;
  private readonly interrupts: (run: number) => boolean;

  constructor(layersNs: number[], slowdown = (_run: number) => 1, interrupts = (_run: number) => false) {
    this.layersNs = layersNs;
    this.slowdown = slowdown;
    this.interrupts = interrupts;
  }

  readonly stopwatch = {
    clock: { nowNs: () => this.nowNs },
    interruptions: { contextSwitches: () => this.switches },
  };

  get session(): Session {
    const steps = this.layersNs.map((_, i) => ({ variant: { id: `variant${i}` } }));
    return {
      steps,
      setInput: () => {},
      execute: () => this.run(() => {}),
      executeTimed: (_clock: unknown, ticks: Float64Array) => this.run((step) => (ticks[step] = this.nowNs)),
    } as unknown as Session;
  }

  private run(tick: (step: number) => void): void {
    this.runs++;
    if (this.interrupts(this.runs)) this.switches++;
    tick(0);
    for (const [i, ns] of this.layersNs.entries()) {
      this.nowNs += ns * this.slowdown(this.runs);
      tick(i + 1);
    }
  }
}

const input = new Uint8Array(0);
const settings = { warmRuns: 2, repeats: 3 };

describe('a visit', () => {
  it('takes medians of the layers and of the whole', () => {
    const device = new FakeDevice([100, 300]);
    const visit = visitNetwork(device.session, input, device.stopwatch, settings)!;
    expect([...visit.layersNs]).toEqual([100, 300]);
    expect(visit).toMatchObject({ wholeNs: 400, layeredNs: 400, interrupted: 0 });
    expect(device.runs).toBe(2 + 2 * 3);
  });

  it('does not count the first runs after the switch', () => {
    const device = new FakeDevice([100], (run) => (run <= 2 ? 5 : 1));
    expect(visitNetwork(device.session, input, device.stopwatch, settings)!.wholeNs).toBe(100);
  });

  it('drops runs during which the processor was taken away, and says how many', () => {
    const device = new FakeDevice(
      [100],
      (run) => (run === 3 ? 50 : 1),
      (run) => run === 3,
    );
    const visit = visitNetwork(device.session, input, device.stopwatch, settings)!;
    expect(visit).toMatchObject({ wholeNs: 100, interrupted: 1 });
  });

  it('gives up on a machine that is never left alone, after a bounded number of runs', () => {
    const device = new FakeDevice(
      [100],
      () => 1,
      () => true,
    );
    expect(visitNetwork(device.session, input, device.stopwatch, settings)).toBeUndefined();
    expect(device.runs).toBeLessThan(50);
  });
});

describe('warming up', () => {
  const calm = { aborted: false };
  const pause = async () => {};

  it('goes on until the compiler has caught up', async () => {
    const device = new FakeDevice([1e6, 2e6], (run) => (run < 12 ? 4 : 1));
    const warm = await warmUp([device.session], input, device.stopwatch, pause, calm);
    expect(warm.proven).toBe(true);
    expect([...warm.sentinelsNs]).toEqual([
      ['variant0', 1e6],
      ['variant1', 2e6],
    ]);
  });

  it('is not proven on a device that gets faster and faster', async () => {
    const device = new FakeDevice([1e7], (run) => 0.97 ** run);
    expect((await warmUp([device.session], input, device.stopwatch, pause, calm)).proven).toBe(false);
  });

  it('names the variants that were still cold when they were measured', async () => {
    let factor = 1;
    const device = new FakeDevice([1e6], () => factor);
    const warm = await warmUp([device.session], input, device.stopwatch, pause, calm);
    expect(lateVariants(warm, [device.session], input, device.stopwatch)).toEqual([]);
    factor = 0.5;
    expect(lateVariants(warm, [device.session], input, device.stopwatch)).toEqual(['variant0']);
  });
});

describe('statistics', () => {
  it('give the median, its interval by order statistics and p95', () => {
    const samples = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    // ranks 50 ± 0.98·√100: the 41st and the 61st smallest
    expect(summarizeSamples(samples)).toEqual({ median: 50.5, low: 41, high: 61, p95: 95.05, count: 100 });
  });

  it('hold the true median in the interval about 95 times in a hundred', () => {
    let state = 1;
    const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
    let covered = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const { low, high } = summarizeSamples(Array.from({ length: 25 }, uniform));
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered).toBeGreaterThan(930);
    expect(covered).toBeLessThan(995);
  });

  it('rank with ties as τ-b does', () => {
    expect(kendallTau([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(5 / Math.sqrt(5 * 6), 12);
    expect(kendallTau([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(predictionError([{ predicted: 1, measured: 1 }]).kendallTau).toBeNull();
  });
});

describe('trust', () => {
  it('is refused to wide intervals and few samples', () => {
    const summary = { median: 100, low: 99, high: 101, p95: 110, count: 12 };
    expect(entryTrust(summary)).toBe('stable');
    expect(entryTrust({ ...summary, high: 130 })).toBe('noisy');
    expect(entryTrust({ ...summary, count: 3 })).toBe('noisy');
  });

  it('sees throttling in the course of the anchor, and does not take noise for it', () => {
    const steady = Array.from({ length: 30 }, (_, i) => 1 + (i % 3) * 0.02);
    expect(isThrottled(steady)).toBe(false);
    expect(isThrottled(steady.map((ms, i) => (i > 12 ? ms * 1.3 : ms)))).toBe(true);
    expect(isThrottled(steady.map((ms, i) => (i < 12 ? ms * 1.3 : ms)))).toBe(false);
  });
});

describe('the clock', () => {
  it('shows its step', () => {
    let now = 0;
    expect(measureClockStepNs({ nowNs: () => Math.floor((now += 300) / 5000) * 5000 })).toBe(5000);
  });

  it('is refused when it runs backwards or stands still', () => {
    let now = 1e9;
    expect(() => measureClockStepNs({ nowNs: () => (now -= 10) })).toThrowError('The clock went back by 10 ns.');
    expect(() => measureClockStepNs({ nowNs: () => 7 })).toThrowError('The clock stands still.');
  });
});
