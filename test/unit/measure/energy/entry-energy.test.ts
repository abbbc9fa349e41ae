import { beforeAll, describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../../src/core/errors.ts';
import { loadKernels } from '../../../../src/kernels/load.ts';
import type { LiveMeter, LoggingMeter } from '../../../../src/measure/energy/meter.ts';
import { PowerTrace } from '../../../../src/measure/energy/power-trace.ts';
import { loadKernelModules } from '../../../../src/node/kernel-files.ts';
import type { QuantizationSource } from '../../../../src/quant/quantize.ts';
import { type SimulatedDevice, simulateProfile, smallSource } from '../simulated-bench.ts';

type Modules = Awaited<ReturnType<typeof loadKernelModules>>;
let modules: Modules;
let source: QuantizationSource;

beforeAll(async () => {
  modules = await loadKernelModules();
  source = smallSource(loadKernels(modules));
});

const simulate = (options: Parameters<typeof simulateProfile>[3]) =>
  simulateProfile(source, loadKernels(modules), {}, options);

/** A counter of the device's energy, in steps of 61 µJ. */
const counterOf = (device: SimulatedDevice): LiveMeter => ({
  ...{ id: 'rapl', source: 'rapl', description: '', updateMs: 1, kind: 'live', quantity: 'energy', step: 61e-6 },
  read: () => Math.floor(device.joules / 61e-6) * 61e-6,
});

describe('a profile with a meter', () => {
  it('gives every entry its energy: the power of its kernel times its own latency', async () => {
    const { device, result } = await simulate({ meterOf: counterOf });
    expect(result.energyProblem).toBeUndefined();
    expect(result.protocol).toMatchObject({ energyMeter: 'rapl', energyPer: 'entry', energyNetworks: 4 });
    for (const { variant, latencyUs, energyUj } of result.entries) {
      const truthUj = device.powerW(variant) * latencyUs.median;
      expect(energyUj!.source).toBe('rapl');
      expect(energyUj!.value / truthUj).toBeGreaterThan(0.97);
      expect(energyUj!.value / truthUj).toBeLessThan(1.03);
      expect(energyUj!.low).toBeLessThan(energyUj!.value);
      expect(energyUj!.high).toBeGreaterThan(energyUj!.value);
    }
    expect(result.protocol.energyMedianRelativeError).toBeLessThan(0.03);
  });

  it('measures each kernel on one workload alone where the meter is slow, and says so', async () => {
    const slow = (device: SimulatedDevice): LiveMeter => ({ ...counterOf(device), updateMs: 30 });
    const { device, result } = await simulate({ meterOf: slow, schemes: ['f32', 'w8a8', 'w4a4'] });
    expect(result.protocol.energyPer).toBe('kernel');
    const widths = result.entries.map(({ variant, latencyUs, energyUj }) => {
      expect(energyUj!.value / (device.powerW(variant) * latencyUs.median)).toBeCloseTo(1, 1);
      return (energyUj!.high! - energyUj!.low!) / energyUj!.value;
    });
    // those that did not run themselves are 10% less sure either way
    expect(Math.max(...widths)).toBeGreaterThan(0.2);
    expect(Math.min(...widths)).toBeLessThan(0.1);
  });

  it('measures again only what this meter has not measured', async () => {
    const { result: first } = await simulate({ meterOf: counterOf });
    const [skipped] = first.entries;
    const known = new Map(
      first.entries.map((entry) => [entry.key, entry === skipped ? { ...entry, energyUj: undefined } : entry]),
    );
    const { result } = await simulate({ meterOf: counterOf, known, knownFit: { scalar: first.scalar } });
    for (const entry of result.entries) {
      if (entry.key === skipped.key) expect(entry.energyUj!.value / skipped.energyUj!.value).toBeCloseTo(1, 1);
      else expect(entry.energyUj).toEqual(known.get(entry.key)!.energyUj);
    }
  });

  it('loses the energy and not the table where the meter fails, and says why', async () => {
    let reads = 0;
    const failing = (device: SimulatedDevice): LiveMeter => ({
      ...counterOf(device),
      read: () => {
        if (++reads > 30) throw new BitbudgetError('unsupported', 'The charger was plugged in.', 'Unplug it.');
        return counterOf(device).read() as number;
      },
    });
    const { result } = await simulate({ meterOf: failing });
    expect(result.energyProblem).toBe('The charger was plugged in. Unplug it.');
    expect(result.entries.length).toBeGreaterThan(10);
    expect(result.entries.every(({ energyUj }) => energyUj === undefined)).toBe(true);
  });

  it('looks once at the log of a meter that keeps its own, when everything has run', async () => {
    let looks = 0;
    const logging = (device: SimulatedDevice): LoggingMeter => {
      const trace = new PowerTrace('energy');
      const pass = device.pass.bind(device);
      device.pass = (ns, watts) => {
        pass(ns, watts);
        if (device.nowNs - trace.endNs > 2e6 || trace.length === 0) {
          trace.add({ timeNs: device.nowNs, value: device.joules });
        }
      };
      return {
        ...{ id: 'log.csv', source: 'usb-meter', description: '', updateMs: 5, kind: 'logging' },
        trace: async () => {
          looks++;
          device.pass(5e6);
          return trace;
        },
      };
    };
    const { device, result } = await simulate({ meterOf: logging });
    expect(looks).toBe(1);
    expect(result.protocol.energyNetworks).toBe(4);
    for (const { variant, latencyUs, energyUj } of result.entries) {
      expect(energyUj!.value / (device.powerW(variant) * latencyUs.median)).toBeCloseTo(1, 1);
    }
  });

  it('gives no energy to what the meter cannot tell from idling', async () => {
    const dead = (device: SimulatedDevice): LiveMeter => ({ ...counterOf(device), read: () => device.nowNs / 1e9 });
    const { result } = await simulate({ meterOf: dead, schemes: ['w8a8'] });
    expect(result.entries.every(({ energyUj }) => energyUj === undefined)).toBe(true);
    expect(result.energyProblem).toMatch(/could not tell \d+ entries from idling/);
  });
});
