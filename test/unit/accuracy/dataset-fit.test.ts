import { describe, expect, it } from 'vitest';
import { assertDatasetFits } from '../../../src/accuracy/dataset-fit.ts';
import { builtinDataset } from '../../../src/data/index.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';

describe('an accuracy', () => {
  const images = builtinDataset({ split: 'test', samples: 10 });

  it('is refused on images of another size, and where there are no classes', () => {
    const refusal = (name: string) => () => assertDatasetFits(zooNetwork(name), images);
    expect(refusal('mobilenet-v1-0.25')).toThrowError(
      'Dataset "builtin-test" has images of 32×32×3, and network "mobilenet-v1-0.25" reads 96×96×3.',
    );
    expect(refusal('ds-cnn')).toThrowError('reads 49×10×1.');
    expect(refusal('autoencoder')).toThrowError('reads 1×1×640.');
  });

  it('is refused for a network of other classes, even where the images fit', () => {
    expect(() => assertDatasetFits(zooNetwork('mobilenet-v2-0.35-32'), images)).toThrowError(
      'has 10 classes, and network "mobilenet-v2-0.35-32" has 1000 outputs.',
    );
  });

  it('is granted where both fit', () => {
    expect(() => assertDatasetFits(zooNetwork('resnet20'), images)).not.toThrow();
  });
});
