import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeOnnx } from '../unit/network/import/onnx-writer.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

it('inspect --json gives the layers of ResNet-20, whose sums are the published figures', async () => {
  const { exitCode, document } = await runJson('inspect', 'resnet20');
  expect(exitCode).toBe(0);
  expect(Object.keys(document).sort()).toEqual(
    ['inputShape', 'integerLayers', 'layers', 'macs', 'network', 'parameters', 'peakActivationBytes'].sort(),
  );
  expect(document).toMatchObject({ network: 'resnet20', macs: 40_813_184, parameters: 272_474 });
  const sum = (field: string) =>
    document.layers.reduce((total: number, layer: Record<string, number>) => total + layer[field], 0);
  expect(sum('macs')).toBe(document.macs);
  expect(sum('parameters')).toBe(document.parameters);
  for (const layer of document.layers) {
    expect(layer).toEqual({
      name: expect.any(String),
      op: expect.any(String),
      inputShape: expect.any(Array),
      outputShape: expect.any(Array),
      macs: expect.any(Number),
      parameters: expect.any(Number),
      activationBytes: layer.outputShape.reduce((product: number, size: number) => product * size, 1),
      weightRange: layer.parameters > 0 ? { low: expect.any(Number), high: expect.any(Number) } : null,
    });
  }
  expect(document.layers[0]).toMatchObject({
    op: 'conv2d',
    inputShape: [32, 32, 3],
    outputShape: [32, 32, 16],
    macs: 442_368,
  });
});

it('inspect takes the network by argument, by flag, or resnet8', async () => {
  expect((await runJson('inspect', '--network', 'resnet20')).document).toEqual(
    (await runJson('inspect', 'resnet20')).document,
  );
  expect((await runJson('inspect')).document.network).toBe('resnet8');
});

it('inspect prints a table for people with the sums below it', async () => {
  const { stdout, stderr } = await run('inspect', 'resnet20');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^layer +op +input +output +MACs +parameters +bytes out +weights\n/);
  expect(stdout).toMatch(/\nresnet20: 40,813,184 MACs, 272,474 parameters/);
});

describe('inspect of weights and tables', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder.remove());

  it('tells the range of learned weights and the activations that are alive at once', async () => {
    const { document } = await runJson('inspect', 'resnet8');
    const [stem] = document.layers;
    expect(stem.weightRange.low).toBeLessThan(0);
    expect(stem.weightRange.high).toBeGreaterThan(stem.weightRange.low);
    // the first block holds its input, what it has computed and the sum's other operand: 3 tensors of 32×32×16 bytes
    expect(document.peakActivationBytes).toBeGreaterThanOrEqual(2 * 32 * 32 * 16);
    expect(document.peakActivationBytes).toBeLessThanOrEqual(3 * 32 * 32 * 16);
  });

  it('reads a model file, and says which of its workloads a table covers', async () => {
    const model = folder.path('model.onnx');
    const k = { dims: [16, 3, 3, 3], values: Array.from({ length: 16 * 3 * 9 }, (_, i) => (i % 7) - 2) };
    const other = { dims: [8, 16, 1, 1], values: new Array<number>(128).fill(0.5) };
    const nodes = [
      { op: 'Conv', inputs: ['x', 'k'], output: 'a', attributes: { pads: [1, 1, 1, 1] } },
      { op: 'Relu', inputs: ['a'], output: 'b' },
      { op: 'Conv', inputs: ['b', 'other'], output: 'y' },
    ];
    const input = { name: 'x', dims: [1, 3, 32, 32] };
    writeFileSync(model, writeOnnx({ input, output: 'y', nodes, constants: { k, other } }));
    const table = folder.path('table.json');
    writeFileSync(table, await tableOfThisDevice(['w8a8', 'w4a4']));

    const { exitCode, document } = await runJson('inspect', model, '--lut', table);
    expect(exitCode).toBe(0);
    expect(document.layers[0]).toMatchObject({ macs: 32 * 32 * 16 * 3 * 9, weightRange: { low: -2, high: 4 } });
    expect(document.lut.schemes).toEqual(['w4a4', 'w8a8']);
    const [first, second] = document.lut.workloads;
    // the first layer of resnet8 has the same arithmetic as the first; none has that of the second
    expect(first).toMatchObject({
      layers: ['a.node'],
      covered: expect.arrayContaining(['w8a8', 'w4a4']),
      uncovered: [],
    });
    expect(second).toMatchObject({ layers: ['y.node'], covered: [] });
    expect(second.uncovered.map(({ scheme }: { scheme: string }) => scheme).sort()).toEqual(['w4a4', 'w8a8']);

    const { stdout } = await run('inspect', '--network', model, '--lut', table, '--schemes', 'w8a8');
    expect(stdout).toMatch(/table\.json covers 1 of 2 workloads whole: 1 of 2 entries\.\n$/);
    expect(
      (await runJson('lut', 'coverage', table, '--network', model, '--schemes', 'w8a8')).document.networks,
    ).toMatchObject([{ network: model, counts: { measured: 1 } }]);
  });

  it('names the layer that it cannot read', async () => {
    const model = folder.path('odd.onnx');
    const node = { op: 'Tanh', inputs: ['x'], output: 'y' };
    writeFileSync(model, writeOnnx({ input: { name: 'x', dims: [1, 2] }, output: 'y', nodes: [node] }));
    const outcome = await run('inspect', model);
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toMatch(
      /odd\.onnx: layer "y\.node" \(Tanh\) is of a kind that is not supported\.$/,
    );
  });
});
