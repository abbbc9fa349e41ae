import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/core/sha256.ts';
import { builtinDataset, readBatch } from '../../src/data/index.ts';

/** SHA-256 of the pixels of the first 200 images of each split. Whoever changes one has to train the zoo's weights anew. */
const HASHES = {
  train: '5459555e315538e357710db431f4e26396dd8960c7bcb22301a5706cb05365c0',
  calibration: '9bcbbfee6bfe9c4782c109547427f5876e3cda2ec991f2cf88b360a7482c2233',
  test: '4df93c0bbbae8042bc0ef277d0b0cab6246da0e63f98d365c94c10abf1dfe0e6',
} as const;

describe('the images of the built-in dataset are the same bytes for ever', () => {
  it.each(Object.entries(HASHES))('in the split %s', (split, hash) => {
    const dataset = builtinDataset({ split: split as keyof typeof HASHES, samples: 200 });
    const { pixels } = readBatch(
      dataset,
      Array.from({ length: 200 }, (_, index) => index),
    );
    expect(sha256Hex(pixels)).toBe(hash);
  });
});
