import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../src/core/errors.ts';
import { Random } from '../../../src/core/random.ts';
import { checkLut, parseLut } from '../../../src/lut/check.ts';
import type { Lut } from '../../../src/lut/schema.ts';
import { lutSha256, serializeLut } from '../../../src/lut/serialize.ts';
import { CONVOLUTION, latencyAround, toyContent, toyEntry, toyTable } from './toy-table.ts';

const text = serializeLut(toyTable());

/** The message with which a text is refused; fails the test where it is not. */
function refusal(damaged: string): string {
  try {
    parseLut(damaged, 'toy.json');
  } catch (error) {
    if (!(error instanceof BitbudgetError)) throw error;
    expect(error.kind).toBe('damaged-file');
    expect(error.message).toMatch(/^toy\.json: /);
    expect(error.remedy).not.toBe('');
    expect(checkLut(damaged).valid).toBe(false);
    return error.message;
  }
  throw new Error(`A damaged table was accepted: ${damaged.slice(0, 200)}`);
}

/** The table after a change to its parsed JSON, with a hash that fits again where `rehash` is set. */
function edited(change: (table: Lut) => void, rehash = true): string {
  const table = JSON.parse(text) as Lut;
  change(table);
  if (rehash) table.sha256 = lutSha256(table);
  return JSON.stringify(table);
}

describe('a damaged table', () => {
  it('is refused wherever it is cut off, naming the line', () => {
    const end = text.trimEnd().length;
    for (let length = 1; length < end; length++) {
      const cut = text.slice(0, length);
      const line = cut.trimEnd().split('\n').length;
      expect(refusal(cut)).toContain(`cut off at line ${line}, column`);
    }
    expect(refusal('')).toContain('empty');
  });

  it('is refused whichever digit is flipped', () => {
    const digits = [...text.matchAll(/\d/g)].map((match) => match.index);
    for (const at of digits) {
      const flipped = text.slice(0, at) + String((Number(text[at]) + 1) % 10) + text.slice(at + 1);
      if (JSON.stringify(tryParse(flipped)) !== JSON.stringify(JSON.parse(text))) refusal(flipped);
    }
  });

  it('is refused whichever character is replaced by another', () => {
    const random = new Random(7);
    for (let i = 0; i < 500; i++) {
      const at = random.below(text.length);
      const replaced = text.slice(0, at) + String.fromCharCode(33 + random.below(90)) + text.slice(at + 1);
      if (replaced !== text) refusal(replaced);
    }
  });

  it('is refused after a hand edit', () => {
    const message = refusal(edited((table) => (table.entries[0].latencyUs.median = 40.3), false));
    expect(message).toContain('changed after it was written');
  });

  it.each<[string, string, (table: Lut) => void]>([
    ['has rows out of order', 'entries[1] is out of order', (t) => t.entries.reverse()],
    ['has a row twice', 'entries[1] has the same key', (t) => t.entries.splice(1, 0, t.entries[0])],
    ['has an unknown field', 'Unrecognized key: "colour"', (t) => Object.assign(t, { colour: 'red' })],
    ['has an unknown field in a row', 'entries[2]: Unrecognized', (t) => Object.assign(t.entries[2], { us: 3 })],
    ['lacks a field', 'device.arch', (t) => delete (t.device as Partial<Lut['device']>).arch],
    ['lacks its entries', 'entries', (t) => delete (t as Partial<Lut>).entries],
    ['has a time of zero', 'entries[0].latencyUs.low', (t) => (t.entries[0].latencyUs.low = 0)],
    ['has a negative time', 'found -4', (t) => (t.entries[0].latencyUs.median = -4)],
    ['has a count of zero', 'entries[1].latencyUs.count', (t) => (t.entries[1].latencyUs.count = 0)],
    ['has an unknown scheme', 'found "w9a4"', (t) => Object.assign(t.entries[0], { scheme: 'w9a4' })],
    ['has a key of another workload', 'key does not match', (t) => (t.entries[0].workload.groups = 4)],
    ['has a median outside its interval', 'outside its own interval', (t) => (t.entries[0].latencyUs.median = 50)],
    ['has a p95 below the median', 'below the median', (t) => (t.entries[0].latencyUs.p95 = 3)],
    ['has an entry of a disabled variant', 'listed as disabled', (t) => (t.disabled[0].variant = t.entries[0].variant)],
    ['has a later version', 'schemaVersion 2', (t) => Object.assign(t, { schemaVersion: 2 })],
    ['has an earlier version', 'schemaVersion', (t) => Object.assign(t, { schemaVersion: 0 })],
    ['has no valid date', 'measuredAt', (t) => (t.measuredAt = 'yesterday')],
    ['has a row that is no object', 'entries[0]', (t) => (t.entries[0] = 5 as never)],
  ])('is refused where it %s', (_, expected, change) => {
    expect(refusal(edited(change))).toContain(expected);
  });

  it.each(['null', '[]', '3', '"table"'])('is refused where the file holds only %s', (content) => {
    expect(refusal(content)).toContain('no lookup table');
  });

  it('has the place of a syntax error named', () => {
    const lines = text.split('\n');
    lines[3] = lines[3].replace('"name"', 'name');
    expect(refusal(lines.join('\n'))).toMatch(/unexpected "n" at line 4, column \d+/);
  });
});

describe('lut check', () => {
  it('finds nothing wrong with a sound table', () => {
    expect(checkLut(text)).toEqual({ valid: true, problems: [] });
  });

  it('collects all problems, each with its entry and a remedy', () => {
    const { valid, problems } = checkLut(
      edited((table) => {
        table.entries[0].latencyUs.p95 = 1;
        table.entries[1].latencyUs.count = 0;
        table.entries[2].latencyUs.high = 1;
        table.device.cores = 0;
      }, false),
    );
    expect(valid).toBe(false);
    expect(problems).toHaveLength(5); // and the hash
    expect(problems.filter(({ entry }) => entry?.startsWith('conv2d/'))).toHaveLength(3);
    expect(problems.every(({ remedy }) => remedy.length > 0)).toBe(true);
  });

  const messagesOf = (...entries: Parameters<typeof toyContent>[0]) =>
    checkLut(serializeLut(toyContent(entries))).problems.map(({ message }) => message);

  it('finds a speed that no thread can reach, such as milliseconds given as microseconds', () => {
    expect(messagesOf(toyEntry('w8a8', 0.09))).toEqual([expect.stringContaining('cannot exceed 2000 GOP/s')]);
    expect(messagesOf(toyEntry('w8a8', 90))).toEqual([]);
  });

  it('finds a time that is no plausible latency, such as nanoseconds given as microseconds', () => {
    expect(messagesOf(toyEntry('w8a8', 90_000))).toEqual([expect.stringContaining('no plausible latency')]);
    expect(messagesOf(toyEntry('w8a8', 90_000, { trust: 'imported' }))).toEqual([]);
  });

  it('finds a layer without weights that reads faster than a cache', () => {
    const workload = { ...CONVOLUTION, op: 'averagePool' as const, activation: 'none' as const };
    expect(messagesOf(toyEntry('u8', 0.01, { workload }))).toEqual([expect.stringContaining('GB/s')]);
  });

  it('takes the bound of a device', () => {
    const { problems } = checkLut(text, { maximumGops: 100 });
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('cannot exceed 100 GOP/s')]);
  });

  it('finds contradictions in the unconditional variant', () => {
    const unconditional = { variant: 'w8a8_conv_2x16__simd', latencyUs: { ...latencyAround(120), p95: 1 } };
    const messages = messagesOf(toyEntry('w8a8', 90, { unconditional }));
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain('unconditional.latencyUs: p95');
  });

  it('finds schemes and groups that do not fit the layer', () => {
    const pool = { ...CONVOLUTION, op: 'maxPool' as const, activation: 'none' as const };
    expect(messagesOf(toyEntry('w8a8', 90, { workload: pool }))).toEqual([
      'Scheme w8a8 does not exist for maxPool layers.',
    ]);
    expect(messagesOf(toyEntry('u8', 90))).toEqual(['Scheme u8 does not exist for conv2d layers.']);
    const real = { ...CONVOLUTION, input: 'f32' as const };
    expect(messagesOf(toyEntry('w8a8', 90, { workload: real }))).toEqual(['Scheme w8a8 cannot read an f32 input.']);
    const grouped = { ...CONVOLUTION, groups: 3 };
    expect(messagesOf(toyEntry('w8a8', 90, { workload: grouped }))[0]).toContain('3 groups do not divide');
  });
});

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
