import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { measuredSpace } from '../../../src/node/measured-space.ts';
import { PRUNE_EA } from '../../../src/study/index.ts';

describe('a space of masks, as measuring sees it', () => {
  const network = zooNetwork('resnet8');
  const space = measuredSpace(network, PRUNE_EA.space(network));

  it('has a gene for each group of layers, with every count of channels', () => {
    expect([...space.counts].sort((a, b) => a - b)).toEqual([16, 16, 16, 32, 32, 64, 64]);
  });

  it('needs nothing but what the masks need', () => {
    const random = new Random(1);
    for (let trial = 0; trial < 20; trial++) {
      const genome = space.counts.map((count) => random.below(count));
      for (const key of space.keysOf(genome).values()) expect(space.reachable.has(key), key).toBe(true);
    }
  });

  it('tells of an entry how genes stand in designs that need it', () => {
    const random = new Random(2);
    const keys = random.shuffle([...space.reachable.keys()]).slice(0, 60);
    let found = 0;
    for (const key of keys) {
      const genome = space.counts.map((count) => random.below(count - 1));
      for (const { gene, choice } of space.settingsOf!(key)) genome[gene] = choice;
      if ([...space.keysOf(genome).values()].includes(key)) found++;
    }
    expect(found).toBeGreaterThan(50); // the others take that both sides of an addition keep the same channels
  });
});
