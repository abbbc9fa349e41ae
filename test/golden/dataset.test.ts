import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/core/sha256.ts';
import { builtinDataset, readBatch } from '../../src/data/index.ts';

/** SHA-256 of the pixels of the first 200 images of each split. Whoever changes one has to train the zoo's weights anew. */
const HASHES = {
  train: 'e09596181c513514b9b08e966c81b74cd4e54adc5db505714cf2de1543b77181',
  calibration: 'bb25ee8a1549330aa14ef6ad3ab2175fedfd92be24b0b3f1261c0a6daa36ba50',
  test: '90febbcb4049e6ede3d82b9d20f905923096af9584766039d700e182db131161',
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
