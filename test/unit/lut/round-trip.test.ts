import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLut } from '../../../src/lut/check.ts';
import { createEntry, entryKey } from '../../../src/lut/entry-key.ts';
import { type Lut, lutJsonSchema } from '../../../src/lut/schema.ts';
import { completeLut, serializeLut } from '../../../src/lut/serialize.ts';
import { CONVOLUTION, toyContent, toyEntry, toyTable } from './toy-table.ts';

describe('a table', () => {
  it('reads back as what was written', () => {
    const table = toyTable();
    expect(parseLut(serializeLut(table), 'toy.json')).toEqual(completeLut(table));
  });

  it('gives the same bytes in whatever order its entries and fields come', () => {
    const text = serializeLut(toyTable());
    const shuffled = Object.fromEntries(Object.entries(toyTable()).reverse()) as unknown as Lut;
    shuffled.entries = [...shuffled.entries].reverse();
    expect(serializeLut(shuffled)).toBe(text);
    expect(serializeLut(parseLut(text, 'toy.json'))).toBe(text);
  });

  it('has an entry a line, so that a difference shows what changed', () => {
    const before = serializeLut(toyTable()).split('\n');
    const table = toyTable();
    table.entries[1] = toyEntry('w4a4', 62);
    const after = serializeLut(table).split('\n');
    expect(before.filter((line) => line.includes('"key"'))).toHaveLength(3);
    expect(after.filter((line, i) => line !== before[i])).toHaveLength(2); // the entry and the hash
  });

  it('keeps fields of its protocol that this version does not know', () => {
    const table = toyContent([], { protocol: { name: 'in-context', visits: 16, anchors: ['f32', 'w8a8'] } });
    const { protocol } = parseLut(serializeLut(table), 'toy.json');
    expect(protocol).toEqual({ name: 'in-context', anchors: ['f32', 'w8a8'], visits: 16 });
  });

  it('may be reformatted: the hash is of the content, not of white space', () => {
    const text = serializeLut(toyTable());
    expect(parseLut(JSON.stringify(JSON.parse(text), null, 4), 'toy.json').entries).toHaveLength(3);
  });

  it('is refused by the writer where a number is none', () => {
    expect(() => serializeLut(toyContent([toyEntry('w8a8', Number.NaN)]))).toThrow();
  });
});

describe('an entry', () => {
  it('has the key of the design', () => {
    const key = 'conv2d/n1-h32-w32-ci16-co16-k3x3-s1x1-p1.1.1.1-d1x1-g1-relu-r0-u8:u8/w4a4';
    expect(entryKey(CONVOLUTION, 'w4a4')).toBe(key);
  });

  it('has times of whole nanoseconds', () => {
    const { key: _, ...fields } = toyEntry('w8a8', 1);
    const latencyUs = { median: 12.3456, low: 12.34449, high: 12.4, p95: 13, count: 3 };
    expect(createEntry({ ...fields, latencyUs }).latencyUs).toEqual({ ...latencyUs, median: 12.346, low: 12.344 });
  });
});

describe('the published JSON Schema', () => {
  it('is the one of the code (write it with `npx tsx scripts/write-schemas.mjs`)', () => {
    const published = readFileSync(new URL('../../../docs/schema/lut.schema.json', import.meta.url), 'utf8');
    expect(published).toBe(`${JSON.stringify(lutJsonSchema(), null, 2)}\n`);
  });
});
