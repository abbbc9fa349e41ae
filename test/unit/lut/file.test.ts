import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/core/ports.ts';
import { readLut, writeLut } from '../../../src/lut/file.ts';
import { serializeLut } from '../../../src/lut/serialize.ts';
import { toyContent, toyEntry, toyTable } from './toy-table.ts';

/** Files in memory that count their writes. */
function memoryFiles(content: Record<string, string> = {}) {
  const held = new Map(Object.entries(content));
  let writes = 0;
  const files: Files = {
    readBytes: async (path) => new TextEncoder().encode(held.get(path)),
    readText: async (path) => held.get(path)!,
    writeAtomic: async (path, text) => {
      writes++;
      held.set(path, text as string);
    },
    exists: async (path) => held.has(path),
    remove: async () => {},
    list: async () => [...held.keys()],
  };
  return { files, held, writes: () => writes };
}

describe('writing a table', () => {
  it('gives a file that reads back as the same table', async () => {
    const { files, held } = memoryFiles();
    const written = await writeLut(files, 'a.json', toyTable());
    expect(await readLut(files, 'a.json')).toEqual(written);
    expect(held.get('a.json')).toBe(serializeLut(toyTable()));
  });

  it.each([
    ['numbers that are none', toyContent([toyEntry('w8a8', Number.NaN)])],
    [
      'a median outside its interval',
      toyContent([{ ...toyEntry('w8a8', 9), latencyUs: toyEntry('w8a8', 90).latencyUs }]),
    ],
    ['an entry twice', toyContent([toyEntry('w8a8', 90), toyEntry('w8a8', 91)])],
    ['a key of another scheme', toyContent([{ ...toyEntry('w8a8', 90), scheme: 'w4a4' }])],
  ])('refuses %s before the file is touched', async (name, content) => {
    if (name.startsWith('a median')) content.entries[0].latencyUs.low = 100;
    const { files, held, writes } = memoryFiles({ 'a.json': serializeLut(toyTable()) });
    await expect(writeLut(files, 'a.json', content)).rejects.toThrow();
    expect(writes()).toBe(0);
    expect(held.get('a.json')).toBe(serializeLut(toyTable()));
  });

  it('refuses to lose entries of a sound table, unless told to', async () => {
    const { files, writes } = memoryFiles({ 'a.json': serializeLut(toyTable()) });
    const poorer = toyContent([toyEntry('w8a8', 90)]);
    await expect(writeLut(files, 'a.json', poorer)).rejects.toMatchObject({ kind: 'mismatch' });
    expect(writes()).toBe(0);
    await writeLut(files, 'a.json', poorer, { allowFewerEntries: true });
    expect((await readLut(files, 'a.json')).entries).toHaveLength(1);
  });

  it('replaces a damaged file', async () => {
    const { files } = memoryFiles({ 'a.json': serializeLut(toyTable()).slice(0, 300) });
    await writeLut(files, 'a.json', toyContent([]));
    expect((await readLut(files, 'a.json')).entries).toEqual([]);
  });
});

describe('reading a table', () => {
  it('names a file that is not there', async () => {
    const reading = readLut(memoryFiles().files, 'lut/none.json');
    await expect(reading).rejects.toMatchObject({ kind: 'input', message: 'There is no table at lut/none.json.' });
  });

  it('names a file that is damaged', async () => {
    const reading = readLut(memoryFiles({ 'lut/x.json': '{' }).files, 'lut/x.json');
    await expect(reading).rejects.toMatchObject({
      kind: 'damaged-file',
      message: expect.stringContaining('lut/x.json'),
    });
  });
});
