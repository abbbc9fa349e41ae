import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { costBounds } from '../../../src/cost/bounds.ts';
import { createCostModel } from '../../../src/cost/cost-model.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import { metricValue } from '../../../src/cost/metric-values.ts';
import { COST_METRICS } from '../../../src/cost/types.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { tableFor } from '../lut/toy-table.ts';

const file = new URL('../../../devices/generic-x86-64.json', import.meta.url);
const device = parseDevice(readFileSync(file, 'utf8'), 'generic-x86-64.json');
const network = zooNetwork('resnet8');

function modelOf(schemes: Scheme[], seed: number) {
  const random = new Random(seed);
  const table = completeLut(tableFor(network, schemes, () => 20 + random.below(1000) / 10));
  return createCostModel({ network, table, device });
}

describe('the bounds of a metric', () => {
  it('are exact for latency without f32 layers: the sum of the best, and of the worst, of each layer', () => {
    const schemes: Scheme[] = ['w8a8', 'w4a4', 'w2a2'];
    const model = modelOf(schemes, 1);
    const base = model.uniform('w8a8');
    const baseMs = model.estimate(base).latencyMs.value;
    const deltas = base.map((_, i) => schemes.map((s) => model.estimate(base.with(i, s)).latencyMs.value - baseMs));
    const sum = (pick: (values: number[]) => number) => deltas.reduce((total, own) => total + pick(own), baseMs);
    const bounds = costBounds(
      model,
      base.map(() => schemes),
      'latencyMs',
    );
    expect(bounds.low).toBeCloseTo(
      sum((values) => Math.min(...values)),
      9,
    );
    expect(bounds.high).toBeCloseTo(
      sum((values) => Math.max(...values)),
      9,
    );
  });

  it('are reached by the candidates named, and no random candidate lies outside', () => {
    const schemes: Scheme[] = ['f32', 'w8a8', 'w2a2'];
    const model = modelOf(schemes, 2);
    const random = new Random(3);
    for (const metric of COST_METRICS) {
      const bounds = costBounds(
        model,
        model.layers.map(() => schemes),
        metric,
      );
      expect(metricValue(model.estimate(bounds.lowSchemes), metric)).toBe(bounds.low);
      expect(metricValue(model.estimate(bounds.highSchemes), metric)).toBe(bounds.high);
      for (let i = 0; i < 200; i++) {
        const value = metricValue(model.estimate(model.layers.map(() => schemes[random.below(3)])), metric);
        expect(value).toBeGreaterThanOrEqual(bounds.low);
        expect(value).toBeLessThanOrEqual(bounds.high);
      }
    }
  });

  it('respect layers that are fixed', () => {
    const model = modelOf(['w8a8', 'w2a2'], 4);
    const choices = model.layers.map((_, i): Scheme[] => (i === 0 ? ['w8a8'] : ['w8a8', 'w2a2']));
    const { lowSchemes } = costBounds(model, choices, 'sizeBytes');
    expect(lowSchemes).toEqual(model.layers.map((_, i) => (i === 0 ? 'w8a8' : 'w2a2')));
  });
});
