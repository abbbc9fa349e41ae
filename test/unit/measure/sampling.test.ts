import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { layerKey, reachableKeys } from '../../../src/measure/reachable.ts';
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
  const reachable = reachableKeys(folded, schemes);

  it('hold every key that a random candidate needs', () => {
    const random = new Random(1);
    for (let trial = 0; trial < 500; trial++) {
      for (const key of keysOf(folded, drawAssignment(folded, schemes, random))) expect(reachable).toContain(key);
    }
  });

  it('are all visited in the end, and none is forgotten for the sake of others', () => {
    const sampler = new BalancedSampler(folded, schemes, reachable, 6, new Random(2));
    let networks = 0;
    for (; networks < 2000 && !sampler.complete; networks++) sampler.visit(keysOf(folded, sampler.next()));
    expect(sampler.complete).toBe(true);
    expect([...sampler.visits.keys()].sort()).toEqual([...reachable].sort());
    // a blind draw needs several times as many
    const blind = new BalancedSampler(folded, schemes, reachable, 6, new Random(2));
    const random = new Random(3);
    let blindNetworks = 0;
    for (; blindNetworks < 5000 && !blind.complete; blindNetworks++) {
      blind.visit(keysOf(folded, drawAssignment(folded, schemes, random)));
    }
    expect(networks).toBeLessThan(blindNetworks);
  });
});

describe('without f32 among the schemes', () => {
  it('each layer has one workload a scheme', () => {
    const folded = foldNetwork(zooNetwork('resnet8'));
    const keys = reachableKeys(folded, ['w8a8', 'w4a4']);
    const workloads = new Set([...keys].map((key) => key.slice(0, key.lastIndexOf('/'))));
    expect(keys.size).toBe(2 * (workloads.size - 1) + 1); // the pool has only one
  });
});
