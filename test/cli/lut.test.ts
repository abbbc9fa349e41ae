import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeLut } from '../../src/lut/serialize.ts';
import { toyTable } from '../unit/lut/toy-table.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

const sound = serializeLut(toyTable());

/** Files by what is wrong with them, and what `lut check` says of each. */
const damaged: [what: string, text: string, message: RegExp][] = [
  ['cut short', sound.slice(0, sound.length / 2), /is cut off at line \d+, column \d+/],
  ['empty', '', /^The file is empty\.$/],
  ['edited by hand', sound.replace('"median":61.5,', '"median":61.6,'), /was changed after it was written/],
  ['another file altogether', '{"name":"bitbudget"}', /^schemaVersion: /],
  ['no JSON at all', 'latency: 3 ms\n', /^The file is no JSON/],
];

function write(text: string): string {
  const path = folder.path('table.json');
  writeFileSync(path, text);
  return path;
}

describe('lut check', () => {
  it('finds nothing in a table as it was written', async () => {
    const path = write(sound);
    expect(await runJson('lut', 'check', path)).toEqual({ exitCode: 0, document: { valid: true, problems: [] } });
    expect((await run('lut', 'check', path)).stdout).toBe(
      `${path} is as it was written, and its numbers are possible.\n`,
    );
    expect(readFileSync(path, 'utf8')).toBe(sound);
  });

  it.each(damaged)('names what is wrong with a table that is %s, and leaves it as it is', async (_, text, message) => {
    const path = write(text);
    const { exitCode, document } = await runJson('lut', 'check', path);
    expect(exitCode).toBe(1);
    expect(document.valid).toBe(false);
    expect(document.problems[0].message).toMatch(message);
    expect(document.problems[0].remedy).toMatch(/\.$/);
    const { stdout, stderr, ...spoken } = await run('lut', 'check', path);
    expect(spoken.exitCode).toBe(1);
    expect(stdout).toContain(`${path} is not valid.\n`);
    expect(stdout).toContain(document.problems[0].message);
    expect(stderr).toBe('');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('names the entry that holds an impossible number, though its hash was made to match', async () => {
    const table = toyTable();
    const [entry] = table.entries;
    const latencyUs = { median: 0.001, low: 0.001, high: 0.001, p95: 0.001, count: 16 };
    const path = write(serializeLut({ ...table, entries: [{ ...entry, latencyUs }, ...table.entries.slice(1)] }));
    const { exitCode, document } = await runJson('lut', 'check', path);
    expect(exitCode).toBe(1);
    expect(document.problems.map(({ entry: key }: { entry: string }) => key)).toEqual([entry.key]);
  });

  it('says that there is no such file', async () => {
    const outcome = await run('lut', 'check', folder.path('absent.json'));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toBe(`There is no table at ${folder.path('absent.json')}.`);
  });
});

describe('lut show', () => {
  it('lists the entries with interval, speed and trust, and filters them', async () => {
    const path = write(sound);
    const { exitCode, stdout } = await run('lut', 'show', path, '--filter', 'w4a4');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/w4a4 .*61\.50 .*stable/);
    expect(stdout).not.toMatch(/w8a8_conv/);
    expect((await runJson('lut', 'show', path)).document.entries).toHaveLength(3);
  });

  it.each(damaged)('refuses a table that is %s in one sentence', async (_, text) => {
    const path = write(text);
    const outcome = await run('lut', 'show', path);
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toContain(path);
    expect((await runJson('lut', 'show', path)).document.error.kind).toBe('damaged-file');
  });
});
