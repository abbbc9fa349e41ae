import { createEntry } from '../../../src/lut/entry-key.ts';
import type { LutContent, LutEntry, LutLatency } from '../../../src/lut/schema.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import type { Network } from '../../../src/network/types.ts';
import type { Workload } from '../../../src/network/workload.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { planTensors, weightedLayers } from '../../../src/quant/tensor-plan.ts';

export const HASH = 'ab'.repeat(32);

/** A 3×3 convolution, 16 channels in and out, on 32×32. */
export const CONVOLUTION: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 32,
  width: 32,
  inChannels: 16,
  outChannels: 16,
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
  activation: 'relu',
  residual: false,
  input: 'u8',
  output: 'u8',
};

export function latencyAround(median: number, relative = 0.01): LutLatency {
  return { median, low: median * (1 - relative), high: median * (1 + relative), p95: median * 1.2, count: 16 };
}

export function toyEntry(scheme: Scheme, medianUs: number, changes: Partial<LutEntry> = {}): LutEntry {
  return createEntry({
    workload: CONVOLUTION,
    scheme,
    variant: `${scheme}_conv_2x16__simd`,
    variantSha256: HASH,
    latencyUs: latencyAround(medianUs),
    scratchBytes: 0,
    packedBytes: 2304,
    trust: 'stable',
    ...changes,
  });
}

export function toyContent(entries: LutEntry[], changes: Partial<LutContent> = {}): LutContent {
  return {
    schemaVersion: 1,
    device: { id: 'toy', vendor: 'Toy', model: 'Toy 1', cpu: 'Toy CPU', cores: 2, os: 'linux', arch: 'x64' },
    engine: { name: 'node', version: '20.20.2', features: ['simd'] },
    threads: 1,
    measuredAt: '2025-01-02T03:04:05Z',
    clock: { stepNs: 42, crossOriginIsolated: null },
    conditions: { governor: 'performance', tempC: 45.5, throttled: false, load: 0.1 },
    protocol: { name: 'in-context', rounds: 8 },
    scalar: 1.02,
    energySource: 'model',
    validation: { networks: 20, medianRelativeError: 0.006, p95RelativeError: 0.02, bias: 0.001, kendallTau: 0.98 },
    disabled: [{ variant: 'w8a7_conv_2x16__relaxed', reason: 'self-test failed in the baseline tier' }],
    entries,
    ...changes,
  };
}

/** Three entries, 40 to 90 µs. */
export function toyTable(): LutContent {
  return toyContent([toyEntry('w8a8', 90), toyEntry('w4a4', 61.5), toyEntry('w2a2', 40.25)]);
}

/** Every entry that candidates of a network can need, with a made-up time for each. */
export function tableFor(
  network: Network,
  schemes: readonly Scheme[],
  timeUs: (index: number, scheme: Scheme) => number,
): LutContent {
  const folded = foldNetwork(network);
  const names = weightedLayers(folded);
  const entries = new Map<string, LutEntry>();
  const add = (chosen: readonly Scheme[]) => {
    const plan = planTensors(folded, new Map(names.map((name, i) => [name, chosen[i]])));
    for (const [name, workload] of plan.workloads) {
      const scheme = plan.schemes.get(name)!;
      const us = timeUs(entries.size, scheme);
      const scratchBytes = 64 * (entries.size % 7);
      const entry = toyEntry(scheme, us, { workload, latencyUs: latencyAround(us, 0.05), scratchBytes });
      if (!entries.has(entry.key)) entries.set(entry.key, entry);
    }
  };
  for (const scheme of schemes) {
    const other = scheme === 'f32' ? 'w8a8' : 'f32';
    add(names.map(() => scheme));
    if (!schemes.includes('f32')) continue;
    // every layer between every mixture of f32 and integer neighbours that one or two layers make
    for (let i = 0; i < names.length; i++) {
      for (let j = i; j < names.length; j++) {
        add(names.map((_, k) => (k === i || k === j ? scheme : other)));
        add(names.map((_, k) => (k === i ? scheme : k === j ? 'f32' : 'w8a8')));
        add(names.map((_, k) => (k === i ? scheme : k === j ? 'w8a8' : 'f32')));
      }
    }
  }
  return toyContent([...entries.values()]);
}
