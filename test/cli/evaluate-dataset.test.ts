import { mkdirSync, writeFileSync } from 'node:fs';
import { encode as encodePng } from 'fast-png';
import { gzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDataset } from '../../src/data/index.ts';
import { idx, npy } from '../unit/data/memory-files.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

const SAMPLES = 60;
const images = builtinDataset({ split: 'test', samples: SAMPLES });
const pixels = Array.from({ length: SAMPLES }, (_, index) => images.pixels(index));
const labels = Uint8Array.from({ length: SAMPLES }, (_, index) => images.label(index));
const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** A record of CIFAR-10: the label, and the colours one plane after another. */
function cifarRecord(index: number): Uint8Array {
  const planes = [0, 1, 2].map((channel) => pixels[index].filter((_, at) => at % 3 === channel));
  return joined([labels.subarray(index, index + 1), ...planes]);
}

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
  for (const name of ['cifar', 'idx', 'arrays', 'damaged']) mkdirSync(folder.path(name));
  writeFileSync(folder.path('cifar/test_batch.bin'), joined(pixels.map((_, index) => cifarRecord(index))));
  const idxImages = idx([SAMPLES, 32, 32, 3], joined(pixels));
  writeFileSync(folder.path('idx/t10k-images-idx4-ubyte.gz'), gzipSync(idxImages));
  writeFileSync(folder.path('idx/t10k-labels-idx1-ubyte'), idx([SAMPLES], labels));
  writeFileSync(folder.path('arrays/x_test.npy'), npy('|u1', [SAMPLES, 32, 32, 3], joined(pixels)));
  writeFileSync(folder.path('arrays/y_test.npy'), npy('|u1', [SAMPLES], labels));
  for (const [index, data] of pixels.entries()) {
    const label = labels[index];
    const of = folder.path(`png/test/${label}-${images.classes[label]}`);
    mkdirSync(of, { recursive: true });
    writeFileSync(`${of}/${index}.png`, encodePng({ width: 32, height: 32, channels: 3, data }));
  }
  const cut = joined(pixels.map((_, index) => cifarRecord(index))).subarray(0, 50_000);
  writeFileSync(folder.path('damaged/test_batch.bin'), cut);
});
afterAll(() => folder.remove());

/** Calibrated over the built-in images, so that the networks are the same whatever judges them. */
const evaluate = (dataset: string, ...more: string[]) => [
  ...['--quiet', 'evaluate', '--network', 'resnet8', '--schemes', 'w4a4', '--dataset', dataset],
  ...['--calibration-dataset', 'builtin', '--calibration-samples', '8', '--workers', '1', ...more],
];

describe('evaluate over images on disk', () => {
  it('gives the same top-1 for the same images in every format', async () => {
    const builtin = await runJson(...evaluate('builtin', '--samples', String(SAMPLES)));
    expect(builtin).toMatchObject({ exitCode: 0, document: { samples: SAMPLES, dataset: 'builtin' } });
    expect(builtin.document.top1).toBeGreaterThan(0.7);
    expect(builtin.document.top1).toBeLessThan(1);
    for (const name of ['cifar', 'idx', 'arrays/x_test.npy', 'png']) {
      const dataset = folder.path(name);
      const { exitCode, document } = await runJson(...evaluate(dataset));
      expect(exitCode, name).toBe(0);
      expect(document, name).toEqual({ ...builtin.document, dataset });
    }
  }, 300_000);

  it('brings images to the size and colours that the network reads', async () => {
    const dataset = folder.path('grey');
    mkdirSync(dataset);
    const large = pixels.map((data) => Uint8Array.from({ length: 48 * 40 }, (_, at) => data[at % data.length]));
    writeFileSync(`${dataset}/t10k-images-idx3-ubyte`, idx([SAMPLES, 48, 40], joined(large)));
    writeFileSync(`${dataset}/t10k-labels-idx1-ubyte`, idx([SAMPLES], labels));
    const shaped = await runJson(...evaluate(dataset, '--resize', '36', '--crop', '32', '--colour', 'rgb'));
    expect(shaped).toMatchObject({ exitCode: 0, document: { samples: SAMPLES, dataset } });
    const unshaped = failure(await run(...evaluate(dataset)));
    expect(unshaped.message).toContain('48×40×1');
    expect(unshaped.remedy).toContain('--resize');
  });

  it.each<[what: string, path: string, exitCode: number, message: RegExp, ...more: string[]]>([
    ['a file that is cut short', 'damaged', 1, /test_batch\.bin/],
    ['a path where nothing lies', 'nowhere/at-all', 1, /nowhere/],
    ['more images than there are', 'cifar', 2, /61 images were asked for/, '--samples', '61'],
  ])('refuses %s', async (_, path, exitCode, message, ...more) => {
    const outcome = await run(...evaluate(folder.path(path), ...more));
    expect(outcome.exitCode).toBe(exitCode);
    expect(failure(outcome).message).toMatch(message);
  });
});
