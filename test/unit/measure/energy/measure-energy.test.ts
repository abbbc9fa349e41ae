import { describe, expect, it } from 'vitest';
import { measureEnergy, measurePowers } from '../../../../src/measure/energy/measure-energy.ts';
import type { LiveMeter } from '../../../../src/measure/energy/meter.ts';
import { findRapl } from '../../../../src/measure/energy/rapl.ts';
import { planFor } from '../../../../src/measure/energy/recorder.ts';
import { fakeSystem, type PowerOptions, SimulatedMachine } from './simulated-power.ts';

const RANGE_UJ = 3_000_000_000;
const START_UJ = RANGE_UJ - 500_000;
const package0 = 'sys/class/powercap/intel-rapl:0';

/** A processor's counter: it moves once a millisecond, in steps of 61 µJ, and wraps around in between. */
function raplOf(machine: SimulatedMachine): LiveMeter {
  let shownUj = START_UJ;
  let shownNs = machine.nowNs;
  const system = fakeSystem({
    [`${package0}/name`]: 'package-0',
    [`${package0}/max_energy_range_uj`]: String(RANGE_UJ),
    [`${package0}/energy_uj`]: () => {
      if (machine.nowNs - shownNs >= 1e6) {
        shownNs = machine.nowNs - ((machine.nowNs - shownNs) % 1e6);
        shownUj = Math.floor((START_UJ + machine.microjoules) / 61) * 61;
      }
      return String(Math.floor(shownUj % RANGE_UJ));
    },
  });
  return findRapl(system, machine.surroundings.clock)[0].meter as LiveMeter;
}

/** A shunt monitor: the mean of the last 20 ms, in steps of 20 mW, fresh every 20 ms. */
function shuntOf(machine: SimulatedMachine, scale = 1): LiveMeter {
  let shownNs = Number.NEGATIVE_INFINITY;
  let shownW = 0;
  return {
    id: 'hwmon:ina219-0',
    source: 'hwmon',
    description: '',
    updateMs: 20,
    kind: 'live',
    quantity: 'power',
    step: 0.02,
    read() {
      if (machine.nowNs - shownNs >= 20e6) {
        shownNs = machine.nowNs;
        shownW = Math.round((machine.wattsOver(20) * scale) / 0.02) * 0.02;
      }
      return shownW;
    },
  };
}

/** A power management chip, asked by a command that takes 25 ms, during which the load may go on. */
function slowlyAnswering(machine: SimulatedMachine): LiveMeter {
  let due: { atNs: number; answer: () => void } | undefined;
  const answerIfDue = () => {
    if (!due || machine.nowNs < due.atNs) return;
    due.answer();
    due = undefined;
  };
  const { pause } = machine.surroundings;
  machine.surroundings.pause = async (ms) => {
    await pause(ms);
    answerIfDue();
  };
  const read = () =>
    new Promise<number>((resolve) => {
      due = { atNs: machine.nowNs + 25e6, answer: () => resolve(machine.wattsOver(12)) };
      // whoever waits for nothing but the answer idles until it comes
      setImmediate(async () => {
        if (due) await pause((due.atNs - machine.nowNs) / 1e6);
        answerIfDue();
      });
    });
  return { ...shuntOf(machine), updateMs: 30, read };
}

const KINDS: [string, (machine: SimulatedMachine) => LiveMeter][] = [
  ['a counter that wraps', raplOf],
  ['a shunt monitor', (machine) => shuntOf(machine)],
];

describe.each(KINDS)('energy measured by %s', (_, meterOf) => {
  const truthW = 1.5;
  const runNs = 300_000;
  const measure = (options: PowerOptions) => {
    const machine = new SimulatedMachine(options);
    return measureEnergy(meterOf(machine), machine.load('', truthW, runNs).run, machine.surroundings, {
      seed: options.seed,
    });
  };

  it('is that of the load, with idling subtracted', async () => {
    const { powerW, energyUj, idleW, blocks } = await measure({ idleW: 3, noiseW: 0.05 });
    expect(powerW.value).toBeCloseTo(truthW, 1);
    expect(energyUj.value).toBeGreaterThan(0.97 * truthW * 300);
    expect(energyUj.value).toBeLessThan(1.03 * truthW * 300);
    expect(idleW).toBeCloseTo(3, 1);
    expect(blocks).toBe(6);
  });

  it.each([
    ['a steady machine', {}],
    ['noise', { noiseW: 0.5 }],
    ['an idle power that drifts', { noiseW: 0.2, driftWPerS: 0.1 }],
  ])('lies within its interval about 95 times in a hundred: %s', async (_, options) => {
    let covered = 0;
    let widest = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { energyUj } = await measure({ ...options, seed });
      const truthUj = (truthW * runNs) / 1e3;
      if (energyUj.low <= truthUj && truthUj <= energyUj.high) covered++;
      widest = Math.max(widest, (energyUj.high - energyUj.low) / truthUj);
    }
    expect(covered).toBeGreaterThanOrEqual(90);
    expect(widest).toBeLessThan(0.5); // an interval that holds everything would hold the truth too
  });
});

describe('measuring energy', () => {
  it('is refused where the load cannot be told from idling', async () => {
    const machine = new SimulatedMachine({ noiseW: 3 });
    await expect(
      measureEnergy(shuntOf(machine), machine.load('', 0.001, 1e6).run, machine.surroundings),
    ).rejects.toMatchObject({ kind: 'unsupported', message: expect.stringContaining('no difference') });
  });

  it('never calls a meter that stands still exact', async () => {
    const machine = new SimulatedMachine();
    const { powerW } = await measureEnergy(shuntOf(machine), machine.load('', 1.5, 1e6).run, machine.surroundings);
    expect(powerW.high - powerW.value).toBeGreaterThan(0.01); // half a step of 20 mW at load and at idling
  });

  it('runs as long as it is asked to', async () => {
    const machine = new SimulatedMachine({ noiseW: 0.1 });
    const { runs } = await measureEnergy(raplOf(machine), machine.load('', 1, 1e6).run, machine.surroundings, {
      seconds: 2,
    });
    expect(runs).toBeGreaterThan(1800);
  });

  it('finds out how often a gauge moves, and runs long enough for it', async () => {
    const machine = new SimulatedMachine({ noiseW: 0.3 });
    let shownNs = 0;
    let shownW = 2;
    const gauge: LiveMeter = {
      ...shuntOf(machine),
      updateMs: undefined,
      read() {
        if (machine.nowNs - shownNs >= 1e9) {
          shownNs = machine.nowNs;
          shownW = machine.wattsOver(1000);
        }
        return shownW;
      },
    };
    const { powerW, blocks } = await measureEnergy(gauge, machine.load('', 1.5, 1e6).run, machine.surroundings);
    expect(powerW.low).toBeLessThan(1.5);
    expect(powerW.high).toBeGreaterThan(1.5);
    expect(machine.nowNs / 1e9).toBeGreaterThan(blocks * 20);
  });

  it('gives up on a gauge that never moves', async () => {
    const machine = new SimulatedMachine();
    const gauge: LiveMeter = { ...shuntOf(machine), updateMs: undefined, read: () => 3 };
    await expect(measureEnergy(gauge, () => {}, machine.surroundings)).rejects.toThrow('hardly moved');
  });

  it('goes on while a meter takes its time to answer', async () => {
    const machine = new SimulatedMachine({ noiseW: 0.1 });
    const { powerW } = await measureEnergy(
      slowlyAnswering(machine),
      machine.load('', 1.5, 300_000).run,
      machine.surroundings,
    );
    expect(powerW.value).toBeGreaterThan(1.4);
    expect(powerW.value).toBeLessThan(1.6);
  });

  it('says why where a meter fails in the middle', async () => {
    const machine = new SimulatedMachine();
    let reads = 0;
    const failing: LiveMeter = {
      ...shuntOf(machine),
      read: () => (++reads > 40 ? Promise.reject(new Error('gone')) : Promise.resolve(2)),
    };
    await expect(measureEnergy(failing, machine.load('', 1, 1e6).run, machine.surroundings)).rejects.toThrow('gone');
  });

  it('ends when the user interrupts', async () => {
    const machine = new SimulatedMachine();
    machine.surroundings.cancellation.aborted = true;
    await expect(
      measureEnergy(raplOf(machine), machine.load('', 1, 1e6).run, machine.surroundings),
    ).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

describe('several loads', () => {
  it('are told apart, however long their runs are', async () => {
    const machine = new SimulatedMachine({ noiseW: 0.3 });
    const loads = [machine.load('a', 0.8, 2_000), machine.load('b', 1.6, 90_000), machine.load('c', 3.1, 40e6)];
    const powers = await measurePowers(raplOf(machine), loads, machine.surroundings, { plan: planFor(1) });
    const values = ['a', 'b', 'c'].map((name) => powers.get(name)!);
    for (const [i, truthW] of [0.8, 1.6, 3.1].entries()) {
      // reading the clock between chunks of short runs is idling, in the simulation
      expect(values[i].powerW.low).toBeLessThan(1.01 * truthW);
      expect(values[i].powerW.high).toBeGreaterThan(0.99 * truthW);
    }
    expect(values[0].energyUj.value / (0.8 * 2)).toBeCloseTo(1, 1);
    expect(values[2].energyUj.value / (3.1 * 40e3)).toBeCloseTo(1, 1);
  });
});
