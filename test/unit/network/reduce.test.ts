import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import {
  channelGroups,
  describeReduction,
  dropBlocks,
  insertShortcuts,
  NO_REDUCTION,
  reduceNetwork,
  reductionOf,
  residualStages,
  slimNetwork,
} from '../../../src/network/reduce/index.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import { inferShapes } from '../../../src/network/shapes.ts';
import { summarize } from '../../../src/network/summary.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { drawReduction } from './reduce-fixture.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('channel groups', () => {
  it('of ResNet-20 are nine inner ones and three residual streams', () => {
    const groups = channelGroups(zooNetwork('resnet20'));
    expect(groups.map(({ classes }) => classes.length)).toEqual([16, 16, 16, 16, 32, 32, 32, 32, 64, 64, 64, 64]);
    expect(groups[0].layers).toEqual(['stem', 'stage1.block1.conv2', 'stage1.block2.conv2', 'stage1.block3.conv2']);
  });

  it.each([
    ['resnet20', 464],
    ['resnet32', 688],
    ['resnet56', 1136],
  ])("of %s are PruneEA's %d genes where the first addition may pick channels", (name, genes) => {
    const network = insertShortcuts(zooNetwork(name), ['stage1.block1.add']);
    expect(channelGroups(network).reduce((sum, { classes }) => sum + classes.length, 0)).toBe(genes);
  });

  it('tie the streams of parameter-free shortcuts channel by channel', () => {
    const [stream] = channelGroups(zooNetwork('resnet20-a'));
    expect(stream.classes).toHaveLength(64);
    expect(stream.layers.filter((name) => name.endsWith('conv2'))).toHaveLength(9);
  });

  it('leave input, output and classifier alone', () => {
    for (const name of ['resnet8', 'mobilenet-v1-0.25', 'autoencoder']) {
      const layers = channelGroups(zooNetwork(name)).flatMap((group) => group.layers);
      expect(layers).not.toContain('classifier');
      expect(layers).not.toContain('output');
    }
  });
});

describe('a published PruneEA genome', () => {
  const inner = [15, 15, 13, 28, 31, 30, 58, 53, 56];
  const nodes = [15, 13, 29, 58];

  it('has its 32,449,604 multiply-accumulates', () => {
    const kept = new Map<string, number[]>([['stem', range(nodes[0])]]);
    for (let stage = 1; stage <= 3; stage++) {
      for (let block = 1; block <= 3; block++) {
        kept.set(`stage${stage}.block${block}.conv1`, range(inner[3 * (stage - 1) + block - 1]));
        kept.set(`stage${stage}.block${block}.conv2`, range(nodes[stage]));
      }
    }
    const reduction = { ...NO_REDUCTION, keptChannels: kept, shortcuts: ['stage1.block1.add'] };
    expect(summarize(reduceNetwork(zooNetwork('resnet20'), reduction)).macs).toBe(32_449_604);
  });

  it('needs no picking shortcut where both sides keep the same channels', () => {
    const whole = reduceNetwork(zooNetwork('resnet20'), { ...NO_REDUCTION, shortcuts: ['stage1.block1.add'] });
    expect(summarize(whole)).toEqual(summarize(zooNetwork('resnet20')));
  });
});

describe('residual stages', () => {
  it('hold the blocks with plain shortcuts', () => {
    const stages = residualStages(zooNetwork('resnet20'));
    expect(stages.map(({ blocks }) => blocks.map(({ name }) => name))).toEqual([
      ['stage1.block1.add', 'stage1.block2.add', 'stage1.block3.add'],
      ['stage2.block2.add', 'stage2.block3.add'],
      ['stage3.block2.add', 'stage3.block3.add'],
    ]);
    expect(residualStages(zooNetwork('mobilenet-v2')).map(({ blocks }) => blocks.length)).toEqual([1, 2, 3, 2, 2]);
  });

  it('shrink to the blocks that stay', () => {
    const network = seededWeights(zooNetwork('resnet32'), 1);
    const dropped = ['stage1.block4.add', 'stage1.block5.add', 'stage3.block5.add'];
    const left = dropBlocks(network, dropped);
    const macs = summarize(network).macs - summarize(left).macs;
    expect(macs).toBe(3 * 2 * 32 * 32 * 16 * 9 * 16); // every block costs the same
    expect([...left.weights.keys()].filter((name) => name.startsWith('stage1.block4'))).toEqual([]);
    expect(() => inferShapes(foldNetwork(left))).not.toThrow();
    expect(() => dropBlocks(network, ['stage2.block1.add'])).toThrowError('cannot be left out');
  });
});

describe('slimming', () => {
  const network = zooNetwork('resnet20');

  it.each<[string, Map<string, number[]>, string]>([
    ['an emptied layer', new Map([['stem', []]]), 'cannot keep the channels []'],
    ['a channel that is not there', new Map([['stem', [0, 16]]]), 'channels [0, 16]'],
    ['channels out of order', new Map([['stem', [1, 0]]]), 'cannot keep'],
    ['an unknown layer', new Map([['trunk', [0]]]), 'no layer with weights named "trunk"'],
    ['the classes', new Map([['classifier', [0]]]), 'cannot be removed'],
    [
      'sides of an addition that differ',
      new Map([
        ['stem', [0, 1]],
        ['stage1.block1.conv2', [0, 2]],
      ]),
      'added to it removes',
    ],
  ])('refuses %s', (_, kept, fault) => {
    expect(() => slimNetwork(network, kept)).toThrowError(
      expect.objectContaining({
        kind: 'usage',
        message: expect.stringMatching(new RegExp(fault.replace(/[[\]]/g, '.'))),
      }),
    );
  });

  it('takes what is added along with the layer that is named', () => {
    const slim = slimNetwork(network, new Map([['stem', [3, 5, 7]]]));
    expect(inferShapes(slim).get('stage1.block3.conv2')![2]).toBe(3);
  });
});

describe("a candidate's layers", () => {
  it.each([
    ['resnet20', ['stage1.block1.add', 'stage3.block2.add']],
    ['resnet20-a', []],
    ['mobilenet-v2-0.35-96', []],
    ['ds-cnn', []],
  ] as [string, string[]][])('tell of the reduction of %s again', (name, additions) => {
    const network = zooNetwork(name);
    const random = new Random(8);
    for (let trial = 0; trial < 4; trial++) {
      const reduction = drawReduction(network, random, additions);
      const stays = new Set(dropBlocks(network, reduction.droppedBlocks).layers.map((layer) => layer.name));
      const usable = { ...reduction, shortcuts: additions.filter((addition) => stays.has(addition)) };
      const reduced = reduceNetwork(network, usable);
      const layers = describeReduction(network, usable, foldNetwork(reduced));
      const again = reduceNetwork(network, reductionOf(network, JSON.parse(JSON.stringify(layers))));
      expect(again.layers).toEqual(reduced.layers);
    }
  });

  it('are refused where one is missing or strange', () => {
    const network = zooNetwork('resnet8');
    const layers = describeReduction(network, NO_REDUCTION, network);
    expect(() => reductionOf(network, layers.slice(1))).toThrowError('lacks the layer "stem"');
    expect(() => reductionOf(network, [...layers, { name: 'x', outChannels: 1 }])).toThrowError('a layer "x"');
  });
});
