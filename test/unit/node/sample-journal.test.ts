import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SampleOrigin } from '../../../src/measure/samples.ts';
import { nodeFiles } from '../../../src/node/files.ts';
import { SampleJournal } from '../../../src/node/sample-journal.ts';
import { temporaryFolder } from '../../cli/command-line.ts';

const origin: SampleOrigin = {
  network: 'resnet8',
  weightsSha256: 'a',
  schemes: ['f32', 'w8a8'],
  device: 'bench',
  engine: 'node 20.0.0',
  threads: 1,
  kernelsSha256: 'b',
};
const network = { groups: ['g', 'h'], layersUs: [1.5, 2], wholeUs: 3.6, referenceNs: 23000 };

let folder: ReturnType<typeof temporaryFolder>;
const table = () => folder.path('table.json');
const open = (resume: boolean, of = origin) => SampleJournal.open(nodeFiles, table(), of, resume);
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

async function interrupted(): Promise<void> {
  const journal = await open(false);
  journal.take({ ranking: [['key', ['v1', 'v2']]] });
  journal.take({ progress: ['measuring', 0.5] });
  journal.take({ network });
  await journal.write(false);
}

describe('the samples beside a table', () => {
  it('are taken up where an interrupted profile left them, and added to', async () => {
    await interrupted();
    const journal = await open(true);
    expect(journal.earlier).toEqual({ ranking: [['key', ['v1', 'v2']]], networks: [network] });
    journal.take({ network: { ...network, wholeUs: 4 } });
    await journal.write(false);
    expect((await open(true)).earlier!.networks.map(({ wholeUs }) => wholeUs)).toEqual([3.6, 4]);
  });

  it('are not taken up without --resume, from a profile that ended, or from another one', async () => {
    await interrupted();
    expect((await open(false)).earlier).toBeUndefined();
    for (const change of [{ network: 'resnet20' }, { schemes: ['w8a8'] }, { kernelsSha256: 'c' }, { threads: 2 }]) {
      expect((await open(true, { ...origin, ...change })).earlier).toBeUndefined();
    }
    await (await open(true)).write(true);
    expect((await open(true)).earlier).toBeUndefined();
  });

  it('are refused when damaged, and left as they are', async () => {
    await interrupted();
    const path = folder.path('table.samples.ndjson.gz');
    const bytes = readFileSync(path).subarray(0, 60);
    writeFileSync(path, bytes);
    await expect(open(true)).rejects.toMatchObject({ kind: 'damaged-file' });
    expect(readFileSync(path)).toEqual(bytes);
  });

  it('are kept where only kernels were chosen before the interruption', async () => {
    const journal = await open(false);
    journal.take({ ranking: [['key', ['v1']]] });
    await journal.write(false);
    expect((await open(true)).earlier).toEqual({ ranking: [['key', ['v1']]], networks: [] });
  });

  it('are not written where nothing was measured', async () => {
    await (await open(false)).write(false);
    expect(await nodeFiles.exists(folder.path('table.samples.ndjson.gz'))).toBe(false);
  });
});
