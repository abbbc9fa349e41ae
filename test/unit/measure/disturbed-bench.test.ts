import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import type { KernelModules } from '../../../src/kernels/load.ts';
import { loadKernels } from '../../../src/kernels/load.ts';
import type { SensorReading } from '../../../src/measure/sensors.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import type { QuantizationSource } from '../../../src/quant/quantize.ts';
import { compareWithTruth, type Disturbance, simulateProfile, smallSource } from './simulated-bench.ts';

let source: QuantizationSource;
let modules: KernelModules;

beforeAll(async () => {
  modules = await loadKernelModules();
  source = smallSource(loadKernels(modules));
});

const simulate = (disturbance: Disturbance, options = {}) =>
  simulateProfile(source, loadKernels(modules), disturbance, options);

/** Whether the second of two states rules, which take turns for about so long each. */
function turns(dwellNs: number, seed: number): (timeNs: number) => boolean {
  const random = new Random(seed);
  const changesNs = [0];
  return (timeNs) => {
    while (changesNs[changesNs.length - 1] <= timeNs) {
      changesNs.push(changesNs[changesNs.length - 1] + dwellNs * (0.5 + random.real()));
    }
    return (changesNs.findIndex((ns) => ns > timeNs) & 1) === 0;
  };
}

/** A neighbour that takes the processor away for a slice in every period. */
function neighbour(periodNs: number, sliceNs: number, seed: number): (timeNs: number) => number {
  const random = new Random(seed);
  let nextNs = periodNs;
  return (timeNs) => {
    if (timeNs < nextNs) return 0;
    const stolenNs = sliceNs * (0.5 + random.real());
    nextNs = timeNs + stolenNs + (periodNs - sliceNs) * (0.5 + random.real());
    return stolenNs;
  };
}

const quiet: SensorReading = {
  timeMs: 0,
  throttled: false,
  frequencyMhz: 2400,
  tempC: 50,
  busyMs: 0,
  stolenMs: 0,
  ownMs: 0,
  waitedMs: 0,
  processors: 4,
};
/** The sensors of a machine on which the measuring alone keeps a processor busy. */
const alone = (timeNs: number): SensorReading => ({
  ...quiet,
  timeMs: timeNs / 1e6,
  busyMs: timeNs / 1e6,
  ownMs: timeNs / 1e6,
});

/** What is done to the device, and which verdicts it may lead to; `stable` entries must hold the truth in any case. */
const DISTURBANCES: [name: string, disturbance: Disturbance, verdicts: string[]][] = [
  ['a quiet device', { sensors: alone }, ['stable']],
  ['a slow drift', { slowdown: (_, share) => 1 + 0.05 * share }, ['stable', 'noisy']],
  ['a drift that goes far', { slowdown: (_, share) => 1 + 0.2 * share }, ['throttled', 'noisy']],
  ['a device that gets faster', { slowdown: (_, share) => 1.2 - 0.2 * share }, ['noisy']],
  ['two speeds that take turns quickly', { slowdown: pick(turns(2e6, 4), 1.25) }, ['stable', 'noisy']],
  ['two speeds that take turns', { slowdown: pick(turns(20e6, 3), 1.25) }, ['stable', 'noisy']],
  ['two speeds that take turns slowly', { slowdown: pick(turns(80e6, 5), 1.25) }, ['stable', 'noisy']],
  ['a clock with steps of 5 µs', { clock: (ns) => Math.floor(ns / 5e3) * 5e3 }, ['stable', 'noisy']],
  ['a clock with steps of 100 µs', { clock: (ns) => Math.floor(ns / 1e5) * 1e5 }, ['noisy']],
  ['a clock that is set forward again and again', { clock: (ns) => ns + 1e6 * Math.floor(ns / 7e6) }, ['stable']],
  ['a clock that is set back by three seconds', { clock: (ns, share) => ns - (share > 0.5 ? 3e9 : 0) }, ['noisy']],
  ['a clock that is set back again and again', { clock: (ns) => ns - 1e6 * Math.floor(ns / 50e6) }, ['noisy']],
  ['throttling half-way', { slowdown: (_, share) => (share > 0.5 ? 1.4 : 1) }, ['throttled']],
  ['throttling early', { slowdown: (_, share) => (share > 0.1 ? 1.4 : 1) }, ['throttled', 'noisy']],
  ['throttling late', { slowdown: (_, share) => (share > 0.85 ? 1.4 : 1) }, ['throttled', 'noisy']],
  ['throttling by a little', { slowdown: (_, share) => (share > 0.5 ? 1.05 : 1) }, ['stable', 'noisy']],
  [
    'throttling that the firmware reports',
    { sensors: (ns, share) => ({ ...alone(ns), throttled: share > 0.5 }) },
    ['throttled'],
  ],
  [
    'a neighbour that steals 30% of the core, as the system sees it',
    {
      steal: neighbour(13e6, 4e6, 9),
      sensors: (ns) => ({ ...alone(ns), ownMs: (0.7 * ns) / 1e6, waitedMs: (0.3 * ns) / 1e6 }),
    },
    ['noisy'],
  ],
  ['a neighbour that steals 30% of the core in slices', { steal: neighbour(13e6, 4e6, 9) }, ['stable', 'noisy']],
  [
    'a neighbour that steals 30% of the core unseen',
    { steal: neighbour(13e6, 4e6, 9), counted: false },
    ['stable', 'noisy'],
  ],
  [
    'a neighbour that steals 30% of the core unseen, in short slices',
    { steal: neighbour(1e6, 0.3e6, 9), counted: false },
    ['stable', 'noisy'],
  ],
  [
    'a neighbour that steals 30% of the core unseen, in tiny slices',
    { steal: neighbour(1e5, 0.3e5, 9), counted: false },
    ['noisy'],
  ],
  [
    'a neighbour on the same core that was there all the time',
    { slowdown: () => 1.3, sensors: (ns) => ({ ...alone(ns), busyMs: (4 * ns) / 1e6 }) },
    ['noisy'],
  ],
];

function pick(second: (timeNs: number) => boolean, factor: number): (timeNs: number) => number {
  return (timeNs) => (second(timeNs) ? factor : 1);
}

describe('a table measured under', () => {
  it.each(DISTURBANCES)('%s holds the truth where it says so', async (_, disturbance, verdicts) => {
    const simulation = await simulate(disturbance);
    const { entries, outside, worst, verdicts: given } = compareWithTruth(simulation);
    expect(entries).toBeGreaterThan(10);
    expect(verdicts).toEqual(expect.arrayContaining(Object.keys(given)));
    // of intervals that hold the truth 95 times in a hundred, one of these may miss it, by little
    expect(outside).toBeLessThanOrEqual(1);
    expect(worst).toBeLessThan(0.1);
    if (!given.stable) expect(simulation.result.protocol.doubts).toMatch(/\w/);
  });

  it('a clock too coarse for any layer is refused, not written as NaN', async () => {
    await expect(simulate({ clock: (ns) => Math.floor(ns / 1e6) * 1e6 })).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringContaining('too coarse'),
    });
  });

  it('nothing at all predicts whole networks', async () => {
    const { result } = await simulate({}, { validationNetworks: 8, seed: 3 });
    expect(result.validation!.medianRelativeError).toBeLessThan(0.005);
    expect(Math.abs(result.validation!.bias)).toBeLessThan(0.005);
  });
});
