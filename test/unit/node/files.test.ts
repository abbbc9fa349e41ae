import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processArguments } from '../../../src/node/entry-resolution.ts';
import { nodeFiles } from '../../../src/node/files.ts';

describe('nodeFiles', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bitbudget-files-'));
  });
  afterEach(() => {
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true });
  });

  it('writes texts and bytes, making the folders on the way, and reads them back', async () => {
    const path = join(folder, 'a', 'b', 'x.txt');
    await nodeFiles.writeAtomic(path, 'grün');
    expect(await nodeFiles.readText(path)).toBe('grün');
    await nodeFiles.writeAtomic(path, new Uint8Array([1, 2]));
    expect([...(await nodeFiles.readBytes(path))]).toEqual([1, 2]);
    expect(await nodeFiles.list(join(folder, 'a', 'b'))).toEqual(['x.txt']);
    expect(await nodeFiles.exists(path)).toBe(true);
  });

  it('keeps the old file whole and removes the temporary one when a write fails', async () => {
    const path = join(folder, 'x.txt');
    writeFileSync(path, 'old');
    const unwritable = { toString: () => 'not bytes' } as unknown as Uint8Array;
    await expect(nodeFiles.writeAtomic(path, unwritable)).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['x.txt']);
  });

  it('leaves no temporary file when the process ends in the middle of writes', () => {
    const entry = processArguments(new URL('./exiting-process.ts', import.meta.url));
    expect(spawnSync(process.execPath, [...entry, folder]).status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('never shows a reader half of a file', async () => {
    const path = join(folder, 'x.txt');
    const contents = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await nodeFiles.writeAtomic(path, contents[0]);
    const writing = (async () => {
      for (let i = 1; i <= 20; i++) await nodeFiles.writeAtomic(path, contents[i % 2]);
      return true;
    })();
    let done = false;
    writing.then(() => (done = true));
    while (!done) expect(contents).toContain(await nodeFiles.readText(path));
    expect(readdirSync(folder)).toEqual(['x.txt']);
  });

  it('explains what a user can mend, naming the path', async () => {
    const path = join(folder, 'none', 'x.json');
    await expect(nodeFiles.readText(path)).rejects.toMatchObject({
      kind: 'input',
      message: `Cannot read ${path}: there is no such file or folder.`,
    });
    writeFileSync(join(folder, 'file'), '');
    await expect(nodeFiles.list(join(folder, 'file'))).rejects.toMatchObject({ kind: 'input' });
    expect(await nodeFiles.exists(path)).toBe(false);
  });
});
