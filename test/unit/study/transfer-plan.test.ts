import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { createSearchSpace } from '../../../src/space/index.ts';
import { drawArchitectures, drawForTransfer, inFullPrecision } from '../../../src/study/transfer-plan.ts';

const network = seededWeights(zooNetwork('resnet8'), 1);
const joint = createSearchSpace(network, {
  bits: { schemes: ['w8a8', 'w4a4', 'w2a2'] },
  keep: { ratios: [0.5, 0.75, 1] },
});
const isScheme = joint.genes.map(({ kind }) => kind === 'scheme');
const architectureOf = (genome: readonly number[]) => genome.filter((_, gene) => !isScheme[gene]).join('-');

describe("APQ's plan", () => {
  it('draws half of the candidates with architectures of their own, and ten policies of each of the others', () => {
    const drawn = drawForTransfer(joint, 80, new Random(1));
    expect(new Set(drawn.map((genome) => genome.join('-'))).size).toBe(80);
    expect(new Set(drawn.slice(0, 40).map(architectureOf)).size).toBeGreaterThan(35);
    const shared = drawn.slice(40).map(architectureOf);
    expect(new Set(shared).size).toBe(4);
    for (let group = 0; group < 4; group++) {
      expect(new Set(shared.slice(10 * group, 10 * group + 10)).size).toBe(1);
    }
    expect(drawForTransfer(joint, 80, new Random(1))).toEqual(drawn);
  });

  it('draws each architecture once, to be run in full precision', () => {
    const drawn = drawArchitectures(joint, 50, new Random(2));
    expect(new Set(drawn.map(architectureOf)).size).toBe(50);
    const whole = inFullPrecision(joint.decode(drawn[0]));
    expect(new Set(whole.schemes.values())).toEqual(new Set(['f32']));
    expect(whole.reduction).toEqual(joint.decode(drawn[0]).reduction);
  });

  it('ends where a space has no more, and refuses one without architectures', () => {
    const small = createSearchSpace(network, { scheme: 'w8a8', keep: { ratios: [0.5, 1] } });
    expect(drawArchitectures(small, 10_000, new Random(1)).length).toBeLessThan(10_000);
    const bits = createSearchSpace(network, { bits: { schemes: ['w8a8', 'w4a4'] } });
    expect(() => drawArchitectures(bits, 5, new Random(1))).toThrow('bits alone');
  });
});
