import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { createCostModel } from '../../../src/cost/cost-model.ts';
import { createDesignCosts } from '../../../src/cost/design-costs.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import { createEntry } from '../../../src/lut/entry-key.ts';
import type { Lut } from '../../../src/lut/schema.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { reduceNetwork } from '../../../src/network/reduce/index.ts';
import { summarize } from '../../../src/network/summary.ts';
import type { Network } from '../../../src/network/types.ts';
import { workloadMacs } from '../../../src/network/workload.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { planTensors, weightedLayers } from '../../../src/quant/tensor-plan.ts';
import { HASH, latencyAround, toyContent } from '../lut/toy-table.ts';
import { drawReduction } from '../network/reduce-fixture.ts';

const device = parseDevice(
  readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'),
  'pi',
);
const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a8'];

/** A table with an entry for every layer of one assignment, each with a time, a scratch and a size of its own. */
function tableOf(network: Network, schemes: ReadonlyMap<string, Scheme>): Lut {
  const plan = planTensors(foldNetwork(network), schemes);
  const entries = [...plan.workloads].map(([name, workload]) => {
    const scheme = plan.schemes.get(name)!;
    return createEntry({
      workload,
      scheme,
      variant: 'toy',
      variantSha256: HASH,
      latencyUs: latencyAround(1 + workloadMacs(workload) / 1000 + workload.outChannels * scheme.length),
      scratchBytes: 64 * workload.inChannels,
      packedBytes: workload.inChannels * workload.outChannels,
      trust: 'stable',
    });
  });
  const unique = [...new Map(entries.map((entry) => [entry.key, entry])).values()];
  return { ...toyContent(unique), sha256: HASH };
}

describe.each([
  ['resnet20', ['stage1.block1.add', 'stage3.block2.add']],
  ['resnet20-a', []],
  ['mobilenet-v2-0.35-96', []],
  ['ds-cnn', []],
  ['autoencoder', []],
] as [string, string[]][])('the cost of reduced designs of %s', (name, additions) => {
  const network = zooNetwork(name);
  const random = new Random(4);

  it('is that of the reduced network priced by itself', () => {
    for (let trial = 0; trial < 6; trial++) {
      const reduction = drawReduction(network, random, additions);
      const reduced = reduceNetwork(network, reduction);
      const layers = weightedLayers(foldNetwork(reduced));
      const schemes = new Map(layers.map((layer): [string, Scheme] => [layer, SCHEMES[random.below(SCHEMES.length)]]));
      const table = tableOf(reduced, schemes);
      const design = { reduction, schemes };
      const costs = createDesignCosts({ network, table, device });
      const alone = createCostModel({ network: reduced, table, device });
      const expected = alone.estimate([...schemes.values()]);
      const { macs, parameters } = summarize(reduced);
      expect({ ...costs.estimate(design) }).toEqual({ ...expected, macs, parameters });
      expect(costs.keys(design)).toEqual(alone.keys([...schemes.values()]));
    }
  });
});

describe('a design whose shapes were never measured', () => {
  it('is refused with the command that measures them', () => {
    const network = zooNetwork('resnet8');
    const schemes = new Map(weightedLayers(foldNetwork(network)).map((layer): [string, Scheme] => [layer, 'w8a8']));
    const table = tableOf(network, schemes);
    const costs = createDesignCosts({ network, table, device, measuredAs: 'resnet8 --space joint.yaml' });
    const reduction = {
      droppedBlocks: [],
      shortcuts: [],
      kernels: new Map(),
      keptChannels: new Map([['stage1.conv1', [0, 5]]]),
    };
    expect(() => costs.estimate({ reduction, schemes })).toThrowError(
      expect.objectContaining({
        kind: 'missing-entry',
        remedy: expect.stringContaining('bitbudget profile --network resnet8 --space joint.yaml'),
      }),
    );
  });
});
