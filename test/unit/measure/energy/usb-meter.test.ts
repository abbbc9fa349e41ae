import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { measurePowers } from '../../../../src/measure/energy/measure-energy.ts';
import { planFor } from '../../../../src/measure/energy/recorder.ts';
import { parseMeterLog } from '../../../../src/measure/energy/usb-log.ts';
import { usbMeter } from '../../../../src/measure/energy/usb-meter.ts';
import { SimulatedMachine } from './simulated-power.ts';

describe('the log of a USB meter', () => {
  const read = (text: string) => parseMeterLog(text, 'log.csv');

  it.each([
    ['time and power', 'time_s,power_w\n1,0.5\n2,0.75', [1, 2]],
    ['voltage and current', 'time_ms;voltage_v;current_ma\n1000;5;100\n2000;5;150', [1, 2]],
    [
      'more columns, comments, quotes, tabs',
      '# made by X\n"Time_S"\tlux\t"Power_mW"\n1\t7\t500\n\n2\t7\t-750\r\n',
      [1, 2],
    ],
    ['times of day', 'timestamp,power_w\n1970-01-01T00:00:01Z,0.5\n1970-01-01 00:00:02.000+02:00,0.75\n', [1, 2]],
    [
      'seconds since 1970',
      'timestamp,power_uw\n1700000000.5,500000\n1700000001.5,750000\n',
      [1700000000.5, 1700000001.5],
    ],
  ])('may have %s', (_, text, timesS) => {
    const log = read(text);
    expect(log.watts.map((w) => Number(w.toFixed(9)))).toEqual([0.5, 0.75]);
    expect(log.timesS).toEqual(timesS);
  });

  it('knows leap years and midnights', () => {
    const { timesS } = read(
      'timestamp,power_w\n2024-02-28T23:59:59Z,1\n2024-02-29T00:00:00Z,1\n2024-03-01T00:00:00Z,1\n2026-01-01T00:00:00Z,1',
    );
    expect(timesS.slice(1).map((s, i) => s - timesS[i])).toEqual([1, 86_400, (366 - 60 + 365) * 86_400]);
    expect(timesS[3]).toBe(Date.UTC(2026, 0, 1) / 1000);
  });

  it.each([
    ['has no time', 'power_w\n1\n2', 'no column time_s nor timestamp among power_w'],
    ['has no power', 'time_s,voltage_v\n1,5\n2,5', 'no column power_w'],
    ['has no number', 'time_s,power_w\n1,5\n2,five\n3,5', 'line 3: "five" is no number'],
    ['lacks a cell', 'time_s,power_w\n1,5\n2\n3,5', 'line 3: "" is no number'],
    ['goes back in time', 'time_s,power_w\n2,5\n1,5\n', 'line 3: the time goes back from 2 s to 1 s'],
    ['is empty', '', '0 readings'],
  ])('is refused where it %s', (_, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ kind: 'damaged-file', message: expect.stringContaining(message) }),
    );
  });

  it('may end in the middle of a line: the meter is writing', () => {
    expect(read('time_s,power_w\n1,5\n2,5\n3').timesS).toEqual([1, 2]);
  });
});

/** What a meter in the supply line logs of a machine: a reading every 100 ms, on a clock that is off and runs a bit fast. */
function logOf(
  machine: SimulatedMachine,
  { offsetS = 0, rate = 1, beforeS = 3, afterS = 3, noiseW = 0, seed = 7 },
): string {
  const random = new Random(seed);
  const lines = ['time_s,voltage_v,current_a'];
  const { history } = machine;
  const idleW = history[0].watts;
  const endNs = history[history.length - 1].timeNs;
  let position = 0;
  for (let ns = history[0].timeNs - beforeS * 1e9; ns < endNs + afterS * 1e9; ns += 100e6) {
    let energy = 0;
    for (; position < history.length && history[position].timeNs <= ns; position++) {
      energy += history[position].watts * (history[position].timeNs - (history[position - 1]?.timeNs ?? 5e9));
    }
    const inside = ns > history[0].timeNs && ns < endNs;
    const watts = (inside ? energy / 100e6 : idleW) + (random.real() - 0.5) * 2 * noiseW;
    lines.push(`${((ns / 1e9) * rate + offsetS).toFixed(3)},5,${(watts / 5).toFixed(5)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Measures three loads; the log is written when they are done. */
async function measure(
  text: (machine: SimulatedMachine) => string,
  { idleW = 2, noiseW = 0.1 }: { idleW?: number; noiseW?: number } = {},
) {
  const machine = new SimulatedMachine({ idleW, noiseW });
  let log: string | undefined;
  const files = {
    exists: async () => false,
    readText: async () => (log ??= text(machine)),
  };
  const meter = await usbMeter(files, 'log.csv', machine.surroundings);
  const loads = [machine.load('a', 0.5, 1e6), machine.load('b', 1, 1e6), machine.load('c', 2, 1e6)];
  return measurePowers(meter, loads, machine.surroundings, { plan: planFor(100), seed: 3 });
}

describe('a USB meter that logs on its own clock', () => {
  it.each([
    ['is right', {}],
    ['is off by an hour', { offsetS: 3600 }],
    ['started long before', { beforeS: 200, offsetS: -50.37 }],
    ['runs 200 millionths fast', { rate: 1.0002, offsetS: 12.3 }],
    ['is noisy', { noiseW: 0.3, offsetS: 5.55 }],
  ])('is aligned with the load where it %s', async (_, options) => {
    const powers = await measure((machine) => logOf(machine, options));
    for (const [name, watts] of [
      ['a', 0.5],
      ['b', 1],
      ['c', 2],
    ] as const) {
      const { powerW } = powers.get(name)!;
      expect(powerW.low).toBeLessThan(watts + 0.01);
      expect(powerW.high).toBeGreaterThan(watts - 0.01);
      expect(Math.abs(powerW.value - watts)).toBeLessThan(0.08);
    }
  });

  it.each([
    ['of another device', (m: SimulatedMachine) => logOf(m, { noiseW: 50 }), 'does not show the load'],
    [
      'that ended early',
      (m: SimulatedMachine) => logOf(m, {}).split('\n').slice(0, 80).join('\n'),
      'and the load took',
    ],
    ['without a load', (m: SimulatedMachine) => logOf(m, {}).replace(/,[\d.]+$/gm, ',0.4'), 'does not show the load'],
    ['that shows it twice', twice, 'in more than one place'],
  ])('is refused with a log %s', async (_, text, message) => {
    await expect(measure(text)).rejects.toThrow(message);
  });

  it('is waited for while its log is being written', async () => {
    const machine = new SimulatedMachine({ noiseW: 0.1 });
    let looks = 0;
    const meter = await usbMeter(
      {
        exists: async () => false,
        readText: async () => (looks++ < 3 ? 'time_s,power_w\n' : logOf(machine, { beforeS: 1 })),
      },
      'log.csv',
      machine.surroundings,
    );
    const powers = await measurePowers(meter, [machine.load('a', 1, 1e6)], machine.surroundings, {
      plan: planFor(100),
    });
    expect(looks).toBe(4);
    expect(powers.get('a')!.powerW.value).toBeCloseTo(1, 1);
  });

  it('is refused before the load runs where its columns are wrong', async () => {
    const files = { exists: async () => true, readText: async () => 'when,what\n1,2\n' };
    await expect(usbMeter(files, 'log.csv', new SimulatedMachine().surroundings)).rejects.toMatchObject({
      kind: 'damaged-file',
    });
  });
});

/** The same measurement again, half an hour later. */
function twice(machine: SimulatedMachine): string {
  const once = logOf(machine, {});
  const [heading, ...lines] = once.trim().split('\n');
  const again = lines.map((line) => line.replace(/^[\d.]+/, (time) => (Number(time) + 200).toFixed(3)));
  return `${[heading, ...lines, ...again].join('\n')}\n`;
}
