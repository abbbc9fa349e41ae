import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { NetworkBuilder } from '../../../src/network/builder.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { type PlannedBuffer, planMemory } from '../../../src/network/memory-plan.ts';
import { inferShapes } from '../../../src/network/shapes.ts';
import type { Layer, Network } from '../../../src/network/types.ts';

const preprocessing = { mean: [0], std: [1] };

function network(layers: Layer[], weights: Network['weights'] = new Map()): Network {
  return { name: 'test', inputShape: [4, 4, 1], preprocessing, layers, weights };
}

describe('shape inference', () => {
  it('pads as TensorFlow does: an even input at stride 2 grows at the bottom and right only', () => {
    const builder = new NetworkBuilder('same', [32, 32, 3], preprocessing);
    builder.convolution('c', 8, { kernel: 3, stride: 2, padding: 'same' });
    expect(builder.layers[0]).toMatchObject({ padding: [0, 1, 1, 0] });
    expect(builder.shape()).toEqual([16, 16, 8]);
  });

  it('pads for a window with holes as for one of its whole extent', () => {
    const builder = new NetworkBuilder('holes', [9, 8, 3], preprocessing);
    builder.convolution('c', 6, { kernel: [3, 2], padding: 'same', dilation: 2, groups: 3 });
    expect(builder.layers[0]).toMatchObject({ padding: [2, 1, 2, 1], dilation: [2, 2], groups: 3 });
    expect(builder.shape()).toEqual([9, 8, 6]);
  });

  it('refuses groups that do not divide the channels on either side', () => {
    const builder = () => new NetworkBuilder('groups', [4, 4, 6], preprocessing);
    const convolution = (outChannels: number, groups: number) => () =>
      builder().convolution('c', outChannels, { kernel: 1, padding: 0, groups });
    expect(convolution(8, 4)).toThrowError('4 groups, which do not divide its 6 input and 8 output channels');
    expect(convolution(8, 3)).toThrowError('3 groups');
    expect(convolution(12, 6)).not.toThrow();
  });

  it('refuses a layer that reads what does not exist yet', () => {
    const layers: Layer[] = [{ op: 'softmax', name: 's', inputs: ['later'] }];
    expect(() => inferShapes(network(layers))).toThrowError(
      'Layer "s" reads "later", which no earlier layer produces.',
    );
  });

  it('refuses two layers of one name, unequal operands and windows that do not fit', () => {
    const pool = (name: string, size: number): Layer => ({
      op: 'maxPool',
      name,
      inputs: ['input'],
      kernel: [size, size],
      stride: [1, 1],
      padding: [0, 0, 0, 0],
    });
    expect(() => inferShapes(network([pool('a', 2), pool('a', 2)]))).toThrowError('Two layers are named "a"');
    expect(() => inferShapes(network([pool('a', 5)]))).toThrowError('empty output');
    const add: Layer = { op: 'add', name: 'b', inputs: ['a', 'input'], activation: 'none' };
    expect(() => inferShapes(network([pool('a', 2), add]))).toThrowError('adds tensors of shapes 3×3×1 and 4×4×1');
  });
});

describe('folding', () => {
  it('puts batch norm into the weights before it', () => {
    const builder = new NetworkBuilder('fold', [4, 4, 1], preprocessing);
    builder.convolution('c', 1, { kernel: 1, padding: 0, bias: true }).batchNorm('n', 0).activation('r', 'relu');
    const graph = builder.build();
    const one = (value: number) => Float32Array.of(value);
    graph.weights.set('c.kernel', one(3)).set('c.bias', one(1));
    graph.weights.set('n.gamma', one(4)).set('n.beta', one(5)).set('n.mean', one(7)).set('n.variance', one(16));
    const folded = foldNetwork(graph);
    expect(folded.layers).toHaveLength(1);
    expect(folded.layers[0]).toMatchObject({ name: 'c', activation: 'relu', bias: true });
    expect([...folded.weights]).toEqual([
      ['c.kernel', one(3)], // 3 · 4 / √16
      ['c.bias', one(-1)], // 5 + (1 − 7) · 4 / √16
    ]);
    expect(graph.layers).toHaveLength(3); // the graph itself is left alone
  });

  it('keeps an addition whose operands are both read elsewhere', () => {
    const builder = new NetworkBuilder('add', [4, 4, 1], preprocessing);
    builder.convolution('a', 1, { kernel: 1, padding: 0 }).from('input').convolution('b', 1, { kernel: 1, padding: 0 });
    builder.add('sum', 'a').add('twice', 'a').add('thrice', 'b');
    expect(foldNetwork(builder.build()).layers.map((layer) => layer.op)).toEqual([
      'conv2d',
      'conv2d',
      'add',
      'add',
      'add',
    ]);
  });

  it('runs a fused convolution after its residual', () => {
    const builder = new NetworkBuilder('late', [4, 4, 1], preprocessing);
    builder
      .convolution('main', 1, { kernel: 1, padding: 0 })
      .from('input')
      .convolution('side', 1, { kernel: 3, padding: 1 });
    builder.activation('side.relu', 'relu').add('sum', 'main');
    const { layers } = foldNetwork(builder.build());
    expect(layers.map((layer) => layer.name)).toEqual(['side', 'main']);
    expect(layers[1].inputs).toEqual(['input', 'side']);
  });

  it('runs batch norm that nothing can take over as a depthwise 1 × 1 convolution', () => {
    const builder = new NetworkBuilder('bare', [4, 4, 2], preprocessing).batchNorm('n', 0);
    const graph = builder.build();
    const pair = (a: number, b: number) => Float32Array.of(a, b);
    graph.weights.set('n.gamma', pair(4, 2)).set('n.beta', pair(5, 0));
    graph.weights.set('n.mean', pair(7, 1)).set('n.variance', pair(16, 4));
    const folded = foldNetwork(graph);
    expect(folded.layers).toMatchObject([{ op: 'conv2d', name: 'n', groups: 2, kernel: [1, 1], bias: true }]);
    expect(Object.fromEntries(folded.weights)).toEqual({ 'n.kernel': pair(1, 1), 'n.bias': pair(-2, -1) });
  });

  it('lets activations run by themselves where no producer can apply them', () => {
    const builder = new NetworkBuilder('bare', [4, 4, 1], preprocessing).activation('r', 'relu');
    builder.convolution('c', 1, { kernel: 1, padding: 0 });
    builder.layers.push({ op: 'activation', name: 's', inputs: ['c'], activation: 'sigmoid' });
    expect(foldNetwork(builder.build()).layers.map(({ name }) => name)).toEqual(['r', 'c', 's']);
  });

  it('drops a flattening for dense layers alone, and keeps the stored rounding of a tensor', () => {
    const builder = new NetworkBuilder('flat', [2, 2, 1], preprocessing);
    builder.convolution('c', 3, { kernel: 1, padding: 0 });
    builder.layers.push({ op: 'flatten', name: 'f', inputs: ['c'] });
    const dense = [
      ...builder.layers,
      { op: 'dense', name: 'd', inputs: ['f'], outChannels: 1, activation: 'none', bias: false },
    ];
    const softmax = [...builder.layers, { op: 'softmax', name: 's', inputs: ['f'] }];
    const ops = (layers: unknown[]) =>
      foldNetwork({ ...builder.build(), layers: layers as Layer[] }).layers.map(({ op }) => op);
    expect(ops(dense)).toEqual(['conv2d', 'dense']);
    expect(ops(softmax)).toEqual(['conv2d', 'reshape', 'softmax']);
    const relu = { op: 'activation', name: 'r', inputs: ['c'], activation: 'relu' };
    const rounded = { ...builder.layers[0], stored: { scale: 0.5, zeroPoint: 3 } };
    expect(ops([rounded, relu])).toEqual(['conv2d', 'activation']);
    expect(ops([builder.layers[0], relu])).toEqual(['conv2d']);
  });
});

describe('the memory plan', () => {
  it('lets no two living buffers overlap, and stays between the lower bound and the sum', () => {
    const random = new Random(3);
    for (let trial = 0; trial < 200; trial++) {
      const buffers: PlannedBuffer[] = Array.from({ length: 1 + random.below(30) }, (_, i) => {
        const firstStep = random.below(20);
        return { name: `b${i}`, bytes: 1 + random.below(5000), firstStep, lastStep: firstStep + random.below(6) };
      });
      const plan = planMemory(buffers);
      for (const a of buffers) {
        for (const b of buffers) {
          if (a === b || a.lastStep < b.firstStep || b.lastStep < a.firstStep) continue;
          const [startA, startB] = [plan.offsets.get(a.name)!, plan.offsets.get(b.name)!];
          expect(startA + a.bytes <= startB || startB + b.bytes <= startA).toBe(true);
        }
      }
      const alive = (step: number) =>
        buffers.filter((b) => b.firstStep <= step && step <= b.lastStep).reduce((sum, b) => sum + b.bytes, 0);
      const lowerBound = Math.max(...Array.from({ length: 26 }, (_, step) => alive(step)));
      expect(plan.peakBytes).toBeGreaterThanOrEqual(lowerBound);
      expect(plan.peakBytes).toBeLessThanOrEqual(buffers.reduce((sum, b) => sum + Math.ceil(b.bytes / 64) * 64, 0));
    }
  });
});
