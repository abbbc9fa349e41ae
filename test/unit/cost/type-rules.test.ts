import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { deriveTypeRules, isReal } from '../../../src/cost/type-rules.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import type { Network } from '../../../src/network/types.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { planTensors, weightedLayers } from '../../../src/quant/tensor-plan.ts';

/** A network whose logits go through softmax. */
function withSoftmax(network: Network): Network {
  const inputs = [network.layers[network.layers.length - 1].name];
  return { ...network, layers: [...network.layers, { op: 'softmax', name: 'probabilities', inputs }] };
}

describe.each([
  ['resnet8', zooNetwork('resnet8')],
  ['resnet20-a, with parameter-free shortcuts', zooNetwork('resnet20-a')],
  ['resnet8 with softmax', withSoftmax(zooNetwork('resnet8'))],
])('the types in %s', (_, network) => {
  const folded = foldNetwork(network);
  const names = weightedLayers(folded);
  const rules = deriveTypeRules(folded);

  it('follow from the learned rules as from the tensor plan', () => {
    const random = new Random(9);
    for (let i = 0; i < 60; i++) {
      const share = random.real();
      const schemes = names.map((): Scheme => (random.chance(share) ? 'f32' : `w${1 + random.below(8)}a4`));
      const plan = planTensors(folded, new Map(names.map((name, k) => [name, schemes[k]])));
      const isInteger = Uint8Array.from(schemes, (scheme) => (scheme === 'f32' ? 0 : 1));
      for (const [name, rule] of rules.tensors) {
        expect([name, isReal(rule, isInteger)]).toEqual([name, plan.tensors.get(name)!.type === 'f32']);
      }
      for (const [name, rule] of rules.layers) {
        expect([name, isReal(rule, isInteger)]).toEqual([name, plan.schemes.get(name) === 'f32']);
      }
    }
  });
});
