import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { createDesignCosts } from '../../../src/cost/design-costs.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import { createEntry } from '../../../src/lut/entry-key.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { reduceNetwork } from '../../../src/network/reduce/index.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { inferShapes } from '../../../src/network/shapes.ts';
import { summarize } from '../../../src/network/summary.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import {
  choiceCounts,
  createSearchSpace,
  parseSpaceConfig,
  reachableWorkloads,
  type SearchSpace,
  type SpaceConfigInput,
} from '../../../src/space/index.ts';
import { HASH, latencyAround, toyContent } from '../lut/toy-table.ts';

const device = parseDevice(
  readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'),
  'pi',
);

function drawGenome(space: SearchSpace, random: Random): number[] {
  return choiceCounts(space).map((count) => random.below(count));
}

describe('genes for bits', () => {
  const network = zooNetwork('resnet20');

  it('are one a layer, the first and the last kept at w8a8', () => {
    const space = createSearchSpace(network, { bits: { schemes: ['w8a8', 'w4a4'] } });
    expect(space.genes).toHaveLength(20);
    const { schemes } = space.decode(space.genes.map(() => 1));
    expect(schemes.get('stem')).toBe('w8a8');
    expect(schemes.get('stage2.block1.shortcut')).toBe('w4a4');
  });

  it.each<[string, SpaceConfigInput['bits'], number]>([
    ['block', { schemes: ['w8a8', 'w4a4'], per: 'block' }, 9],
    ['network', { schemes: ['w8a8', 'w4a4'], per: 'network' }, 1],
    ['additions', { schemes: ['w8a8', 'w4a4'], tied: true }, 12],
    ['widths apart', { weights: [2, 4, 8], activations: [2, 4, 8] }, 40],
  ])('may be shared: %s', (_, bits, count) => {
    expect(createSearchSpace(network, { bits }).genes).toHaveLength(count);
  });

  it('are 3^36 choices over the 18 inner layers of ResNet-20', () => {
    const bits = { weights: [2, 4, 8], activations: [2, 4, 8] };
    const fixed = { stem: 'f32', classifier: 'f32', '*.shortcut': 'f32' } as const;
    const space = createSearchSpace(network, { bits, fixed });
    const size = choiceCounts(space).reduce((product, count) => product * BigInt(count), 1n);
    expect(size).toBe(150_094_635_296_999_121n);
  });

  it('come as those of the weights first, then those of the activations', () => {
    const space = createSearchSpace(network, { bits: { weights: [2, 8], activations: [4, 8] } });
    const { schemes } = space.decode(space.genes.map((_, i) => (i < 20 ? 1 : 0)));
    expect(schemes.get('stage1.block1.conv1')).toBe('w8a4');
  });
});

describe('genes for channels', () => {
  it.each([
    ['resnet20', 464],
    ['resnet32', 688],
    ['resnet56', 1136],
  ])("of %s are PruneEA's %d, inner ones before nodes", (name, count) => {
    const space = createSearchSpace(zooNetwork(name), { masks: {}, pickAt: ['stage1.block1.add'] });
    expect(space.genes).toHaveLength(count);
    expect(space.genes[0].name).toBe('channel/stage1.block1.conv1/0');
    expect(space.genes[count - 128].name).toBe('channel/stem/0');
    expect(space.genes[count - 112].name).toBe('channel/stage1.block1.conv2/0');
  });

  it('name channels by their position', () => {
    const space = createSearchSpace(zooNetwork('resnet20'), { masks: {}, scheme: 'f32' });
    const genome = space.genes.map(() => 1);
    for (const channel of [2, 3, 11]) genome[channel] = 0;
    const { keptChannels } = space.decode(genome).reduction;
    expect(keptChannels.get('stage1.block1.conv1')).toEqual([0, 1, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15]);
  });

  it('never empty a layer, and genomes that mean the same have one canonical form', () => {
    for (const [name, pickAt] of [
      ['resnet20', ['stage1.block1.add']],
      ['resnet20-a'],
      ['mobilenet-v1-0.25'],
    ] as const) {
      const network = seededWeights(zooNetwork(name as string), 1);
      const space = createSearchSpace(network, { masks: {}, ...(pickAt && { pickAt: [...pickAt] }) });
      const empty = space.genes.map(() => 0);
      const reduced = reduceNetwork(network, space.decode(empty).reduction);
      const smallest = Math.min(...[...inferShapes(reduced).values()].map(([, , channels]) => channels));
      expect(smallest).toBe(1);
      const canonical = space.canonical(empty);
      expect(canonical).not.toEqual(empty);
      expect(space.canonical(canonical)).toEqual(canonical);
      expect({ ...space.decode(canonical), genome: empty }).toEqual(space.decode(empty));
    }
  });

  it('keep the channels of the largest weights', () => {
    const network = seededWeights(zooNetwork('resnet8'), 1);
    const kernel = network.weights.get('stage1.conv1.kernel')!;
    for (let i = 0; i < kernel.length; i++) kernel[i] *= Math.floor(i / 144) % 2 === 0 ? 10 : 1;
    const space = createSearchSpace(network, { keep: { only: ['stage1.conv1'], ratios: [0.5] } });
    expect(space.decode([0]).reduction.keptChannels.get('stage1.conv1')).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  it('keep counts that are multiples, from a share up', () => {
    const network = zooNetwork('apq');
    const space = createSearchSpace(network, { keep: { only: ['*.expand'], atLeast: 0.66, multipleOf: 8 } });
    expect(space.genes).toHaveLength(21);
    expect(space.genes[0].choices).toEqual([64, 72, 80, 88, 96]);
    expect(space.genes[20].choices).toHaveLength(49);
  });
});

describe('genes for the architecture', () => {
  const network = zooNetwork('apq');
  const space = createSearchSpace(network, {
    scheme: 'w8a8',
    bits: { weights: [4, 8], activations: [4, 8], per: 'block', only: ['stage*'] },
    windows: { sizes: [3, 5, 7], needBits: { '7': 6 } },
    drop: { blocks: [0, 1, 2] },
  });
  const genome = (changes: Record<string, number>) =>
    space.genes.map(({ name, choices }) => changes[name] ?? (name.startsWith('drop') ? 0 : choices.length - 1));

  it('choose windows and depth', () => {
    const full = space.decode(genome({}));
    expect(summarize(reduceNetwork(network, full.reduction)).macs).toBe(summarize(network).macs);
    const small = space.decode(genome({ 'window/stage1.block1.depthwise': 0, 'drop/stage2.block2.add': 2 }));
    expect(small.reduction.kernels).toEqual(new Map([['stage1.block1.depthwise', 3]]));
    expect(small.reduction.droppedBlocks).toEqual(['stage2.block3.add', 'stage2.block4.add']);
    expect(small.schemes.has('stage2.block4.expand')).toBe(false);
  });

  it('take a smaller window where the bits are too few', () => {
    const { kernels } = space.decode(genome({ 'activations/stage1.block1': 0 })).reduction;
    expect(kernels).toEqual(new Map([['stage1.block1.depthwise', 5]]));
  });

  it('count as their first choice where their layers are gone', () => {
    const dropped = genome({ 'drop/stage2.block2.add': 1 });
    const other = space.genes.map(({ layers }, i) =>
      layers.every((layer) => layer.startsWith('stage2.block4')) ? 0 : dropped[i],
    );
    expect(other).not.toEqual(dropped);
    expect(space.canonical(dropped)).toEqual(space.canonical(other));
  });
});

describe('the workloads that a space can reach', () => {
  it.each<[string, SpaceConfigInput]>([
    ['resnet8', { bits: { schemes: ['f32', 'w8a8', 'w4a4'] }, keep: { ratios: [0.5, 1] }, fixed: {} }],
    ['resnet20', { masks: {}, pickAt: ['stage1.block1.add'], scheme: 'w4a4' }],
    ['resnet20', { bits: { schemes: ['f32', 'w8a8'] }, drop: { blocks: [0, 1, 3] }, keep: { ratios: [0.3, 1] } }],
    ['resnet20-a', { keep: { ratios: [0.25, 0.6, 1] }, drop: { blocks: [0, 1] } }],
    ['mobilenet-v2-0.35-96', { bits: { weights: [4, 8], activations: [8] }, keep: { ratios: [0.5, 1] } }],
  ])('are all that its designs need: %s', (name, config) => {
    const network = zooNetwork(name);
    const space = createSearchSpace(network, config);
    const reachable = reachableWorkloads(network, space);
    const entries = [...reachable.values()].map(({ workload, scheme }) =>
      createEntry({
        workload,
        scheme,
        variant: 'toy',
        variantSha256: HASH,
        latencyUs: latencyAround(1),
        scratchBytes: 0,
        packedBytes: 0,
        trust: 'stable',
      }),
    );
    const costs = createDesignCosts({ network, table: { ...toyContent(entries), sha256: HASH }, device });
    const random = new Random(2);
    const met = new Set<string>();
    for (let trial = 0; trial < 400; trial++)
      for (const key of costs.keys(space.decode(drawGenome(space, random)))) met.add(key);
    expect([...met].filter((key) => !reachable.has(key))).toEqual([]);
    expect(met.size).toBeGreaterThan(0.1 * reachable.size);
  });

  it('are no more than those where all are met', () => {
    const network = zooNetwork('resnet8');
    const space = createSearchSpace(network, {
      bits: { schemes: ['w8a8', 'w4a4'] },
      keep: { ratios: [0.5, 1] },
      drop: { blocks: [0, 1] },
    });
    const reachable = reachableWorkloads(network, space);
    const random = new Random(3);
    const table = {
      ...toyContent(
        [...reachable.values()].map(({ workload, scheme }) =>
          createEntry({
            workload,
            scheme,
            variant: 'toy',
            variantSha256: HASH,
            latencyUs: latencyAround(1),
            scratchBytes: 0,
            packedBytes: 0,
            trust: 'stable',
          }),
        ),
      ),
      sha256: HASH,
    };
    const costs = createDesignCosts({ network, table, device });
    const met = new Set<string>();
    for (let trial = 0; trial < 1500; trial++)
      for (const key of costs.keys(space.decode(drawGenome(space, random)))) met.add(key);
    expect([...reachable.keys()].filter((key) => !met.has(key))).toEqual([]);
  });
});

describe('a space file', () => {
  it.each<[string, string, string]>([
    ['broken YAML', 'bits: [', 'neither YAML nor JSON'],
    ['an unknown field', 'bots: {}', 'is no search space'],
    ['no gene', 'scheme: f32', 'has no gene'],
    ['a strange scheme', 'bits: { schemes: [w9a8] }', 'bits'],
    ['bits without choices', 'bits: {}', 'bits'],
    ['a ratio above one', 'keep: { ratios: [1.5] }', 'keep'],
  ])('is refused with %s', (_, text, fault) => {
    expect(() => parseSpaceConfig(text, 'space.yaml')).toThrowError(
      expect.objectContaining({ kind: 'damaged-file', message: expect.stringContaining(fault) }),
    );
  });

  it.each<[string, SpaceConfigInput, string]>([
    ['a layer that is not there', { bits: { schemes: ['w4a4'], only: ['stage9.*'] } }, 'stage9.*'],
    ['windows that none has', { windows: { sizes: [9] } }, 'No window'],
    ['an addition that is not there', { masks: {}, pickAt: ['x'] }, '"x"'],
    ['stages that are not there', { drop: { blocks: [0, 1], only: ['x'] } }, '"x"'],
  ])('does not fit a network with %s', (_, config, fault) => {
    expect(() => createSearchSpace(zooNetwork('resnet20'), config)).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(fault) }),
    );
  });

  it('is read with the defaults that the documentation gives', () => {
    const config = parseSpaceConfig('{"bits": {"schemes": ["w4a4"]}, "keep": {}}', 'space.json');
    expect(config.scheme).toBe('w8a8');
    const space = createSearchSpace(zooNetwork('resnet8'), config);
    expect(space.name).toBe('bits-keep');
    expect(space.genes.find(({ kind }) => kind === 'keep')!.choices).toEqual([4, 8, 12, 16]);
  });
});

describe('the folded form of every design', () => {
  it('exists for random genomes of a joint space', () => {
    const network = zooNetwork('mobilenet-v2-0.35-96');
    const space = createSearchSpace(network, {
      bits: { schemes: ['w8a8', 'w4a4', 'f32'] },
      keep: { ratios: [0.25, 0.5, 1] },
      drop: { blocks: [0, 1, 2] },
    });
    const random = new Random(6);
    for (let trial = 0; trial < 5; trial++) {
      const { reduction, schemes } = space.decode(drawGenome(space, random));
      const folded = foldNetwork(reduceNetwork(network, reduction));
      for (const { name, op } of folded.layers) if (op === 'conv2d') expect(schemes.has(name)).toBe(true);
    }
  });
});
