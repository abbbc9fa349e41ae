import { describe, expect, it } from 'vitest';
import { kendallTau } from '../../../src/core/kendall-tau.ts';
import type { Session } from '../../../src/engine/session.ts';
import { measureClockStepNs } from '../../../src/measure/clock-step.ts';
import { ownLevel, ReferenceKernel } from '../../../src/measure/reference-kernel.ts';
import { StackPositions } from '../../../src/measure/stack-positions.ts';
import { predictionError, summarizeSamples } from '../../../src/measure/statistics.ts';
import { entryTrust, isThrottled } from '../../../src/measure/trust.ts';
import { visitNetwork, visitPlan } from '../../../src/measure/visit.ts';
import { lateVariants, warmUp } from '../../../src/measure/warm-up.ts';

/**
 * A session whose layers take scripted times on a clock of its own; `slowdown` sees how often it has run, and slows the
 * reference kernel down as well if `visible`.
 */
class FakeDevice {
  nowNs = 1000;
  runs = 0;
  /** How often each layer ran without the others. */
  alone: number[];
  switches = 0;
  private readonly layersNs: number[];
  private readonly slowdown: (run: number, nowNs: number) => number;
  private readonly interrupts: (run: number) => boolean;
  private readonly visible: boolean;

  constructor(
    layersNs: number[],
    slowdown: (run: number, nowNs: number) => number = () => 1,
    { interrupts, visible = false }: { interrupts?: (run: number) => boolean; visible?: boolean } = {},
  ) {
    this.layersNs = layersNs;
    this.alone = layersNs.map(() => 0);
    this.slowdown = slowdown;
    this.interrupts = interrupts ?? (() => false);
    this.visible = visible;
  }

  private readonly clock = { nowNs: () => this.nowNs };

  readonly stopwatch = {
    clock: this.clock,
    positions: new StackPositions(),
    interruptions: { contextSwitches: () => this.switches },
    reference: new ReferenceKernel((steps) => {
      this.nowNs += steps * (this.visible ? this.slowdown(this.runs, this.nowNs) : 1);
      return steps;
    }, this.clock),
    pause: async (ms: number) => {
      this.nowNs += ms * 1e6;
    },
    cancellation: { aborted: false },
  };

  get session(): Session {
    const steps = this.layersNs.map((_, i) => ({ variant: { id: `variant${i}` } }));
    return {
      steps,
      setInput: () => {},
      execute: () => this.run(() => {}),
      executeRange: (from: number, to: number) => {
        for (let layer = from; layer < to; layer++) this.alone[layer]++;
        this.runLayers(from, to);
      },
      executeTimed: (_clock: unknown, ticks: Float64Array) => this.run((step) => (ticks[step] = this.nowNs)),
    } as unknown as Session;
  }

  private run(tick: (step: number) => void): void {
    this.runs++;
    if (this.interrupts(this.runs)) this.switches++;
    tick(0);
    for (const i of this.layersNs.keys()) {
      this.runLayers(i, i + 1);
      tick(i + 1);
    }
  }

  private runLayers(from: number, to: number): void {
    for (const ns of this.layersNs.slice(from, to)) this.nowNs += ns * this.slowdown(this.runs, this.nowNs);
  }
}

const input = new Uint8Array(0);

describe('a visit', () => {
  it('takes what the layers and the whole take undisturbed', async () => {
    const device = new FakeDevice([500_000, 1_500_000]);
    const { visit, interrupted } = await visitNetwork(device.session, input, device.stopwatch);
    expect([...visit!.layersNs]).toEqual([500_000, 1_500_000]);
    expect(visit!.wholeNs).toBe(2e6);
    expect(interrupted).toBe(0);
    const { warmRuns, repeats } = visitPlan(2e6);
    expect(device.runs).toBe(warmRuns + 2 * repeats);
  });

  it('does not count the first runs after the switch', async () => {
    const device = new FakeDevice([2e6], (run) => (run <= 2 ? 1.5 : 1));
    expect((await visitNetwork(device.session, input, device.stopwatch)).visit!.wholeNs).toBe(2e6);
  });

  it('drops runs during which the processor was taken away, and says how many', async () => {
    const device = new FakeDevice([2e6], (run) => (run === 4 ? 50 : 1), { interrupts: (run) => run === 4 });
    const { visit, interrupted } = await visitNetwork(device.session, input, device.stopwatch);
    expect(visit!.wholeNs).toBe(2e6);
    expect(interrupted).toBe(1);
  });

  it('lets what the system takes for itself pass, and drops runs that it takes more from', async () => {
    const waits = [4e3, 4e6];
    const dropped: number[] = [];
    for (const waitNs of waits) {
      let waitedNs = 0;
      const device = new FakeDevice([2e6], (run) => (run === 4 ? 1 + waitNs / 2e6 : 1), {
        interrupts: (run) => {
          if (run === 4) waitedNs += waitNs;
          return run === 4;
        },
      });
      const interruptions = { ...device.stopwatch.interruptions, waitedNs: () => waitedNs };
      const { visit, interrupted } = await visitNetwork(device.session, input, { ...device.stopwatch, interruptions });
      expect(visit!.wholeNs).toBe(2e6);
      dropped.push(interrupted);
    }
    expect(dropped).toEqual([0, 1]);
  });

  it('waits while the reference kernel shows that a neighbour has part of the core', async () => {
    // what is calm is known from the time before; the neighbour comes in the middle of the visit and goes again
    let startNs = Number.POSITIVE_INFINITY;
    const isThere = (nowNs: number) => nowNs > startNs + 9e6 && nowNs < startNs + 400e6;
    const device = new FakeDevice([2e6], (_run, nowNs) => (isThere(nowNs) ? 1.8 : 1), { visible: true });
    await device.stopwatch.reference.settle(device.stopwatch);
    startNs = device.nowNs;
    const { visit, interrupted } = await visitNetwork(device.session, input, device.stopwatch);
    expect(visit!.wholeNs).toBe(2e6);
    expect(interrupted).toBeGreaterThan(0);
  });

  it('counts only runs that were left alone where unseen work hits most of them', async () => {
    // of five pairs of runs two of either kind are left alone; the others take 10% longer between calm looks
    const device = new FakeDevice([5e5, 5e5], (run) => (run % 5 < 3 ? 1.1 : 1));
    const { visit } = await visitNetwork(device.session, input, device.stopwatch);
    expect([...visit!.layersNs]).toEqual([5e5, 5e5]);
    expect(visit!.wholeNs).toBe(1e6);
  });

  it('takes the middle of all runs by a clock that moves in steps', async () => {
    const device = new FakeDevice([2e6], (run) => 1 + (run % 5) / 10);
    const stopwatch = { ...device.stopwatch, clockQuantumNs: 1 };
    const { wholeNs } = (await visitNetwork(device.session, input, stopwatch)).visit!;
    expect(wholeNs).toBeGreaterThan(2.1e6);
  });

  it('gives up on a machine that is never left alone, after a bounded number of runs', async () => {
    const device = new FakeDevice([2e6], () => 1, { interrupts: () => true });
    const { visit, interrupted } = await visitNetwork(device.session, input, device.stopwatch);
    expect(visit).toBeUndefined();
    expect(interrupted).toBeGreaterThan(0);
    expect(device.runs).toBeLessThan(50);
  });

  it('drops what a clock that goes back has spoilt', async () => {
    const device = new FakeDevice([2e6], (run) => (run === 4 ? -1 : 1));
    const { visit, interrupted } = await visitNetwork(device.session, input, device.stopwatch);
    expect(visit!.wholeNs).toBe(2e6);
    expect(interrupted).toBe(1);
  });
});

describe('the reference kernel', () => {
  /** A loop whose step takes `stepNs` of the time, on a clock of its own. */
  function machine(stepNs: (nowNs: number) => number) {
    let nowNs = 1;
    const reference = new ReferenceKernel(
      (steps) => {
        nowNs += steps * stepNs(nowNs);
        return 0;
      },
      { nowNs: () => nowNs },
    );
    const waiting = {
      pause: async (ms: number) => {
        nowNs += ms * 1e6;
      },
      cancellation: { aborted: false },
    };
    return { reference, waiting, now: () => nowNs };
  }

  it('runs for long enough to be timed, whatever the machine', () => {
    for (const step of [0.02, 1, 300]) {
      const { reference } = machine(() => step);
      reference.look();
      expect(reference.calmNs).toBeGreaterThan(30_000);
      expect(reference.calmNs).toBeLessThan(70_000);
      expect(reference.levelNs).toBeCloseTo(step * 10_000, 6);
    }
  });

  it('finds a run disturbed that takes more than 2% longer, and not one that takes 1% longer', async () => {
    let factor = 1;
    const { reference, waiting } = machine(() => factor);
    await reference.settle(waiting);
    factor = 1.01;
    expect(reference.look()).toBe(true);
    factor = 1.03;
    expect(reference.look()).toBe(false);
  });

  it('waits until the neighbour has gone', async () => {
    const { reference, waiting, now } = machine((nowNs) => (nowNs > 50e6 && nowNs < 300e6 ? 1.7 : 1));
    await reference.settle(waiting);
    while (now() < 60e6) reference.look();
    await reference.settle(waiting);
    expect(now()).toBeGreaterThan(300e6);
    expect(reference.waitedMs).toBeGreaterThan(200);
    expect(reference.levelShifts).toBe(0);
  });

  it('moves to another core where the neighbour stays', async () => {
    let core = 0;
    const { reference, waiting, now } = machine((nowNs) => (core === 0 && nowNs > 50e6 ? 1.7 : 1));
    await reference.settle(waiting);
    while (now() < 60e6) reference.look();
    await reference.settle({ ...waiting, moveAside: () => core++ });
    expect(core).toBe(1);
    expect(reference.waitedMs).toBeLessThan(500);
    expect(reference.bestLevelNs).toBeCloseTo(10_000, 6);
  });

  it('takes a machine that stays slow for what it is, after four seconds', async () => {
    const { reference, waiting, now } = machine((nowNs) => (nowNs > 50e6 ? 1.3 : 1));
    await reference.settle(waiting);
    while (now() < 60e6) reference.look();
    await reference.settle(waiting);
    expect(reference.levelShifts).toBe(1);
    expect(now()).toBeLessThan(6e9);
    expect(reference.look()).toBe(true);
  });

  it('waits no longer in one stage than it may', async () => {
    const waited = async (mostMs: number) => {
      let calls = 0;
      const { reference, waiting } = machine(() => (calls++ % 7 === 0 ? 1 : 1.3)); // never two calm looks in a row
      reference.waitAtMost(mostMs);
      reference.beginStage();
      for (let i = 0; i < 200; i++) await reference.settle(waiting);
      return reference.waitedMs;
    };
    expect(await waited(1000)).toBeLessThan(1100);
    expect(await waited(1e9)).toBeGreaterThan(59_000);
    expect(await waited(1e9)).toBeLessThan(65_000);
  });

  it('stops waiting when the user cancels', async () => {
    const { reference, waiting } = machine((nowNs) => 1 + nowNs);
    waiting.cancellation.aborted = true;
    await reference.settle(waiting);
    expect(reference.waitedMs).toBe(0);
  });

  it('tells the own speed of the machine from that beside neighbours', () => {
    expect(ownLevel([100, 180, 101, 140, 102])).toBe(100);
    // busy most of the time, at one level too: the quarter that was calm counts
    expect(ownLevel([180, 181, 182, 180, 181, 182, 100, 101])).toBe(100);
    // once or twice at turbo does not
    expect(ownLevel([180, 181, 182, 180, 181, 182, 180, 181, 100])).toBe(180);
    // a neighbour on the same core most of the time, in turns: the tenth that was calm counts
    const shared = Array.from({ length: 40 }, (_, i) => (i % 10 === 3 ? 100 + (i % 3) : 200 + (i % 3)));
    expect(ownLevel(shared)).toBe(100);
    // a device that became slower for good has the speed that it kept
    expect(ownLevel([100, 101, 100, ...Array(30).fill(150)])).toBe(150);
    expect(ownLevel([])).toBeNaN();
  });
});

describe('warming up', () => {
  it('goes on until the compiler has caught up', async () => {
    const device = new FakeDevice([1e6, 2e6], (run) => (run < 12 ? 4 : 1));
    const warm = await warmUp([device.session], input, device.stopwatch);
    expect(warm.proven).toBe(true);
    expect([...warm.sentinelsNs]).toEqual([
      ['variant0', 1e6],
      ['variant1', 2e6],
    ]);
  });

  it('runs rare kernels alone until they have done their work, and large networks only as often as it must', async () => {
    const device = new FakeDevice([1e5, 400e6]);
    const { proven, passes } = await warmUp([device.session], input, device.stopwatch);
    expect({ proven, passes }).toEqual({ proven: true, passes: 3 });
    expect(device.runs).toBe(3);
    expect(device.alone[0] * 1e5).toBeGreaterThan(28e6);
    expect(device.alone[1]).toBe(0);
  });

  it('is not proven on a device that gets faster and faster', async () => {
    const device = new FakeDevice([1e7], (run) => 0.97 ** run);
    expect((await warmUp([device.session], input, device.stopwatch)).proven).toBe(false);
  });

  it('names the variants that were still cold when they were measured', async () => {
    let factor = 1;
    const device = new FakeDevice([1e6], () => factor);
    const warm = await warmUp([device.session], input, device.stopwatch);
    expect(await lateVariants(warm, [device.session], input, device.stopwatch)).toEqual([]);
    factor = 0.5;
    expect(await lateVariants(warm, [device.session], input, device.stopwatch)).toEqual(['variant0']);
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
