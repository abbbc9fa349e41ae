import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { createCostModel } from '../../../src/cost/cost-model.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import type { Cost } from '../../../src/cost/types.ts';
import { entryKey } from '../../../src/lut/entry-key.ts';
import { lookup } from '../../../src/lut/lut-index.ts';
import type { Lut, LutContent, LutEntry } from '../../../src/lut/schema.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import type { Network } from '../../../src/network/types.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { planArena } from '../../../src/quant/arena.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { bitOperations, planTensors } from '../../../src/quant/tensor-plan.ts';
import { tableFor } from '../lut/toy-table.ts';

const { integerMacPj, realMacPj, ...device } = parseDevice(
  readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'),
  'raspberry-pi-4.json',
);

/** conv (3 → 4 channels on 8×8) → conv (4 → 4) with the same workload twice → dense. */
const toyNetwork: Network = {
  name: 'toy',
  inputShape: [8, 8, 3],
  preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  weights: new Map(),
  layers: [convolution('a', 'input'), convolution('b', 'a'), convolution('c', 'b'), dense('d', 'c')],
};

function convolution(name: string, input: string): Network['layers'][number] {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    outChannels: 4,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
    activation: 'relu',
    bias: true,
  };
}

function dense(name: string, input: string): Network['layers'][number] {
  return { op: 'dense', name, inputs: [input], outChannels: 10, activation: 'none', bias: true };
}

/** Medians 100, 20 (twice used) and 5 µs; intervals ±10, ±2 and ±1 µs. */
function toyTable(changes: Partial<LutContent> = {}, entryChanges: Partial<LutEntry> = {}): Lut {
  const content = tableFor(toyNetwork, ['w8a8', 'w4a4'], () => 1);
  const schemeIndependent: Record<string, [median: number, half: number, scratchBytes: number]> = {
    'conv2d-3': [100, 10, 640],
    'conv2d-4': [20, 2, 64],
    'dense-256': [5, 1, 0],
  };
  const entries = content.entries.map((entry) => {
    const [median, half, scratchBytes] = schemeIndependent[`${entry.workload.op}-${entry.workload.inChannels}`];
    const latencyUs = { median, low: median - half, high: median + half, p95: median + half, count: 9 };
    return { ...entry, latencyUs, scratchBytes, packedBytes: 1000, ...entryChanges };
  });
  const validation = { networks: 20, medianRelativeError: 0.01, p95RelativeError: 0.03, bias: 0, kendallTau: 1 };
  return completeLut({ ...content, entries, scalar: 1.1, validation, ...changes });
}

const eights: Scheme[] = ['w8a8', 'w8a8', 'w8a8', 'w8a8'];

describe('the price of a toy network', () => {
  const model = createCostModel({ network: toyNetwork, table: toyTable(), device });
  const cost = model.estimate(eights);
  const latencyMs = (1.1 * (100 + 2 * 20 + 5)) / 1000;

  it('is the scalar times the sum of the medians', () => {
    expect(model.layers).toEqual(['a', 'b', 'c', 'd']);
    expect(cost.latencyMs.value).toBeCloseTo(latencyMs, 12);
  });

  it('has an interval: shared entries linear, others in quadrature, and the table’s own error', () => {
    const entriesMs = (1.1 * Math.hypot(10, 2 * 2, 1)) / 1000;
    const half = Math.hypot(entriesMs, 0.03 * latencyMs);
    expect(cost.latencyMs.low).toBeCloseTo(latencyMs - half, 12);
    expect(cost.latencyMs.high).toBeCloseTo(latencyMs + half, 12);
  });

  it('assumes the error of isolated layers for a table that was never validated', () => {
    const unvalidated = createCostModel({ network: toyNetwork, table: toyTable({ validation: null }), device });
    const { value, high } = unvalidated.estimate(eights).latencyMs;
    expect((high - value) / value).toBeCloseTo(Math.hypot(0.131, Math.hypot(10, 4, 1) / 145), 9);
  });

  it('counts weights at their own bits, biases and scales at 32', () => {
    const weights = [3 * 4 * 9, 4 * 4 * 9, 4 * 4 * 9, 256 * 10];
    const constants = 8 * (4 + 4 + 4 + 10);
    expect(cost.sizeBytes).toBe(weights.reduce((a, b) => a + b) + constants);
    const mixed = model.estimate(['w8a8', 'w4a4', 'w4a4', 'w8a8']);
    expect(mixed.sizeBytes).toBe(cost.sizeBytes - weights[1]);
  });

  it('counts multiply-accumulates and bit operations', () => {
    const macs = [64 * 108, 64 * 144, 64 * 144, 2560];
    expect(cost.macs).toBe(macs.reduce((a, b) => a + b));
    expect(cost.bitOps).toBe(64 * cost.macs);
    expect(model.estimate(['w8a8', 'w4a4', 'w8a8', 'w8a8']).bitOps).toBe(64 * cost.macs - 48 * macs[1]);
    expect(cost.parameters).toBe(108 + 144 + 144 + 2560 + 22);
  });

  it('needs RAM for the tensors and the scratch that are alive together', () => {
    // layer a: input 192, output 256, scratch 640; layers b and c: two tensors of 256 and 64
    expect(cost.ramBytes).toBe(192 + 256 + 640);
  });

  it('has a modelled energy: active power of a core times the latency', () => {
    expect(cost.energyMj.source).toBe('model');
    expect(cost.energyMj.value).toBeCloseTo(0.925 * latencyMs, 12);
    const relative = Math.hypot(0.15, (cost.latencyMs.high - latencyMs) / latencyMs);
    expect(cost.energyMj.high / cost.energyMj.value - 1).toBeCloseTo(relative, 9);
  });

  it('adds what multiply-accumulates take by themselves, where that is known', () => {
    const model = createCostModel({
      network: toyNetwork,
      table: toyTable(),
      device: { ...device, integerMacPj, realMacPj },
    });
    const macs = 64 * (108 + 144 + 144) + 2560;
    const integers = model.estimate(eights).energyMj;
    expect(integers.value).toBeCloseTo(cost.energyMj.value + (macs * 0.23) / 1e9, 12);
    expect(integers.source).toBe('model');
    expect(integers.high - integers.value).toBeGreaterThan(cost.energyMj.high - cost.energyMj.value);
    expect(realMacPj!.value).toBeGreaterThan(integerMacPj!.value);
  });

  it('has a measured energy whose interval holds those of the readings and of whole networks', () => {
    const energyUj = { value: 30, source: 'usb-meter' as const };
    const high = (reading: { value: number; low?: number; high?: number; source: 'usb-meter' }, protocol = {}) => {
      const table = toyTable({ protocol: { name: 'in-context', ...protocol } }, { energyUj: reading });
      return createCostModel({ network: toyNetwork, table, device }).estimate(eights).energyMj.high;
    };
    const checked = { energyMedianRelativeError: 0.01 };
    expect(high({ ...energyUj, low: 20, high: 40 })).toBeGreaterThan(high(energyUj));
    expect(high(energyUj)).toBeGreaterThan(high(energyUj, checked));
  });

  it('has a measured energy where all entries have one', () => {
    const energyUj = { value: 30, source: 'rapl' as const };
    const measured = createCostModel({ network: toyNetwork, table: toyTable({}, { energyUj }), device });
    const { energyMj } = measured.estimate(eights);
    expect(energyMj.source).toBe('measured');
    expect(energyMj.value).toBeCloseTo((1.1 * 4 * 30) / 1000, 12);
    expect(energyMj.low).toBeLessThan(0.95 * energyMj.value);
    const modelled = toyTable({}, { energyUj: { value: 30, source: 'model' } });
    expect(createCostModel({ network: toyNetwork, table: modelled, device }).estimate(eights).energyMj.source).toBe(
      'model',
    );
  });

  it('adds the weights from main memory where they do not fit the last cache', () => {
    const table = toyTable({}, { packedBytes: 10_000_000 });
    const { energyMj } = createCostModel({ network: toyNetwork, table, device }).estimate(eights);
    expect(energyMj.value).toBeCloseTo(0.925 * latencyMs + (4e7 * 160) / 1e9, 9);
    expect(energyMj.low).toBeGreaterThanOrEqual(0);
  });
});

describe('an entry whose fastest variant depends on the weights', () => {
  const unconditional = {
    variant: 'w8a8_conv_direct__simd',
    latencyUs: { median: 150, low: 149, high: 151, p95: 160, count: 9 },
    scratchBytes: 0,
  };
  const table = toyTable({}, { unconditional });

  it('is priced at the variant that will run for the layer’s own weights', () => {
    const conditional = (layer: string) => layer !== 'b';
    const model = createCostModel({ network: toyNetwork, table, device, conditional });
    expect(model.estimate(eights).latencyMs.value).toBeCloseTo((1.1 * (100 + 150 + 20 + 5)) / 1000, 12);
  });

  it('is priced at the one that always runs where the weights are unknown', () => {
    const cost = createCostModel({ network: toyNetwork, table, device }).estimate(eights);
    expect(cost.latencyMs.value).toBeCloseTo((1.1 * 4 * 150) / 1000, 12);
    expect(cost.ramBytes).toBe(256 + 256);
  });
});

describe('what cannot be priced', () => {
  const model = createCostModel({ network: toyNetwork, table: toyTable(), device });

  it('is named with the command that measures it, never free', () => {
    const price = () => model.estimate(['w8a8', 'w3a3', 'w8a8', 'w8a8']);
    expect(price).toThrow(
      expect.objectContaining({
        kind: 'missing-entry',
        message: expect.stringContaining('conv2d/n1-h8-w8-ci4-co4-k3x3-s1x1-p1.1.1.1-d1x1-g1-relu-r0-u8:u8/w3a3'),
        remedy: expect.stringContaining('bitbudget profile --network toy --schemes w3a3'),
      }),
    );
    expect(model.estimate(eights).latencyMs.value).toBeCloseTo((1.1 * 145) / 1000, 12); // and the model goes on
  });

  it('is a wrong number of schemes, u8 weights, or no scheme at all', () => {
    expect(() => model.estimate(['w8a8'])).toThrow(expect.objectContaining({ kind: 'input' }));
    expect(() => model.estimate(['u8', 'u8', 'u8', 'u8'])).toThrow(expect.objectContaining({ kind: 'usage' }));
    expect(() => model.estimate([...eights.slice(1), 'w9a9'])).toThrow('Unknown scheme "w9a9"');
  });
});

describe('a memoised price', () => {
  const network = zooNetwork('resnet8');
  const schemes: Scheme[] = ['f32', 'w8a8', 'w4a8', 'w2a2'];
  const times = new Random(5);
  const table = completeLut(tableFor(network, schemes, () => 20 + times.below(1000) / 10));
  const memoised = createCostModel({ network, table, device });

  it('equals one worked out from the plan alone, for random candidates', () => {
    const random = new Random(11);
    for (let i = 0; i < 300; i++) {
      const share = random.real();
      const chosen = memoised.layers.map(() => (random.chance(share) ? 'f32' : schemes[1 + random.below(3)]));
      const cost = memoised.estimate(chosen);
      expect(cost).toEqual(createCostModel({ network, table, device }).estimate(chosen));
      expect(plainCost(network, table, memoised.layers, chosen)).toEqual({
        keys: memoised.keys(chosen),
        latencyMs: expect.closeTo(cost.latencyMs.value, 9),
        ramBytes: cost.ramBytes,
        bitOps: cost.bitOps,
      });
    }
  });

  it('is also the one of uniform candidates, with w8a8 ends', () => {
    expect(memoised.uniform('w2a2')[0]).toBe('w8a8');
    expect(memoised.uniform('w2a2')[1]).toBe('w2a2');
    expect(memoised.uniform('w2a2', 'f32').at(-1)).toBe('f32');
    expect(memoised.uniform('f32')).toEqual(memoised.layers.map(() => 'f32'));
  });

  it('survives being copied and written as JSON, RAM included', () => {
    const cost = memoised.estimate(memoised.uniform('w4a8'));
    expect(JSON.parse(JSON.stringify(cost))).toEqual({ ...cost });
    expect(({ ...cost } as Cost).ramBytes).toBeGreaterThan(0);
  });
});

/** The price from one plan and a sum, without anything remembered. */
function plainCost(network: Network, table: Lut, layers: readonly string[], chosen: readonly Scheme[]) {
  const folded = foldNetwork(network);
  const plan = planTensors(folded, new Map(layers.map((name, i) => [name, chosen[i]])));
  const entries = folded.layers.map(
    ({ name }) => lookup(table, entryKey(plan.workloads.get(name)!, plan.schemes.get(name)!))!,
  );
  const scratch = new Map(folded.layers.map(({ name }, i) => [name, entries[i].scratchBytes]));
  const sumUs = entries.reduce((sum, { latencyUs }) => sum + latencyUs.median, 0);
  return {
    keys: entries.map(({ key }) => key),
    latencyMs: (table.scalar * sumUs) / 1000,
    ramBytes: planArena(folded, plan, scratch).peakBytes,
    bitOps: bitOperations(plan),
  };
}
