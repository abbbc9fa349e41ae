import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCostModel } from '../../../../src/cost/cost-model.ts';
import { parseDevice } from '../../../../src/cost/device.ts';
import { parseLut } from '../../../../src/lut/check.ts';
import { importTable } from '../../../../src/lut/import/index.ts';
import { LutIndex } from '../../../../src/lut/lut-index.ts';
import type { LutContent, LutEntry } from '../../../../src/lut/schema.ts';
import { completeLut, serializeLut } from '../../../../src/lut/serialize.ts';
import { NetworkBuilder } from '../../../../src/network/builder.ts';
import { npyFile } from './npy-file.ts';

const network = new NetworkBuilder('two-layers', [8, 8, 3], { mean: [0, 0, 0], std: [1, 1, 1] })
  .convolution('stem', 4, { kernel: 3, stride: 2, padding: 'same', bias: true })
  .activation('stem.relu', 'relu6')
  .globalAveragePool('pool')
  .dense('classifier', 5)
  .build();

const text = (content: string) => new TextEncoder().encode(content);
const read = (format: string, bytes: Uint8Array | string, options: { clockMhz?: number; device?: string } = {}) =>
  importTable(
    format,
    { name: 'x/table.file', bytes: typeof bytes === 'string' ? text(bytes) : bytes },
    { network, ...options },
  );
const find = ({ entries }: LutContent, part: string): LutEntry[] => entries.filter(({ key }) => key.includes(part));

describe('every imported table', () => {
  const apq = '{"(4, 8, 14, 1, 1, 0, 1)-W4A6": {"latency": 0.5, "energy": 0.25}}';
  it('is sound, says unit and meaning, and marks every entry', () => {
    const { content } = read('apq', apq);
    const table = parseLut(serializeLut(content), 'imported.json');
    expect(table.entries.every(({ trust, variant }) => trust === 'imported' && variant === 'imported_apq')).toBe(true);
    expect(table.protocol).toMatchObject({
      name: 'imported',
      unit: expect.stringContaining('ms'),
      source: 'table.file',
    });
    expect(table.entries[0].variantSha256).toBe(table.protocol.sourceSha256);
    expect(table.validation).toBeNull();
  });

  it('answers for a shape in any format, and not for another shape or scheme', () => {
    const index = new LutIndex(completeLut(read('apq', apq).content));
    const key = (h: number, rest: string) => `conv2d/n1-h${h}-w14-ci4-co8-k1x1-s1x1-p0.0.0.0-d1x1-g1-${rest}`;
    expect(index.get(key(14, 'relu6-r1-shared:f32/w4a6'))?.latencyUs.median).toBe(500);
    expect(
      index.missing([key(14, 'none-r0-u8:u8/w4a6'), key(14, 'none-r0-u8:u8/w6a4'), key(7, 'none-r0-u8:u8/w4a6')]),
    ).toHaveLength(2);
    expect(() => index.entryFor(key(7, 'none-r0-u8:u8/w4a6'), 'resnet8')).toThrow(
      expect.objectContaining({ kind: 'missing-entry', remedy: expect.not.stringContaining('--resume') }),
    );
  });

  it('refuses an unknown format', () => {
    expect(() => read('csv', '')).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe("APQ's tables", () => {
  it('keep energy as a model, and head and tail apart from the layers', () => {
    const { content, notes } = read(
      'apq',
      '{"head": {"latency": 0.3, "energy": 0.5}, "(8, 8, 14, 3, 2, 1, 8)-W8A4": {"latency": 0.1, "energy": 0.2}}',
    );
    expect(content.entries).toHaveLength(1);
    expect(content.entries[0]).toMatchObject({
      scheme: 'w8a4',
      workload: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], groups: 8, height: 14 },
      energyUj: { value: 200, source: 'model' },
      packedBytes: 72,
    });
    expect(content.protocol).toMatchObject({ headUs: 300, headUj: 500 });
    expect(notes).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{"a'],
    ['a list', '[]'],
    ['empty', '{}'],
    ['a strange key', '{"(4, 8)-W4A4": {"latency": 1, "energy": 1}}'],
    ['a negative latency', '{"(4, 8, 14, 1, 1, 0, 1)-W4A4": {"latency": -1, "energy": 1}}'],
    ['no latency', '{"(4, 8, 14, 1, 1, 0, 1)-W4A4": null}'],
    ['groups that do not divide', '{"(4, 8, 14, 1, 1, 0, 3)-W4A4": {"latency": 1, "energy": 1}}'],
    ['a window larger than the image', '{"(4, 8, 2, 5, 1, 0, 1)-W4A4": {"latency": 1, "energy": 1}}'],
    ['a stride of zero', '{"(4, 8, 14, 1, 0, 0, 1)-W4A4": {"latency": 1, "energy": 1}}'],
  ])('are refused with %s', (_, content) => {
    expect(() => read('apq', content)).toThrow(expect.objectContaining({ kind: 'damaged-file' }));
  });
});

describe("HAQ's tables", () => {
  const cost = (layer: number, w: number, a: number) => 16 * 200 * (layer + 1) * (10 * w + a);
  const values = [0, 1].flatMap((layer) =>
    Array.from({ length: 64 }, (_, i) => cost(layer, Math.floor(i / 8) + 1, (i % 8) + 1)),
  );
  const file = npyFile('<i8', [2, 8, 8], values);

  it('give each layer of their network a latency at every pair of widths', () => {
    const { content } = read('haq', file);
    expect(find(content, 'conv2d')).toHaveLength(64);
    const [stem] = find(content, 'co4-').filter(({ scheme }) => scheme === 'w3a5');
    expect(stem.latencyUs.median).toBe(35); // cycles of 16 images at 200 MHz
    expect(read('haq', file, { clockMhz: 100 }).content.protocol.clockMhz).toBe(100);
  });

  it('serve a search: a candidate is priced, its pooling at the slowest rate', () => {
    const table = completeLut(read('haq', file).content);
    const device = parseDevice(
      readFileSync(new URL('../../../../devices/simulated-accelerator.json', import.meta.url), 'utf8'),
      'simulated-accelerator.json',
    );
    const model = createCostModel({ network, table, device });
    const [pool] = find(table, 'globalAveragePool');
    const slowestUsPerMac = (2 * 88) / (4 * 5); // the classifier at w8a8
    expect(pool.latencyUs.median).toBeCloseTo(4 * 4 * 4 * slowestUsPerMac, 2);
    const { value } = model.estimate(['w8a8', 'w2a4']).latencyMs;
    expect(value * 1000).toBeCloseTo(88 + 2 * 24 + pool.latencyUs.median, 2);
    expect(() => model.estimate(['f32', 'w2a4'])).toThrow(expect.objectContaining({ kind: 'missing-entry' }));
  });

  it('are refused for a network with another number of layers', () => {
    const three = npyFile('<i8', [3, 8, 8], [...values, ...values.slice(0, 64)]);
    expect(() => read('haq', three)).toThrow('holds 3 layers, but two-layers has 2 with weights');
  });

  it.each([
    ['no .npy file', text('hello, world')],
    ['cut off', file.subarray(0, 200)],
    ['cut off in the header', file.subarray(0, 40)],
    ['too long', new Uint8Array([...file, 0])],
    ['of another shape', npyFile('<i8', [2, 64], values)],
    ['of complex numbers', npyFile('<c16', [2, 8, 8], values)],
    ['in column-major order', npyFile('<i8', [2, 8, 8], values, true)],
    ['of absurd size', npyFile('<i8', [2e9, 8, 8], [])],
    ['with a cost of zero', npyFile('<i8', [2, 8, 8], [0, ...values.slice(1)])],
    ['not a number somewhere', npyFile('<f8', [2, 8, 8], [Number.NaN, ...values.slice(1)])],
  ])('are refused where they are %s', (_, bytes) => {
    expect(() => read('haq', bytes)).toThrow(expect.objectContaining({ kind: 'damaged-file' }));
  });
});

describe('tables of ProxylessNAS and Once-for-All', () => {
  const yaml = [
    'Conv-input:224x224x3-output:112x112x32:',
    '  mean: 2.0',
    'expanded_conv-input:112x112x32-output:112x112x16-expand:1-kernel:3-stride:1-idskip:0:',
    '  mean: 1.5',
    'expanded_conv-input:112x112x16-output:56x56x24-expand:3-kernel:5-stride:2-idskip:0: {mean: 3.25, count: 50}',
    'Conv_1-input:7x7x320-output:7x7x1280: {mean: 1.0}',
    'Logits-input:7x7x1280-output:1000: {mean: 0.5}',
  ].join('\n');

  it('share the time of a block out among its layers, whose sum is the block again', () => {
    const { content } = read('ofa', yaml, { device: 'Google Pixel 1' });
    expect(content.device).toMatchObject({ id: 'imported-google-pixel-1', arch: 'arm64' });
    expect(content.entries).toHaveLength(9); // stem, 2 + 3 of the blocks, head, pooling and classifier: 1 + 2 + 3 + 1 + 2
    const sum = (entries: LutEntry[]) => entries.reduce((us, { latencyUs }) => us + latencyUs.median, 0);
    expect(sum(find(content, 'h224'))).toBeCloseTo(2000, 0);
    const block = [...find(content, 'ci16-co48'), ...find(content, 'ci48-')];
    expect(block).toHaveLength(3);
    expect(sum(block)).toBeCloseTo(3250, 0);
    expect(sum([...find(content, 'dense'), ...find(content, 'globalAveragePool')])).toBeCloseTo(500, 0);
    expect(content.entries.every(({ scheme }) => scheme === 'f32')).toBe(true);
  });

  it('read middle channels from the tables for MobileNetV3, and leave squeeze-and-excitation out', () => {
    const key = (mid: number, se: number) =>
      `expanded_conv-input:14x14x8-output:14x14x8-expand:${mid}-kernel:3-stride:1-idskip:1-se:${se}-hs:0: {mean: 1}`;
    const { content, notes } = read('ofa', [key(32, 0), key(48, 1)].join('\n'));
    expect(content.entries.map(({ workload }) => workload.outChannels).sort((a, b) => a - b)).toEqual([8, 32, 32]);
    expect(notes.join(' ')).toContain('1 blocks with squeeze-and-excitation were left out.');
  });

  it.each([
    ['no YAML', 'a: b: c'],
    ['a list', '- 1'],
    ['empty', ''],
    ['a strange key', 'Pool-input:7x7x8-output:1x1x8: {mean: 1}'],
    ['no mean', 'Conv-input:8x8x3-output:4x4x8: {median: 1}'],
    ['aliases', 'a: &a [1]\nb: *a'],
    ['an absurd size', 'Conv_1-input:7x7x99999999-output:7x7x8: {mean: 1}'],
    ['a mean that is none', 'Conv-input:8x8x3-output:4x4x8: {mean: .nan}'],
    ['an output larger than the input', 'Conv-input:8x8x3-output:64x64x8: {mean: 1}'],
  ])('are refused with %s', (_, content) => {
    expect(() => read('ofa', content)).toThrow(expect.objectContaining({ kind: 'damaged-file' }));
  });
});

describe('the FBNet table', () => {
  const perBlock = (i: number) => [i, 1, 2, 3, 4, 5, 6, 7].map((x) => 1000 + 10 * i + x);
  const narrow = new Set([1, 5, 9, 13, 17, 21]); // where size or channels change there is no identity
  const rows = Array.from({ length: 22 }, (_, i) => (narrow.has(i) ? perBlock(i) : [...perBlock(i), 200]));

  it('becomes layers whose sums are near the blocks, without the identity', () => {
    const { content, notes } = read('fbnet', JSON.stringify([null, null, ...rows, null]));
    expect(content.protocol.identityUs).toBe(200);
    expect(content.protocol.blocks).toBe(22 * 8);
    expect(content.protocol.splitMedianError as number).toBeLessThan(0.05);
    expect(content.device.model).toBe('Raspberry Pi 4 Model B');
    expect(notes.join(' ')).toContain('shared out');
  });

  it.each([
    ['no JSON', '[1,'],
    ['too few layers', JSON.stringify(rows.slice(1))],
    ['a block missing', JSON.stringify([rows[0].slice(1), ...rows.slice(1)])],
    ['a time that is none', JSON.stringify([rows[0].map(() => 'fast'), ...rows.slice(1)])],
    ['an object', '{}'],
  ])('is refused with %s', (_, content) => {
    expect(() => read('fbnet', content)).toThrow(expect.objectContaining({ kind: 'damaged-file' }));
  });
});
