import { expect, it } from 'vitest';
import { run, runJson } from './command-line.ts';

it('inspect --json gives the layers of ResNet-20, whose sums are the published figures', async () => {
  const { exitCode, document } = await runJson('inspect', 'resnet20');
  expect(exitCode).toBe(0);
  expect(Object.keys(document).sort()).toEqual(['layers', 'macs', 'network', 'parameters']);
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
  expect(stdout).toMatch(/^layer +op +input +output +MACs +parameters\n/);
  expect(stdout).toMatch(/\nresnet20: 40,813,184 MACs, 272,474 parameters/);
});
