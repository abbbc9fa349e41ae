import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { resolveVariant } from '../../../src/kernels/registry.ts';
import { MeasurementGroups } from '../../../src/measure/groups.ts';
import { layerKey, measuredSchemes, reachableEntries } from '../../../src/measure/reachable.ts';
import { BalancedSampler, drawAssignment } from '../../../src/measure/sampler.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { planTensors } from '../../../src/quant/tensor-plan.ts';

const schemes: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a2'];

function keysOf(folded: ReturnType<typeof foldNetwork>, assignment: Map<string, Scheme>): string[] {
  const plan = planTensors(folded, assignment);
  return folded.layers.map((layer) => layerKey(plan, layer.name));
}

describe.each(['resnet8', 'resnet20-a'])('the entries of %s', (name) => {
  const folded = foldNetwork(zooNetwork(name));
  const reachable = reachableEntries(folded, schemes);
  const groups = new MeasurementGroups(({ workload, scheme }) => resolveVariant(workload, scheme).variant);
  const wanted = new Set([...reachable.values()].flatMap((entry) => [...groups.ofEntry(entry, entry.layers)]));
  const groupsOf = (assignment: Map<string, Scheme>) => groups.ofPlan(planTensors(folded, assignment));

  it('hold every key that a random candidate needs', () => {
    const random = new Random(1);
    for (let trial = 0; trial < 500; trial++) {
      for (const key of keysOf(folded, drawAssignment(folded, schemes, random))) expect(reachable.has(key)).toBe(true);
    }
  });

  it('are all visited in the end, and none is forgotten for the sake of others', () => {
    const sampler = new BalancedSampler(folded, schemes, groups, wanted, 6, new Random(2));
    let networks = 0;
    for (; networks < 2000 && !sampler.complete; networks++) sampler.visit(groupsOf(sampler.next().assignment));
    expect(sampler.complete).toBe(true);
    expect([...sampler.visits.keys()].sort()).toEqual([...wanted].sort());
    // a blind draw needs several times as many
    const blind = new BalancedSampler(folded, schemes, groups, wanted, 6, new Random(2));
    const random = new Random(3);
    let blindNetworks = 0;
    for (; blindNetworks < 5000 && !blind.complete; blindNetworks++) {
      blind.visit(groupsOf(drawAssignment(folded, schemes, random)));
    }
    expect(networks).toBeLessThan(blindNetworks);
  });
});

describe('without f32 among the schemes', () => {
  it('each layer has one workload a scheme', () => {
    const folded = foldNetwork(zooNetwork('resnet8'));
    const keys = reachableEntries(folded, ['w8a8', 'w4a4']);
    const workloads = new Set([...keys.keys()].map((key) => key.slice(0, key.lastIndexOf('/'))));
    expect(keys.size).toBe(2 * (workloads.size - 1) + 1); // the pool has only one
  });
});

describe('measurement groups', () => {
  const groups = new MeasurementGroups(({ workload, scheme }) => resolveVariant(workload, scheme).variant);
  const [subject] = reachableEntries(foldNetwork(zooNetwork('resnet8')), ['w4a4']).values();
  const groupOf = (scheme: Scheme, input: 'u8' | 'shared') =>
    groups.groupOf({ workload: { ...subject.workload, input }, scheme }, 'any');

  it('let aliases of one kernel share their samples', () => {
    expect(groupOf('w4a3', 'u8')).toBe(groupOf('w4a4', 'u8'));
    expect(groupOf('w8a2', 'u8')).toBe(groupOf('w8a8', 'u8'));
    expect(groupOf('w2a2', 'u8')).not.toBe(groupOf('w4a4', 'u8'));
  });

  it('keep apart what has to rescale a shared input and what does not', () => {
    expect(groupOf('w8a4', 'shared')).not.toBe(groupOf('w8a8', 'shared'));
    expect(groupOf('w8a4', 'shared')).toBe(groupOf('w8a2', 'shared'));
  });
});

describe('a table of several networks', () => {
  const folded = foldNetwork(zooNetwork('ds-cnn'));
  const keysOf = (schemes: Scheme[], name = 'ds-cnn') => [
    ...reachableEntries(foldNetwork(zooNetwork(name)), schemes).keys(),
  ];

  it('serves a network in the schemes that it was measured in', () => {
    const keys = new Set([...keysOf(['f32', 'w8a8']), ...keysOf(['f32', 'w8a8', 'w2a2'], 'resnet8')]);
    expect(measuredSchemes(folded, ['f32', 'w2a2', 'w8a8'], keys)).toEqual(['f32', 'w8a8']);
  });

  it('serves it without f32 where only integer neighbours were measured', () => {
    const keys = new Set([...keysOf(['w4a4', 'w8a8']), ...keysOf(['f32', 'w8a8'], 'resnet8')]);
    expect(measuredSchemes(folded, ['f32', 'w4a4', 'w8a8'], keys)).toEqual(['w4a4', 'w8a8']);
  });

  it('leaves the schemes alone where it holds nothing of the network, for the error to name an entry', () => {
    expect(measuredSchemes(folded, ['w8a8'], new Set(keysOf(['w8a8'], 'resnet8')))).toEqual(['w8a8']);
  });
});
