import { describe, expect, it } from 'vitest';
import { checkLut } from '../../src/lut/check.ts';
import { entryKey } from '../../src/lut/entry-key.ts';
import { importTable } from '../../src/lut/import/index.ts';
import { LutIndex } from '../../src/lut/lut-index.ts';
import { completeLut, serializeLut } from '../../src/lut/serialize.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { planTensors, weightedLayers } from '../../src/quant/tensor-plan.ts';
import { explainSkip, hasTestData, readTestData } from './test-data.ts';

const network = zooNetwork('mobilenet-v2');
explainSkip('importing the published tables');

const read = (format: string, file: string) =>
  completeLut(importTable(format, { name: file, bytes: readTestData(`luts/${file}`) }, { network }).content);
const HAQ = 'haq_qmobilenetv2_latency_table.npy';
/** Cycles of all layers at one bit and at eight, of 16 images. */
const HAQ_SUMS = [3433704, 39624933];
const APQ = 'apq_bitfusion_lut.json';
const FBNET = 'rpi4_fbnet_lookup_table.json';

describe.skipIf(!hasTestData)("HAQ's table in the test data", () => {
  it('prices every candidate of MobileNetV2, to the cycle', () => {
    const table = read('haq', HAQ);
    const index = new LutIndex(table);
    const folded = foldNetwork(network);
    const names = weightedLayers(folded);
    const sumUs = (scheme: Scheme) => {
      const plan = planTensors(folded, new Map(names.map((name) => [name, scheme])));
      return names.reduce((sum, name) => {
        return sum + index.entryFor(entryKey(plan.workloads.get(name)!, scheme), 'mobilenet-v2').latencyUs.median;
      }, 0);
    };
    // the sums of cost[:, 7, 7] and cost[:, 0, 0] over 16 images at 200 MHz
    expect(sumUs('w8a8')).toBeCloseTo(HAQ_SUMS[1] / 3200, 0);
    expect(sumUs('w1a1')).toBeCloseTo(HAQ_SUMS[0] / 3200, 0);
  });

  it('is possible for the device that it says it is of', () => {
    expect(checkLut(serializeLut(read('haq', HAQ)), { maximumGops: 2000, peakGopsPerCore: 8192 }).problems).toEqual([]);
  });
});

describe.skipIf(!hasTestData)("APQ's table in the test data", () => {
  it('holds all its layers, with latency and energy', () => {
    const table = read('apq', APQ);
    expect(table.entries).toHaveLength(6567);
    const entry = table.entries.find(({ key }) => key.includes('h14-w14-ci96-co456-k1x1') && key.endsWith('w4a8'))!;
    expect(entry.latencyUs.median).toBe(62.976);
    expect(entry.energyUj).toEqual({ value: expect.closeTo(109.92, 2), source: 'model' });
    expect(table.protocol.headUs).toBeCloseTo(295.904, 6);
  });
});

describe.skipIf(!hasTestData)('the FBNet table in the test data', () => {
  it('becomes layers whose sums are the blocks within a few percent', () => {
    const { protocol, entries } = read('fbnet', FBNET);
    expect(protocol.blocks).toBe(176);
    expect(protocol.splitMedianError as number).toBeLessThan(0.01);
    expect(protocol.splitP95Error as number).toBeLessThan(0.05);
    // the second block type of the first layer: 1×1 in two groups, 3×3 depthwise, 1×1 in two groups
    const of = (part: string) => entries.find(({ key }) => key.includes(part))!.latencyUs.median;
    const grouped = of('h32-w32-ci16-co16-k1x1-s1x1-p0.0.0.0-d1x1-g2-');
    const block = 2 * grouped + of('h32-w32-ci16-co16-k3x3-s1x1-p1.1.1.1-d1x1-g16-');
    expect(Math.abs(block / 17413.83 - 1)).toBeLessThan(0.05);
  });
});
