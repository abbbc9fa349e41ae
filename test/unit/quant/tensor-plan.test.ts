import { describe, expect, it } from 'vitest';
import { foldNetwork } from '../../../src/network/fold.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { bitOperations, planTensors, uniformSchemes, weightedLayers } from '../../../src/quant/tensor-plan.ts';

const folded = foldNetwork(zooNetwork('resnet8'));

function planWith(overrides: Record<string, Scheme>) {
  return planTensors(folded, new Map([...uniformSchemes(folded, 'w4a2'), ...Object.entries(overrides)]));
}

describe('the tensor plan', () => {
  it("stores a tensor with one reader at the reader's width and shared ones at 8 bits", () => {
    const { tensors, workloads } = planWith({});
    expect(tensors.get('stage1.conv1')).toEqual({ type: 'u8', bits: 2, shared: false });
    expect(tensors.get('stem')).toEqual({ type: 'u8', bits: 8, shared: true });
    expect(tensors.get('stage2.shortcut')).toEqual({ type: 'u8', bits: 8, shared: true });
    expect(tensors.get('classifier')).toEqual({ type: 'f32', bits: 32, shared: false });
    expect(workloads.get('stage1.conv1')).toMatchObject({ input: 'shared', output: 'u8', residual: false });
    expect(workloads.get('stage1.conv2')).toMatchObject({ input: 'u8', residual: true, activation: 'relu' });
    expect(workloads.get('classifier')).toMatchObject({ op: 'dense', inChannels: 64, outChannels: 10, output: 'f32' });
  });

  it('keeps a tensor real only if all its readers are', () => {
    const oneReal = planWith({ 'stage1.conv1': 'f32' });
    expect(oneReal.tensors.get('stem')?.type).toBe('u8');
    expect(oneReal.workloads.get('stage1.conv1')).toMatchObject({ input: 'shared', output: 'u8' });
    const allReal = planWith({ 'stage1.conv1': 'f32', 'stage1.conv2': 'f32' });
    expect(allReal.tensors.get('stem')?.type).toBe('f32');
    expect(allReal.workloads.get('stem')).toMatchObject({ input: 'u8', output: 'f32' });
  });

  it('runs layers without weights as their readers do', () => {
    expect(planWith({}).schemes.get('pool')).toBe('u8');
    expect(planWith({ classifier: 'f32' }).schemes.get('pool')).toBe('f32');
  });

  it('keeps at 8 bits just the streams that linear bottlenecks add to', () => {
    const bottlenecks = foldNetwork(zooNetwork('mobilenet-v2'));
    const { tensors, workloads } = planTensors(bottlenecks, uniformSchemes(bottlenecks, 'w4a4'));
    const shared = [...tensors].filter(([, placement]) => placement.shared).map(([name]) => name);
    const added = bottlenecks.layers.flatMap((layer) => layer.inputs.slice(1));
    expect(shared.sort()).toEqual(added.sort());
    expect(shared).toHaveLength(10);
    expect(tensors.get('stage2.block1.project')).toEqual({ type: 'u8', bits: 8, shared: true });
    expect(tensors.get('stage2.block2.project')).toEqual({ type: 'u8', bits: 4, shared: false });
    expect(workloads.get('stage2.block2.depthwise')).toMatchObject({ groups: 144, input: 'u8', residual: false });
    expect(workloads.get('stage2.block2.project')).toMatchObject({ groups: 1, residual: true, activation: 'none' });
    expect(workloads.get('stage2.block2.expand')).toMatchObject({ input: 'shared' });
  });

  it('names the layer that has no scheme', () => {
    expect(() => planTensors(folded, new Map())).toThrowError('Layer "classifier" has no scheme.');
  });

  it('counts bit operations as the sum of MACs times both widths', () => {
    const all = new Map(weightedLayers(folded).map((layer): [string, Scheme] => [layer, 'w4a2']));
    expect(bitOperations(planTensors(folded, all))).toBe(12_501_632 * 8);
  });
});
