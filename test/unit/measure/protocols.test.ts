import { beforeAll, describe, expect, it } from 'vitest';
import type { KernelModules } from '../../../src/kernels/load.ts';
import { loadKernels } from '../../../src/kernels/load.ts';
import type { ProtocolName } from '../../../src/measure/protocols.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import type { QuantizationSource } from '../../../src/quant/quantize.ts';
import { type Disturbance, type Simulation, simulateProfile, smallSource } from './simulated-bench.ts';

let source: QuantizationSource;
let modules: KernelModules;

beforeAll(async () => {
  modules = await loadKernelModules();
  source = smallSource(loadKernels(modules));
});

const simulate = (protocol: ProtocolName, disturbance: Disturbance = {}, options = {}) =>
  simulateProfile(source, loadKernels(modules), disturbance, { protocol, validationNetworks: 12, ...options });

/** Networks make kernels slower by 2 to 29%, each by a share of its own. */
const context = (id: string) =>
  1.02 + (([...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) * 7) % 28) / 100;
const steps = (stepNs: number) => (ns: number) => Math.floor(ns / stepNs) * stepNs;

/** How far entries are from what their kernels take alone, times a factor, relative. */
function errors({ result, truthUs }: Simulation, factor: (id: string) => number = () => 1, extraUs = 0): number[] {
  return result.entries.map((entry) => {
    const truth = truthUs(entry) * factor(entry.variant) + extraUs;
    return Math.abs(entry.latencyUs.median / truth - 1);
  });
}

const worst = (values: readonly number[]) => Math.max(...values);

describe('the isolated protocols', () => {
  it('time each entry alone, and leave what networks add to the scalar', async () => {
    const simulation = await simulate('isolated-warm', { context });
    const { result } = simulation;
    expect(result.protocol.name).toBe('isolated-warm');
    expect(result.scalar).toBeGreaterThan(1.03);
    expect(result.entries.every(({ trust }) => trust === 'stable')).toBe(true);
    expect(worst(errors(simulation))).toBeLessThan(0.01);
    expect(result.validation!.medianRelativeError).toBeGreaterThan(0.005); // no single scalar mends every kernel's own share
  });

  it('time a single run with empty caches', async () => {
    const simulation = await simulate('isolated-cold', { coldNs: 5000 });
    expect(simulation.result.protocol.name).toBe('isolated-cold');
    expect(simulation.result.scalar).toBeLessThan(0.95);
    expect(worst(errors(simulation, () => 1, 5.02))).toBeLessThan(0.01);
  });

  it('refuse to time a single run by a coarse clock', async () => {
    await expect(simulate('isolated-cold', { clock: steps(1e5) })).rejects.toMatchObject({
      kind: 'unsupported',
      remedy: expect.stringContaining('--protocol least-squares'),
    });
  });

  it('need no clock that resolves a layer as long as it stays warm', async () => {
    const simulation = await simulate('isolated-warm', { clock: steps(1e5) }, { visits: 8 });
    expect(worst(errors(simulation))).toBeLessThan(0.06); // a step in twenty
    expect(simulation.result.validation!.medianRelativeError).toBeLessThan(0.02);
  });
});

describe('least squares', () => {
  it.each([
    ['100 µs', 1e5],
    ['1 ms', 1e6],
  ])('find what layers take inside networks with a clock of %s', async (_, stepNs) => {
    const simulation = await simulate(
      'least-squares',
      { context, clock: steps(stepNs), readingNs: stepNs / 500 },
      { validationNetworks: 30 },
    );
    const { result } = simulation;
    expect(result.protocol).toMatchObject({ name: 'least-squares', timedOut: false });
    expect(result.scalar).toBeCloseTo(1, 2);
    const { medianRelativeError, kendallTau } = result.validation!;
    expect(medianRelativeError).toBeLessThan(0.01);
    expect(kendallTau).toBeGreaterThan(0.9);
    let outside = 0;
    for (const entry of result.entries) {
      const truth = simulation.truthUs(entry) * context(entry.variant);
      if (truth < entry.latencyUs.low || truth > entry.latencyUs.high) outside++;
    }
    expect(outside).toBeLessThanOrEqual(1);
  });

  it('are what a clock too coarse for layers is told to use', async () => {
    await expect(simulate('in-context', { clock: steps(1e6) })).rejects.toMatchObject({
      remedy: expect.stringContaining('--protocol least-squares'),
    });
  });
});
