import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeLut } from '../../src/lut/serialize.ts';
import { sessionTable } from '../unit/lut/compare/sessions.ts';
import { toyTable } from '../unit/lut/toy-table.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

function write(name: string, content: Parameters<typeof serializeLut>[0]): string {
  const path = folder.path(name);
  writeFileSync(path, serializeLut(content));
  return path;
}

describe('lut diff', () => {
  it('says of two profiles of one machine that there is no significant difference', async () => {
    const [a, b] = [write('a.json', sessionTable({ seed: 1 })), write('b.json', sessionTable({ seed: 2, drift: 1.1 }))];
    const { exitCode, stdout, stderr } = await run('lut', 'diff', a, b, '--strict');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^No significant difference \(48 measurements of the same kernels behind 48 entries/m);
    expect(stdout).toMatch(/B as a whole is slower than A: ×1\.\d{3}, 95% interval/);
    expect(stderr).toBe('');
    const { document } = await runJson('lut', 'diff', a, b);
    expect(document).toMatchObject({ a, b, entries: 48, counts: { faster: 0, slower: 0, unchanged: 48, untested: 0 } });
    expect(document.rows[0]).toHaveProperty('a.latencyUs.median');
    expect(document.rows[0].change.low).toBeLessThan(document.rows[0].change.high);
  });

  it('finds a kernel that was slowed down, and fails for it under --strict', async () => {
    const slowdown = { w2a2_conv_4x16__simd_tables: 1.2 };
    const [a, b] = [write('a.json', sessionTable({ seed: 1 })), write('b.json', sessionTable({ seed: 2, slowdown }))];
    const { exitCode, stdout } = await run('lut', 'diff', a, b);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^1[0-3] entries are significantly slower and 0 faster/m);
    expect(stdout).toMatch(/^w2a2_conv_4x16__simd_tables: 0 faster, 1[0-2] slower of 12 entries, median ×1\.\d{3}$/m);
    expect((await run('lut', 'diff', a, b, '--strict')).exitCode).toBe(4);
    expect((await run('lut', 'diff', b, a, '--strict')).exitCode).toBe(0);
  });

  it('refuses tables that cannot be compared, and warns of other devices', async () => {
    const a = write('a.json', toyTable());
    const threads = write('b.json', { ...toyTable(), threads: 2 });
    expect(failure(await run('lut', 'diff', a, threads)).message).toBe(
      'The tables cannot be compared: threads 1 and 2.',
    );
    const table = toyTable();
    const other = write('c.json', { ...table, device: { ...table.device, id: 'other' } });
    expect((await run('lut', 'diff', a, other)).stderr).toMatch(/^warning: Different devices: toy/m);
    expect((await run('lut', 'diff', a, other, '--rate', '2')).exitCode).toBe(2);
  });
});

describe('lut merge', () => {
  it('writes one sound table and shows the conflicts', async () => {
    const [a, b] = [write('a.json', sessionTable({ seed: 1 })), write('b.json', sessionTable({ seed: 2 }))];
    const out = folder.path('merged.json');
    const { exitCode, stdout } = await run('lut', 'merge', a, b, '--out', out);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('48 entries were in two tables with different figures; 0 differ significantly.');
    expect((await runJson('lut', 'check', out)).document).toEqual({ valid: true, problems: [] });
    const again = await runJson('lut', 'merge', a, out, '--out', out); // the output may be one of the tables
    expect(again.document).toMatchObject({ path: out, entries: 48 });
  });

  it('refuses other devices and leaves the file as it was', async () => {
    const table = toyTable();
    const a = write('a.json', table);
    const b = write('b.json', { ...table, device: { ...table.device, id: 'other' } });
    const before = readFileSync(a, 'utf8');
    const outcome = await run('lut', 'merge', a, b, '--out', a);
    expect(failure(outcome).message).toBe(`${a} and ${b} cannot be merged: device toy and other.`);
    expect(readFileSync(a, 'utf8')).toBe(before);
    const absent = folder.path('absent-out.json');
    expect((await run('lut', 'merge', a, a, '--out', absent)).exitCode).toBe(2);
    expect((await run('lut', 'merge', a, '--out', absent)).exitCode).toBe(2);
    expect((await run('lut', 'merge', a, b)).exitCode).toBe(2);
    expect(existsSync(absent)).toBe(false);
  });
});
