import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { LayerKeys } from '../../../../src/measure/space/layer-keys.ts';
import { SpaceSampler } from '../../../../src/measure/space/space-sampler.ts';

const LAYERS = 6;
const CHOICES = 4;
/** A chain: each layer's entry depends on how many channels it reads and writes; the last gene drops the last layer. */
const counts = [...Array.from({ length: LAYERS + 1 }, () => CHOICES), 2];
let asked = 0;
const keysOf = (genome: readonly number[]) => {
  asked++;
  const layers = LAYERS - genome[LAYERS + 1];
  return new Map(
    Array.from({ length: layers }, (_, i) => [`layer${i}`, `${i}: ${genome[i]} to ${genome[i + 1]}`] as const),
  );
};
const all = Array.from({ length: LAYERS }, (_, i) =>
  Array.from({ length: CHOICES ** 2 }, (_, n) => `${i}: ${n % CHOICES} to ${Math.floor(n / CHOICES)}`),
).flat();

/** Draws until the sampler is done; what every unit got. */
function run(sampler: SpaceSampler, most = 2000) {
  const networks: string[][] = [];
  const genomes: number[][] = [];
  while (!sampler.complete && networks.length < most) {
    const { genome } = sampler.next();
    genomes.push(genome);
    networks.push([...keysOf(genome).values()]);
    sampler.recount(networks);
  }
  const visits = new Map<string, number>();
  for (const unit of networks.flat()) visits.set(unit, (visits.get(unit) ?? 0) + 1);
  return { draws: networks.length, visits, genomes };
}

describe('the keys of layers, remembered', () => {
  it('are those of the whole genome, and cost no look at it once they are known', () => {
    const keys = new LayerKeys(counts, keysOf, new Random(1));
    const random = new Random(2);
    expect(keys.layerCount).toBe(LAYERS);
    for (let i = 0; i < 40; i++) {
      const genome = counts.map((count) => random.below(count));
      const looked = Array.from({ length: LAYERS }, (_, layer) => keys.of(layer, genome));
      expect(looked.filter((key) => key !== undefined).sort()).toEqual([...keysOf(genome).values()].sort());
      const before = asked;
      for (let layer = 0; layer < LAYERS; layer++) expect(keys.knows(layer, genome)).toBe(true);
      keys.of(0, genome);
      expect(asked).toBe(before);
    }
    expect(keys.reachOf(1)).toHaveLength(2); // a layer's output is another's input
  });
});

describe('choosing designs of a space to time', () => {
  const sampler = (wanted: readonly string[], visits: number, keys = new LayerKeys(counts, keysOf, new Random(1))) =>
    new SpaceSampler(keys, wanted, (key) => (wanted.includes(key) ? key : undefined), visits, new Random(3));

  it('visits everything that is wanted, with few designs more than that takes at least', () => {
    const { draws, visits } = run(sampler(all, 5));
    for (const unit of all) expect(visits.get(unit), unit).toBeGreaterThanOrEqual(5);
    expect(draws).toBeGreaterThanOrEqual(CHOICES ** 2 * 5);
    expect(draws).toBeLessThan(2 * CHOICES ** 2 * 5);
  });

  it('goes for the few that are wanted among many', () => {
    const wanted = ['0: 3 to 1', '3: 0 to 0', '5: 2 to 2'];
    const { draws, visits } = run(sampler(wanted, 6));
    for (const unit of wanted) expect(visits.get(unit)).toBeGreaterThanOrEqual(6);
    expect(draws).toBeLessThan(40); // at random it would take about a hundred
  });

  it('gives up what no design holds, and what is drawn and never gets its visits', () => {
    const { draws } = run(sampler(['none such'], 5));
    expect(draws).toBeLessThan(30);
    const stubborn = sampler(['0: 3 to 1'], 5);
    let tries = 0;
    while (!stubborn.complete && tries < 1000) {
      stubborn.next();
      stubborn.recount([]); // every visit was disturbed
      tries++;
    }
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(60);
    expect(stubborn.progress).toBe(1);
  });

  it('does not give up what was there each time, though the machine ran at another speed', () => {
    const unit = '0: 3 to 1';
    const slowed = sampler([unit], 5);
    for (let tries = 1; tries <= 100; tries++) {
      slowed.next();
      slowed.recount([], Array(tries).fill([unit]));
      expect(slowed.complete).toBe(false);
    }
    slowed.recount(Array(5).fill([unit]), Array(95).fill([unit]));
    expect(slowed.complete).toBe(true);
  });

  it('does without look-ups where a space has too many genes', () => {
    const many = Array.from({ length: 100 }, () => 8);
    const keys = new LayerKeys(many, (genome) => new Map([['layer', String(genome[7])]]), new Random(1));
    expect(keys.reachOf(0)).toBeUndefined();
    const one = new SpaceSampler(keys, ['5'], (key) => (key === '5' ? key : undefined), 3, new Random(4));
    expect(one.next().genome[7]).toBe(5);
  });

  it('finds what a climb would not where it knows how genes stand, and gives up what is not there after all', () => {
    const wide = Array.from({ length: 5 }, () => 64);
    const pairsOf = (genome: readonly number[]) =>
      new Map(Array.from({ length: 4 }, (_, i) => [`layer${i}`, `${i}: ${genome[i]} to ${genome[i + 1]}`] as const));
    const targets = Array.from({ length: 24 }, (_, n) => {
      const [layer, input, output] = [n % 4, (7 * n) % 64, (11 * n + 5) % 64];
      const settings = [
        { gene: layer, choice: input },
        { gene: layer + 1, choice: output },
      ];
      return { key: `${layer}: ${input} to ${output}`, settings };
    });
    const absent = { key: 'none such', settings: [{ gene: 0, choice: 1 }] };
    const wanted = new Set([...targets, absent].map(({ key }) => key));
    const keys = new LayerKeys(wide, pairsOf, new Random(1));
    const unitOf = (key: string) => (wanted.has(key) ? key : undefined);
    const aimed = new SpaceSampler(keys, wanted, unitOf, 4, new Random(3), [...targets, absent]);
    const visits = new Map<string, number>();
    const networks: string[][] = [];
    while (!aimed.complete) {
      networks.push([...pairsOf(aimed.next().genome).values()]);
      aimed.recount(networks);
    }
    for (const key of networks.flat()) visits.set(key, (visits.get(key) ?? 0) + 1);
    for (const { key } of targets) expect(visits.get(key), key).toBeGreaterThanOrEqual(4);
    expect(networks.length).toBeLessThan(24 * 4); // most designs serve several targets
    const [first] = new SpaceSampler(keys, wanted, unitOf, 4, new Random(3), targets)
      .next('2: 14 to 27')
      .genome.slice(2);
    expect(first).toBe(14);
  });

  it('draws the same designs from the same seed', () => {
    expect(run(sampler(all, 2)).genomes).toEqual(run(sampler(all, 2)).genomes);
  });
});
