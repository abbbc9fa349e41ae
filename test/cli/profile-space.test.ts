import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LutSchema } from '../../src/lut/schema.ts';
import { completeLut, serializeLut } from '../../src/lut/serialize.ts';
import { selfTestInBothTiers } from '../../src/node/self-test-process.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

const SPACE = `network: resnet8
bits:
  schemes: [w8a8]
keep:
  only: [stage1.conv1, stage2.conv1]
  ratios: [0.5, 1]
`;

let folder: ReturnType<typeof temporaryFolder>;
let space: string;
let table: string;
beforeAll(async () => {
  folder = temporaryFolder();
  [space, table] = [folder.path('slim.yaml'), folder.path('table.json')];
  writeFileSync(space, SPACE);
  await selfTestInBothTiers();
});
afterAll(() => folder.remove());

const readTable = () => LutSchema.parse(JSON.parse(readFileSync(table, 'utf8')));

describe('profiling a search space, from plan to search', () => {
  it('refuses what says a second time what to measure, and spaces that do not fit', async () => {
    const both = failure(await run('profile', '--space', space, '--schemes', 'w4a4', '--out', table));
    expect(both.message).toBe('--schemes and --space say both what is to be measured.');
    writeFileSync(folder.path('odd.yaml'), 'network: resnet8\nkeep:\n  only: [stage9.*]\n');
    const odd = failure(await run('profile', '--space', folder.path('odd.yaml'), '--out', table));
    expect(odd.message).toContain('stage9.*');
  });

  it('writes no table where the time is too short for a single layer', async () => {
    const out = folder.path('hasty.json');
    const { error } = (await runJson('profile', '--space', space, '--time-max-s', '0.001', '--out', out)).document;
    expect(error).toMatchObject({ kind: 'unsupported', message: expect.stringContaining('within 0.001 s') });
    expect(error.remedy).toContain('--resume');
    expect(existsSync(out)).toBe(false);
  }, 60_000);

  it('measures all of it where there is no limit', async () => {
    const { stdout, exitCode } = await run(
      'profile',
      '--space',
      space,
      '--visits',
      '2',
      '--patience-s',
      '5',
      '--out',
      table,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Of the space 0 entries are interpolated from \d+ measured ones\./);
    const { entries, protocol, interpolation } = readTable();
    expect(interpolation).toMatchObject({ interpolated: 0, missing: 0, measured: entries.length });
    expect(entries).toHaveLength(protocol.spaceEntries as number);
    expect(entries.some(({ trust }) => trust === 'interpolated')).toBe(false);
  }, 180_000);

  it('is covered then, as `lut coverage` tells, and can be searched', async () => {
    const covered = await runJson('lut', 'coverage', table, '--space', space, '--strict');
    expect(covered.exitCode).toBe(0);
    expect(covered.document.networks[0].counts).toMatchObject({ interpolated: 0, interpolable: 0, missing: 0 });
    const search = await runJson(
      ...['search', '--space', space, '--lut', table, '--evaluations', '40', '--population', '12'],
      // by multiplications, not by time: what the front holds is the same on every machine
      ...['--objectives', 'accuracy,macs'],
      ...['--evaluate-front', '0', '--calibration-samples', '2', '--out', folder.path('run')],
    );
    expect(search.exitCode).toBe(0);
  }, 180_000);

  it('names the command that measures what a table lacks, of a search and of a verification', async () => {
    const { sha256: _, ...content } = readTable();
    const poor = folder.path('poor.json');
    const kept = content.entries.filter(({ key }) => !key.includes('-ci8-'));
    expect(kept.length).toBeLessThan(content.entries.length);
    writeFileSync(poor, serializeLut(completeLut({ ...content, entries: kept })));
    const coverage = await runJson('lut', 'coverage', poor, '--space', space, '--strict');
    expect(coverage.exitCode).toBe(4);
    const command = `bitbudget profile --network resnet8 --space ${space} --resume --out ${poor}`;
    expect(coverage.document.commands).toEqual([command]);
    const searched = failure(await run('search', '--space', space, '--lut', poor, '--quiet'));
    expect(searched.remedy).toContain(`Measure it with \`${command}\`.`);
    const config = folder.path('run/config.json');
    // the one with the least work keeps 8 channels
    const front = readdirSync(folder.path('run/front')).map((file) => folder.path(`run/front/${file}`));
    const macs = (file: string): number => JSON.parse(readFileSync(file, 'utf8')).predicted.macs;
    const candidate = front.reduce((least, file) => (macs(file) < macs(least) ? file : least));
    const verified = failure(await run('verify', '--candidate', candidate, '--lut', poor, '--quiet'));
    expect(verified.remedy).toBe(`Measure it with \`${command.replace(space, config)}\`.`);
    const fromRun = await runJson('lut', 'coverage', table, '--space', config);
    expect(fromRun.document.networks[0].counts).toEqual(
      (await runJson('lut', 'coverage', table, '--space', space)).document.networks[0].counts,
    );
  });
});
