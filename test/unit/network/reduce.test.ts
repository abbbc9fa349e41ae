import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { NetworkBuilder } from '../../../src/network/builder.ts';
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
import type { Layer } from '../../../src/network/types.ts';
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

describe('concatenations, reshapes and sigmoids', () => {
  const builder = new NetworkBuilder('branches', [8, 8, 3], { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  builder.convolution('left', 6, { kernel: 3, padding: 'same', bias: true });
  const left = builder.tensor;
  builder.from('input').convolution('right', 10, { kernel: 1, padding: 'same', bias: true });
  const layers: Layer[] = [
    ...builder.layers,
    { op: 'concat', name: 'both', inputs: [left, 'right'] },
    { op: 'conv2d', ...convolution('mix', ['both'], 8) },
    { op: 'activation', name: 'gate', inputs: ['mix'], activation: 'sigmoid' },
    { op: 'reshape', name: 'rows', inputs: ['both'], shape: [4, 4, 64] },
    { op: 'conv2d', ...convolution('read', ['rows'], 5) },
    { op: 'globalAveragePool', name: 'pool', inputs: ['read'] },
    { op: 'dense', name: 'classifier', inputs: ['pool'], outChannels: 3, activation: 'none', bias: true },
  ];
  const network = seededWeights({ ...builder.build(), layers }, 5);

  it('are removed channel by channel, gates left whole', () => {
    const groups = channelGroups(network);
    expect(groups.map(({ layers: own, classes }) => [own, classes.length])).toEqual([
      [['left', 'right'], 16],
      [['read'], 5],
    ]);
    const kept = new Map([
      ['left', [0, 2, 5]],
      ['right', [1, 9]],
    ]);
    const slim = slimNetwork(network, kept);
    expect(inferShapes(slim).get('rows')).toEqual([4, 4, 20]);
    expect(slim.weights.get('read.kernel')).toHaveLength(20 * 5);
    const whole = network.weights.get('mix.kernel')!;
    const columns = [0, 2, 5, 7, 15];
    expect([...slim.weights.get('mix.kernel')!.subarray(0, 5)]).toEqual(columns.map((column) => whole[column]));
    const rows = [0, 1, 2, 3].flatMap((pixel) =>
      columns.map((column) => network.weights.get('read.kernel')![16 * pixel + column]),
    );
    expect([...slim.weights.get('read.kernel')!.subarray(0, 20)]).toEqual(rows);
  });

  it("take an integer model's own numbers along", () => {
    const quantization = {
      weights: new Map([
        [
          'right',
          {
            values: Int8Array.from({ length: 30 }, (_, i) => i),
            scales: Float64Array.from({ length: 10 }, (_, i) => i / 10),
            bias: Int32Array.from({ length: 10 }, (_, i) => 100 * i),
            inputScale: 0.5,
          },
        ],
      ]),
    };
    const slim = slimNetwork({ ...network, quantization }, new Map([['right', [2, 7]]]));
    expect(slim.quantization!.weights.get('right')).toEqual({
      values: Int8Array.of(6, 7, 8, 21, 22, 23),
      scales: Float64Array.of(0.2, 0.7),
      bias: Int32Array.of(200, 700),
      inputScale: 0.5,
    });
  });
});

function convolution(name: string, inputs: string[], outChannels: number) {
  return {
    name,
    inputs,
    outChannels,
    kernel: [1, 1] as const,
    stride: [1, 1] as const,
    padding: [0, 0, 0, 0] as const,
    dilation: [1, 1] as const,
    groups: 1,
    activation: 'none' as const,
    bias: true,
  };
}
