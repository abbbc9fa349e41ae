import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { BitbudgetError } from '../../../src/core/errors.ts';
import { seededWeights } from '../../../src/network/seeded-weights.ts';
import type { Weights } from '../../../src/network/types.ts';
import { attachWeights, decodeWeights, encodeWeights, weightLengths } from '../../../src/network/weights-file.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';

const PROVENANCE = {
  network: 'tiny',
  command: 'bitbudget train --network tiny',
  seed: 1,
  dataset: 'builtin',
  samples: 10,
  epochs: 1,
  accuracy: 0.9,
  testSamples: 20,
};
const WEIGHTS: Weights = new Map([
  ['a.kernel', Float32Array.of(1.5, -2, 0, 1e-30)],
  ['empty', new Float32Array(0)],
  ['a.bias', Float32Array.of(-0.1)],
  ['half.kernel', Float32Array.of(0.25, -0, 65504)],
]);

function refusal(bytes: Uint8Array): BitbudgetError {
  try {
    decodeWeights(bytes, 'w.weights');
  } catch (error) {
    if (error instanceof BitbudgetError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

/** A file with this header and a right digest, as a forger would make it. */
function forged(
  header: string,
  body = new Uint8Array(20),
  claimedHeaderBytes = header.length,
  version = 1,
): Uint8Array {
  const bytes = new Uint8Array(16 + header.length + body.length + 32);
  bytes.set(new TextEncoder().encode('BBWEIGHT'));
  new DataView(bytes.buffer).setUint32(8, version, true);
  new DataView(bytes.buffer).setUint32(12, claimedHeaderBytes, true);
  bytes.set(new TextEncoder().encode(header), 16);
  bytes.set(body, 16 + header.length);
  bytes.set(sha256(bytes.subarray(0, bytes.length - 32)), bytes.length - 32);
  return bytes;
}

describe('the file of weights', () => {
  const bytes = encodeWeights(WEIGHTS, PROVENANCE);

  it('gives back what was written, in order', () => {
    const { weights, provenance } = decodeWeights(bytes, 'w.weights');
    expect([...weights]).toEqual([...WEIGHTS]);
    expect(provenance).toEqual(PROVENANCE);
  });

  it('keeps a tensor in half precision where that changes nothing, and its bytes are as many fewer', () => {
    const exact = new Map([['a.kernel', Float32Array.from({ length: 1000 }, (_, k) => k / 64)]]);
    const inexact = new Map([['a.kernel', exact.get('a.kernel')!.map((value) => value + 1e-5)]]);
    const [small, large] = [exact, inexact].map((weights) => encodeWeights(weights, PROVENANCE));
    // but for the few bytes of the header that say so
    expect(large.length - small.length).toBeGreaterThan(2000 - 20);
    expect([...decodeWeights(small, 'w').weights]).toEqual([...exact]);
    expect([...decodeWeights(large, 'w').weights]).toEqual([...inexact]);
  });

  it('is the same for the same weights, and reads at any alignment', () => {
    expect(encodeWeights(WEIGHTS, { ...PROVENANCE })).toEqual(bytes);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...decodeWeights(shifted.subarray(3), 'w').weights]).toEqual([...WEIGHTS]);
  });

  it('is refused when cut short at any byte', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(refusal(bytes.subarray(0, length)).kind).toBe('damaged-file');
    }
  });

  it('is refused when any bit of it is flipped', () => {
    for (let index = 0; index < bytes.length; index++) {
      const altered = bytes.slice();
      altered[index] ^= 1 << (index % 8);
      const error = refusal(altered);
      expect(error.kind).toBe('damaged-file');
      expect(error.message).toContain('"w.weights"');
    }
  });

  it('is refused with bytes to spare', () => {
    expect(refusal(new Uint8Array([...bytes, 0])).kind).toBe('damaged-file');
  });

  it.each([
    ['no JSON', forged('{"tensors"'), 'no JSON'],
    ['null', forged('null'), 'without a list'],
    ['no tensors', forged('{}'), 'without a list'],
    ['nameless tensors', forged('{"tensors":[{}]}'), 'without a list'],
    ['a null tensor', forged('{"tensors":[null]}'), 'without a list'],
    ['no provenance', forged('{"tensors":[]}'), 'without provenance'],
    ['a tensor outside', forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":6}]}'), 'length 6'],
    ['a huge tensor', forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":1e300}]}'), 'length 1e+300'],
    ['a negative length', forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":-1}]}'), 'length -1'],
    ['a missing offset', forged('{"provenance":{},"tensors":[{"name":"a","length":1}]}'), 'byte undefined'],
    ['bytes of no tensor', forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":4}]}'), '4 bytes that'],
    [
      'a name twice',
      forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":4},{"name":"a","offset":16,"length":1}]}'),
      'twice',
    ],
    [
      'a value that is no number',
      forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":5}]}', new Uint8Array(20).fill(255)),
      'holds NaN',
    ],
    [
      'a type of no kind',
      forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":5,"type":"f8"}]}', undefined, undefined, 2),
      'of type f8',
    ],
    [
      'a type before there were any',
      forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":10,"type":"f16"}]}'),
      'of type f16',
    ],
    [
      'halves outside',
      forged('{"provenance":{},"tensors":[{"name":"a","offset":0,"length":11,"type":"f16"}]}', undefined, undefined, 2),
      'length 11',
    ],
    [
      'a half that is no number',
      forged(
        '{"provenance":{},"tensors":[{"name":"a","offset":0,"length":10,"type":"f16"}]}',
        new Uint8Array(20).fill(255),
        undefined,
        2,
      ),
      'holds NaN',
    ],
    ['a header beyond the end', forged('{}', undefined, 4294967295), 'more than the whole file'],
  ])('is refused with a header of %s, even where the digest is right', (_, file, words) => {
    expect(refusal(file).kind).toBe('damaged-file');
    expect(refusal(file).message).toContain(words);
  });

  it('names the version it does not know', () => {
    const newer = bytes.slice();
    newer[8] = 9;
    expect(refusal(newer).message).toContain('version 9');
  });
});

describe('attaching weights to a network', () => {
  const network = zooNetwork('resnet8');
  const { weights } = seededWeights(network, 1);

  it('takes exactly the tensors that the network needs', () => {
    expect(attachWeights(network, weights, 'w').weights).toBe(weights);
    expect([...weightLengths(network).keys()].sort()).toEqual([...weights.keys()].sort());
  });

  it('refuses a tensor that is missing, superfluous or of another length', () => {
    const without = new Map(weights);
    without.delete('classifier.bias');
    expect(() => attachWeights(network, without, 'w')).toThrow('tensor "classifier.bias" is missing');
    expect(() => attachWeights(network, new Map([...weights, ['x', new Float32Array(1)]]), 'w')).toThrow('"x" belongs');
    const short = new Map(weights).set('classifier.bias', new Float32Array(9));
    expect(() => attachWeights(network, short, 'w')).toThrow('has 9 values instead of 10');
  });
});
