import { describe, expect, it } from 'vitest';
import { sine } from '../../../src/data/builtin/geometry.ts';
import { imageSeed } from '../../../src/data/builtin/index.ts';
import { builtinDataset, firstImages, readBatch } from '../../../src/data/index.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the built-in dataset', () => {
  it('draws the same image whenever it is asked for', () => {
    const first = builtinDataset({ split: 'test' });
    const again = builtinDataset({ split: 'test', samples: 10 });
    first.pixels(3);
    expect(text(first.pixels(7))).toBe(text(again.pixels(7)));
  });

  it('has ten classes, and as many images of each in every prefix of tens', () => {
    const dataset = builtinDataset({ split: 'train', samples: 100 });
    expect(dataset.classes.length).toBe(10);
    const counts = new Array(10).fill(0);
    for (let index = 0; index < dataset.count; index++) counts[dataset.label(index)]++;
    expect(counts).toEqual(new Array(10).fill(10));
  });

  it('draws other images for other splits, seeds and indices', () => {
    const images = new Set<string>();
    for (const split of ['train', 'calibration', 'test'] as const) {
      for (const seed of [1, 2]) {
        const dataset = builtinDataset({ split, seed, samples: 40 });
        for (let index = 0; index < dataset.count; index++) images.add(text(dataset.pixels(index)));
      }
    }
    expect(images.size).toBe(240);
  });

  it('keeps the seeds of its splits apart by their highest bits', () => {
    for (const [split, bits] of [
      ['train', 1],
      ['calibration', 2],
      ['test', 3],
    ] as const) {
      for (const index of [0, 1, 511, 65_536, 2 ** 28 - 1])
        expect(imageSeed(split, 4294967295, index) >>> 30).toBe(bits);
    }
  });

  it('never gives two images of a split one seed', () => {
    const seeds = new Set(Array.from({ length: 20_000 }, (_, index) => imageSeed('train', 1, index)));
    expect(seeds.size).toBe(20_000);
  });

  it('uses the whole range of contrasts: no image is flat and pixels are bytes of the stated shape', () => {
    const dataset = builtinDataset({ split: 'train', samples: 200 });
    for (let index = 0; index < dataset.count; index++) {
      const pixels = dataset.pixels(index);
      expect(pixels.length).toBe(32 * 32 * 3);
      expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(20);
    }
  });

  it('refuses numbers of samples and seeds that are no integers in range', () => {
    for (const samples of [0, -1, 1.5, Number.NaN, 2 ** 29]) {
      expect(() => builtinDataset({ split: 'test', samples })).toThrow(`cannot have ${samples} images`);
    }
    for (const seed of [-1, 0.5, 2 ** 32]) {
      expect(() => builtinDataset({ split: 'test', seed })).toThrow(`${seed} is no seed`);
    }
  });
});

describe('the sine table', () => {
  it('is that of the sine, rounded to 14 bits', () => {
    for (let angle = -70; angle < 140; angle++) {
      expect(sine(angle)).toBeCloseTo(Math.round(16384 * Math.sin((angle * Math.PI) / 32)), 0);
    }
  });
});

describe('reading batches', () => {
  const dataset = builtinDataset({ split: 'test', samples: 30 });

  it('puts the images side by side in the order asked for', () => {
    const batch = readBatch(dataset, [25, 4]);
    expect([...batch.labels]).toEqual([5, 4]);
    expect(text(batch.pixels.subarray(0, 3072))).toBe(text(dataset.pixels(25)));
    expect(text(batch.pixels.subarray(3072))).toBe(text(dataset.pixels(4)));
  });

  it('refuses an index that the dataset does not have', () => {
    expect(() => readBatch(dataset, [30])).toThrow('Image 30 of dataset "builtin-test"');
    expect(() => readBatch(dataset, [-1])).toThrow('Image -1');
  });

  it('cuts a dataset to its first images, and refuses to lengthen it', () => {
    expect(firstImages(dataset, 7).count).toBe(7);
    expect(() => firstImages(dataset, 31)).toThrow('31 images of dataset "builtin-test"');
  });
});
