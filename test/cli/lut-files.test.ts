import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeLut } from '../../src/lut/serialize.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { sessionTable } from '../unit/lut/compare/sessions.ts';
import { tableFor, toyTable } from '../unit/lut/toy-table.ts';
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

describe('lut import', () => {
  it('writes a table that says unit and meaning', async () => {
    const source = folder.path('apq.json');
    writeFileSync(source, '{"(4, 8, 14, 1, 1, 0, 1)-W4A6": {"latency": 0.5, "energy": 0.25}}');
    const out = folder.path('imported.json');
    const { exitCode, stdout } = await run('lut', 'import', 'apq', source, '--out', out);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('unit: ms and mJ of one image, simulated\nmeaning: ');
    expect((await runJson('lut', 'check', out)).document.valid).toBe(true);
    expect((await run('lut', 'show', out)).stdout).toMatch(/w4a6 +imported_apq .* imported$/m);
  });

  it('describes every format in its help, and refuses others and files of others', async () => {
    const { stdout } = await run('lut', 'import', '--help');
    for (const format of ['ofa', 'apq', 'haq', 'fbnet']) expect(stdout).toMatch(new RegExp(`^  ${format}$`, 'm'));
    const table = write('a.json', toyTable());
    const out = folder.path('not-written.json');
    expect((await run('lut', 'import', 'csv', table, '--out', out)).exitCode).toBe(2);
    for (const format of ['ofa', 'apq', 'haq', 'fbnet']) {
      const { exitCode, document } = await runJson('lut', 'import', format, table, '--out', out);
      expect([exitCode, document.error.kind]).toEqual([1, 'damaged-file']);
    }
    expect(failure(await run('lut', 'import', 'apq', folder.path('absent'), '--out', out)).message).toContain('absent');
    expect(existsSync(out)).toBe(false);
  });
});

describe('lut coverage', () => {
  it('names what is missing and the command that measures it', async () => {
    const path = write(
      'a.json',
      tableFor(zooNetwork('resnet8'), ['w8a8', 'w4a4'], () => 50),
    );
    const full = await runJson('lut', 'coverage', path, '--schemes', 'w8a8,w4a4', '--strict');
    expect(full.exitCode).toBe(0);
    expect(full.document.networks[0].counts).toMatchObject({ interpolable: 0, missing: 0 });
    expect(full.document.commands).toEqual([]);
    const more = await run(
      'lut',
      'coverage',
      path,
      '--schemes',
      'w8a8,w2a2',
      '--network',
      'resnet8',
      'ds-cnn',
      '--strict',
    );
    expect(more.exitCode).toBe(4);
    expect(more.stdout).toContain(`bitbudget profile --network resnet8 --schemes w2a2 --resume --out ${path}`);
    expect(more.stdout).toMatch(/^ds-cnn: \d+ entries needed, /m);
    expect(more.stdout).toContain('Missing, and nothing near enough to interpolate from:');
  });
});
