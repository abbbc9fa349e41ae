import { encode as encodePng } from 'fast-png';
import { zlibSync } from 'fflate';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../src/core/errors.ts';
import { Random } from '../../../src/core/random.ts';
import { decodeImage } from '../../../src/data/image/decode.ts';
import { resize } from '../../../src/data/image/resize.ts';
import { transformImage } from '../../../src/data/image/transform.ts';
import { openDataset } from '../../../src/data/open.ts';
import { memoryFiles, pattern } from './memory-files.ts';

function png(height: number, width: number, channels: number, start = 0, depth: 8 | 16 = 8): Uint8Array {
  const values = pattern(height * width * channels, start);
  const data = depth === 8 ? values : Uint16Array.from(values, (value) => value * 257);
  return encodePng({ height, width, channels, data, depth });
}

/** A PNG of any header and any scan lines. */
function rawPng(header: { width: number; height: number; depth: number; type: number }, lines: Uint8Array): Uint8Array {
  const ihdr = new Uint8Array(13);
  const view = new DataView(ihdr.buffer);
  view.setUint32(0, header.width);
  view.setUint32(4, header.height);
  ihdr.set([header.depth, header.type, 0, 0, 0], 8);
  const chunk = (type: string, data: Uint8Array) => {
    const body = Uint8Array.of(...new TextEncoder().encode(type), ...data);
    const out = new Uint8Array(body.length + 8);
    new DataView(out.buffer).setUint32(0, data.length);
    out.set(body, 4);
    new DataView(out.buffer).setUint32(4 + body.length, crc32(body));
    return [...out];
  };
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const end = chunk('IEND', new Uint8Array(0));
  return Uint8Array.from([...signature, ...chunk('IHDR', ihdr), ...chunk('IDAT', zlibSync(lines)), ...end]);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('decoding', () => {
  it('gives back the bytes of PNG files of one to four channels, without alpha, and of 16 bits', () => {
    expect(decodeImage(png(3, 5, 3), 'a')).toEqual({ shape: [3, 5, 3], pixels: pattern(45) });
    expect(decodeImage(png(3, 5, 1), 'a').shape).toEqual([3, 5, 1]);
    expect(decodeImage(png(2, 2, 3, 0, 16), 'a').pixels).toEqual(pattern(12));
    const { shape, pixels } = decodeImage(png(1, 2, 4), 'a');
    expect([shape, [...pixels]]).toEqual([
      [1, 2, 3],
      [0, 7, 14, 28, 35, 42],
    ]);
  });

  it('spreads one-bit samples over all of 0 to 255', () => {
    const image = decodeImage(
      rawPng({ width: 9, height: 1, depth: 1, type: 0 }, Uint8Array.of(0, 0b10100000, 0x80)),
      'a',
    );
    expect([...image.pixels]).toEqual([255, 0, 255, 0, 0, 0, 0, 0, 255]);
  });

  it('reads a JPEG to within its loss', () => {
    const grey = new Uint8Array(16 * 16 * 4).fill(200);
    const { shape, pixels } = decodeImage(
      new Uint8Array(encodeJpeg({ width: 16, height: 16, data: grey }, 90).data),
      'a',
    );
    expect(shape).toEqual([16, 16, 3]);
    expect(Math.max(...pixels.map((value) => Math.abs(value - 200)))).toBeLessThan(3);
  });

  it('refuses what swells beyond its header, is cut off, or is no image', () => {
    const swells = rawPng({ width: 1, height: 1, depth: 8, type: 0 }, new Uint8Array(2 ** 22));
    expect(() => decodeImage(swells, 'bomb.png')).toThrow(/more than the 2 bytes/);
    const short = rawPng({ width: 4, height: 4, depth: 8, type: 0 }, new Uint8Array(10));
    expect(() => decodeImage(short, 'short.png')).toThrow(/10 bytes of pixels where its header says 20/);
    expect(() => decodeImage(png(3, 5, 3).slice(0, -6), 'cut.png')).toThrow(/cut off/);
    const jpeg = new Uint8Array(encodeJpeg({ width: 64, height: 64, data: pattern(64 * 64 * 4) }, 90).data);
    expect(() => decodeImage(jpeg.slice(0, jpeg.length / 2), 'cut.jpg')).toThrow(/cut off/);
    expect(() => decodeImage(new TextEncoder().encode('GIF89a'), 'a.gif')).toThrow(/neither a PNG nor a JPEG/);
    const huge = rawPng({ width: 2 ** 30, height: 2 ** 30, depth: 8, type: 6 }, new Uint8Array(4));
    expect(() => decodeImage(huge, 'huge.png')).toThrow(BitbudgetError);
  });

  it('meets damage anywhere with an error of its own, never with another', () => {
    const random = new Random(7);
    const whole = [
      png(9, 7, 3),
      new Uint8Array(encodeJpeg({ width: 24, height: 24, data: pattern(24 * 24 * 4) }, 60).data),
    ];
    let refused = 0;
    for (const file of whole) {
      for (let trial = 0; trial < 300; trial++) {
        const bytes = file.slice(0, random.chance(0.3) ? random.below(file.length) : file.length);
        for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
          bytes[random.below(bytes.length)] ^= 1 << random.below(8);
        }
        try {
          decodeImage(bytes, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(BitbudgetError);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});

describe('images of other sizes', () => {
  it('keep an even image even, and average what falls under one pixel', () => {
    const even = { shape: [5, 7, 3] as const, pixels: new Uint8Array(105).fill(77) };
    expect(new Set(resize(even, 3, 11).pixels)).toEqual(new Set([77]));
    const ramp = { shape: [1, 4, 1] as const, pixels: Uint8Array.of(0, 40, 80, 120) };
    expect([...resize(ramp, 1, 2).pixels]).toEqual([29, 91]); // (3·0 + 3·40 + 80) / 7 = 28.6, and 120 less that
  });

  it('are resized in proportion, cropped in the middle and changed in colour', () => {
    const image = { shape: [4, 8, 3] as const, pixels: pattern(96) };
    expect(transformImage(image, { resize: 2 }, 'a').shape).toEqual([2, 4, 3]);
    const cropped = transformImage(image, { crop: [2, 2] }, 'a');
    expect([...cropped.pixels.slice(0, 3)]).toEqual([...image.pixels.slice(3 * (8 + 3), 3 * (8 + 3) + 3)]);
    expect([...transformImage(image, { crop: [1, 1], colour: 'grey' }, 'a').pixels]).toHaveLength(1);
    expect(() => transformImage(image, { crop: [5, 2] }, 'a')).toThrow(/too few to crop 5×2/);
  });
});

describe('a folder of images by class', () => {
  const files = memoryFiles({
    'pets/cat/1.png': png(4, 4, 3, 1),
    'pets/cat/2.png': png(4, 4, 3, 2),
    'pets/cat/3.png': png(4, 4, 3, 3),
    'pets/dog/1.png': png(4, 4, 3, 4),
    'pets/dog/notes.txt': 'who took these',
  });

  it('takes classes by name and images in turns', () => {
    const dataset = openDataset({ name: 'pets', split: 'test' }, files);
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(dataset.imageShape).toEqual([4, 4, 3]);
    const test = memoryFiles({
      'p/test/b/1.png': png(2, 2, 3),
      'p/test/a/1.png': png(2, 2, 3),
      'p/test/a/2.png': png(2, 2, 3),
    });
    const parted = openDataset({ name: 'p', split: 'test' }, test);
    expect([0, 1, 2].map((i) => parted.label(i))).toEqual([0, 1, 0]);
  });

  it('refuses images of several sizes unless they are brought to one', () => {
    const mixed = memoryFiles({ 'p/test/a/1.png': png(2, 2, 3), 'p/test/a/2.png': png(3, 2, 1) });
    const spec = { name: 'p', split: 'test' as const };
    expect(() => openDataset(spec, mixed).pixels(1)).toThrow(
      /p\/test\/a\/2\.png is 3×2×1, and the first image is 2×2×3/,
    );
    const brought = openDataset({ ...spec, images: { resize: [2, 2], colour: 'rgb' } }, mixed);
    expect(brought.pixels(1)).toHaveLength(12);
  });

  it('refuses empty classes, unknown kinds of images, and test classes without training images', () => {
    const open = (contents: Record<string, Uint8Array | string>) => () =>
      openDataset({ name: 'p', split: 'test' }, memoryFiles(contents));
    expect(open({ 'p/a/1.png': png(2, 2, 3), 'p/b/x.txt': '' })).toThrow(/p\/b holds no PNG or JPEG/);
    expect(open({ 'p/a/1.webp': '' })).toThrow(/1\.webp is neither/);
    expect(open({ 'p/train/a/1.png': png(2, 2, 3), 'p/test/b/1.png': png(2, 2, 3) })).toThrow(/class "b"/);
  });
});
