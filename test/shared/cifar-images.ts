import type { Dataset } from '../../src/data/types.ts';
import { readTestData } from './test-data.ts';

const IMAGE_BYTES = 32 * 32 * 3;

/** CIFAR-10 images of the test data. */
export function cifarImages(split: 'test_first500' | 'train_first4000'): Dataset {
  const pixels = readTestData(`cifar10/cifar10_${split}_NHWC.u8`);
  const labels = readTestData(`cifar10/cifar10_${split}_labels.u8`);
  return {
    name: 'cifar10',
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
    count: labels.length,
    imageShape: [32, 32, 3],
    pixels: (index) => pixels.slice(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES),
    label: (index) => labels[index],
  };
}
