import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../src/core/errors.ts';
import type { DatasetFiles } from '../../../src/core/ports.ts';
import { type DatasetSpec, openDataset } from '../../../src/data/open.ts';
import type { Dataset } from '../../../src/data/types.ts';
import { idx, memoryFiles, npy, pattern } from './memory-files.ts';

const open = (files: DatasetFiles, name: string, more: Partial<DatasetSpec> = {}): Dataset =>
  openDataset({ name, split: 'test', ...more }, files);

function refusal(files: DatasetFiles, name: string, more: Partial<DatasetSpec> = {}): BitbudgetError {
  try {
    const dataset = open(files, name, more);
    for (let i = 0; i < dataset.count; i++) dataset.pixels(i);
  } catch (error) {
    if (error instanceof BitbudgetError) return error;
    throw error;
  }
  throw new Error(`${name} was opened`);
}

const record = (labels: number[], start: number) => [...labels, ...pattern(3072, start)];

describe('CIFAR in binary form', () => {
  const folder = memoryFiles({
    'cifar/data_batch_1.bin': [...record([3], 0), ...record([4], 1)],
    'cifar/data_batch_2.bin': [...record([5], 2), ...record([6], 3)],
    'cifar/test_batch.bin': [...record([7], 4), ...record([9], 5)],
    'cifar/batches.meta.txt': `${['airplane', ...'bcdefghij'].join('\n')}\n`,
  });

  it('is read from planes into pixels, with its labels and the names of its classes', () => {
    const dataset = open(folder, 'cifar');
    expect([dataset.count, dataset.imageShape, dataset.classes[0]]).toEqual([2, [32, 32, 3], 'airplane']);
    expect([dataset.label(0), dataset.label(1)]).toEqual([7, 9]);
    const planes = pattern(3072, 5);
    const pixels = dataset.pixels(1);
    expect([...pixels.slice(0, 3)]).toEqual([planes[0], planes[1024], planes[2048]]);
    expect(pixels[3 * 1023 + 2]).toBe(planes[3071]);
  });

  it('keeps training and calibration images apart, in the same way each time', () => {
    const labels = (split: 'train' | 'calibration') => {
      const dataset = open(folder, 'cifar', { split });
      return Array.from({ length: dataset.count }, (_, i) => dataset.label(i));
    };
    expect([...labels('train'), ...labels('calibration')].sort()).toEqual([3, 4, 5, 6]);
    expect(labels('calibration')).toHaveLength(1);
    expect(labels('train')).toEqual(labels('train'));
  });

  it('counts the fine labels of CIFAR-100', () => {
    const files = memoryFiles({ 'c/train.bin': record([1, 99], 0), 'c/test.bin': [...record([19, 42], 0)] });
    expect(open(files, 'c').label(0)).toBe(42);
    expect(open(files, 'c').classes).toHaveLength(100);
    expect(open(files, 'c/test.bin').label(0)).toBe(42); // 3,074 bytes are no CIFAR-10 record
  });

  it('refuses files that are cut off or mislabelled, and names the image', () => {
    const cut = memoryFiles({ 'c/test_batch.bin': record([1], 0).slice(0, -1) });
    expect(refusal(cut, 'c')).toMatchObject({ kind: 'damaged-file', message: expect.stringContaining('3072 bytes') });
    const wrong = memoryFiles({ 'c/test_batch.bin': [...record([1], 0), ...record([10], 0)] });
    expect(refusal(wrong, 'c').message).toMatch(/labels image 1 with class 10, and there are 10 classes/);
  });
});

describe('IDX files', () => {
  const images = idx([3, 2, 2], pattern(12));
  const labels = idx([3], [2, 0, 1]);

  it('are read as they are and gzipped', () => {
    const plain = memoryFiles({ 'm/t10k-images-idx3-ubyte': images, 'm/t10k-labels-idx1-ubyte': labels });
    const packed = memoryFiles({
      'm/t10k-images-idx3-ubyte.gz': gzipSync(images),
      'm/t10k-labels-idx1-ubyte.gz': gzipSync(labels),
    });
    for (const files of [plain, packed]) {
      const dataset = open(files, 'm', { expected: { classes: 10 } });
      expect([dataset.count, dataset.imageShape, dataset.classes.length]).toEqual([3, [2, 2, 1], 10]);
      expect([...dataset.pixels(2)]).toEqual([...pattern(12).slice(8)]);
      expect(dataset.label(0)).toBe(2);
    }
  });

  it('are refused where sizes, counts or labels do not belong together', () => {
    const of = (image: Uint8Array, label: Uint8Array) =>
      memoryFiles({ 'm/t10k-images-idx3-ubyte': image, 'm/t10k-labels-idx1-ubyte': label });
    expect(refusal(of(images.slice(0, -1), labels), 'm').message).toMatch(/11 bytes of data where its header says 12/);
    expect(refusal(of(images, idx([2], [0, 1])), 'm').message).toMatch(/3 images and .* 2 labels/);
    expect(refusal(of(labels, labels), 'm').message).toMatch(/does not hold images/);
    expect(refusal(memoryFiles({ 'm/t10k-images-idx3-ubyte': images }), 'm').message).toMatch(/no labels beside it/);
    const half = memoryFiles({
      'm/t10k-images-idx3-ubyte.gz': gzipSync(images).slice(0, -10),
      'm/t10k-labels-idx1-ubyte.gz': gzipSync(labels),
    });
    expect(refusal(half, 'm')).toMatchObject({ kind: 'damaged-file' });
  });
});

describe('NumPy arrays', () => {
  const images = npy('|u1', [2, 2, 2, 3], pattern(24));
  const labels = npy('<i8', [2], new Uint8Array(BigInt64Array.of(1n, 3n).buffer));

  it('are read from an archive under the names that Keras gives them', () => {
    const archive = zipSync({ 'x_test.npy': images, 'y_test.npy': labels, 'notes.txt': new Uint8Array(3) });
    const dataset = open(memoryFiles({ 'd.npz': archive }), 'd.npz');
    expect([dataset.count, dataset.imageShape, dataset.classes.length]).toEqual([2, [2, 2, 3], 4]);
    expect([...dataset.pixels(1)]).toEqual([...pattern(24).slice(12)]);
    expect(dataset.label(1)).toBe(3);
  });

  it('are read from files beside one another, planes and signed bytes too', () => {
    const planes = npy('|i1', [2, 3, 2, 2], pattern(24));
    const dataset = open(memoryFiles({ 'x_test.npy': planes, 'y_test.npy': labels }), 'x_test.npy');
    expect(dataset.imageShape).toEqual([2, 2, 3]);
    expect([...dataset.pixels(0).slice(0, 3)]).toEqual([0, 28, 56].map((byte) => byte ^ 0x80));
  });

  it('take rows with a single 1 as labels', () => {
    const oneHot = npy('|u1', [2, 3], Uint8Array.of(0, 1, 0, 0, 0, 1));
    const dataset = open(memoryFiles({ 'images.npy': images, 'labels.npy': oneHot }), 'npy:images.npy', {
      split: 'calibration',
    });
    expect([1, 2]).toContain(dataset.label(0));
    const two = npy('|u1', [2, 3], Uint8Array.of(0, 1, 1, 0, 0, 1));
    expect(refusal(memoryFiles({ 'x_test.npy': images, 'y_test.npy': two }), 'x_test.npy').message).toMatch(/image 0/);
  });

  it('are refused with the reason', () => {
    const of = (x: Uint8Array, y = labels) => refusal(memoryFiles({ 'x_test.npy': x, 'y_test.npy': y }), 'x_test.npy');
    expect(of(images.slice(0, -2)).message).toMatch(/22 bytes of data where its header says 24/);
    expect(of(npy('<f4', [2, 1, 1], new Uint8Array(8))).remedy).toMatch(/uint8 from 0 to 255/);
    expect(of(npy('|u1', [2, 2, 2, 3], pattern(24), 'True')).message).toMatch(/column-major/);
    expect(of(images, npy('<f4', [2], new Uint8Array(Float32Array.of(0, 0.5).buffer))).message).toMatch(/with 0.5/);
    expect(of(images, npy('|u1', [3], pattern(3))).message).toMatch(/2 images and .* 3 labels/);
  });
});

describe('raw tensors', () => {
  const expected = { shape: [1, 2, 3] as const, classes: 10 };

  it('are read with the list of labels of MLPerf Tiny', () => {
    const files = memoryFiles({
      'r/a.bin': pattern(6),
      'r/b.bin': pattern(6, 9),
      'r/y_labels.csv': 'b.bin, 10, 7\na.bin,10,0\n',
    });
    const dataset = open(files, 'r', { expected });
    expect([dataset.count, dataset.label(0), dataset.imageShape]).toEqual([2, 7, [1, 2, 3]]);
    expect([...dataset.pixels(0)]).toEqual([...pattern(6, 9)]);
    expect([...open(files, 'raw-signed:r', { expected }).pixels(0)]).toEqual([...pattern(6, 9)].map((b) => b ^ 0x80));
  });

  it('are refused where the list and the files disagree', () => {
    const of = (list: string) =>
      refusal(memoryFiles({ 'r/a.bin': pattern(5), 'r/y_labels.csv': list }), 'r', { expected });
    expect(of('a.bin, 10, 7').message).toMatch(/5 bytes where a tensor of 1×2×3 has 6/);
    expect(of('c.bin, 10, 7').message).toMatch(/c\.bin, which is not there/);
    expect(of('a.bin, 10, 10').message).toMatch(/class 10, and there are 10/);
    expect(of('a.bin; 7').message).toMatch(/line 1/);
    expect(of('../a.bin, 10, 1').message).toMatch(/line 1/);
  });

  it('are read one behind another with a byte of label each', () => {
    const files = memoryFiles({ 'some_test_NHWC.u8': pattern(12), 'some_test_labels.u8': [4, 2] });
    const dataset = open(files, 'some_test_NHWC.u8', { expected });
    expect([dataset.count, dataset.label(1), dataset.classes.length]).toEqual([2, 2, 10]);
    expect(refusal(files, 'some_test_NHWC.u8', {}).kind).toBe('input'); // nothing says the shape
  });
});

describe('a dataset by path', () => {
  it('is refused where there is nothing, or nothing that is known', () => {
    const files = memoryFiles({ 'notes/readme.md': 'x', 'x.bin': [1, 2, 3] });
    expect(refusal(files, 'none/at/all').message).toBe('There is no file or folder none/at/all.');
    expect(refusal(files, 'imagenet')).toMatchObject({ kind: 'usage' });
    expect(refusal(files, 'notes').message).toMatch(/no dataset that is known/);
    expect(refusal(files, 'x.bin').message).toMatch(/no dataset that is known/);
  });

  it('has no more images than its files', () => {
    const files = memoryFiles({ 'some_test.u8': pattern(12), 'some_test_labels.u8': [4, 2] });
    const expected = { shape: [1, 2, 3] as const };
    expect(open(files, 'some_test.u8', { expected, samples: 1 }).count).toBe(1);
    expect(refusal(files, 'some_test.u8', { expected, samples: 3 })).toMatchObject({ kind: 'usage' });
    expect(open(files, 'some_test.u8', { expected, split: 'calibration', samples: 64 }).name).toBe('some_test.u8-test');
    expect(refusal(files, 'some_test.u8', { expected, split: 'train' }).message).toMatch(/no training images/);
  });

  it('deals an undivided set out into splits that share no image', () => {
    const files = memoryFiles({
      'x.npy': npy('|u1', [40, 1, 1], pattern(40)),
      'y.npy': npy('|u1', [40], new Uint8Array(40)),
    });
    const pixels = (['train', 'calibration', 'test'] as const).map((split) => {
      const dataset = open(files, 'x.npy', { split });
      return Array.from({ length: dataset.count }, (_, i) => dataset.pixels(i)[0]);
    });
    expect(pixels.map((part) => part.length)).toEqual([28, 4, 8]);
    expect(new Set(pixels.flat()).size).toBe(40);
  });
});
