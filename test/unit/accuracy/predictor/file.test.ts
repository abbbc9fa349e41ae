import { beforeAll, describe, expect, it } from 'vitest';
import published from '../../../../docs/schema/predictor.schema.json' with { type: 'json' };
import { parsePredictor, type StoredPredictor, serializePredictor } from '../../../../src/accuracy/predictor/file.ts';
import { fitPredictor, Predictor } from '../../../../src/accuracy/predictor/predictor.ts';
import { predictorJsonSchema } from '../../../../src/accuracy/predictor/schema.ts';
import { canonicalJson } from '../../../../src/core/canonical-json.ts';
import { sha256Hex } from '../../../../src/core/sha256.ts';
import { genes, genomesAtRandom, lossOf, quiet, small, wasm } from './predictor-fixture.ts';

let stored: StoredPredictor;
let text: string;
beforeAll(async () => {
  const genomes = genomesAtRandom(24, 1);
  const settings = { ...small, hidden: [8], members: 2, epochs: 5 };
  const seen = genomesAtRandom(30, 5);
  const { model, heldOut } = await fitPredictor(
    wasm,
    genes,
    { genomes, losses: genomes.map(lossOf) },
    settings,
    quiet,
    {
      lowFidelity: { genomes: seen, losses: seen.map(lossOf) },
      looks: genomes.map(lossOf),
    },
  );
  stored = {
    fullPrecisionPairs: 12,
    ...{ network: 'resnet8', weightsSha256: 'a'.repeat(64), proxy: 'output-noise', heldOut, model },
    ...{ calibration: { method: 'mse' }, space: { bits: { schemes: ['w2a2', 'w4a4', 'w8a8'] } } },
  };
  text = serializePredictor(stored);
});

// biome-ignore lint/suspicious/noExplicitAny: a forged document may have any shape
type Forged = any;

/** The file with a change, its hash put right: what only a hostile hand would write. */
function forged(change: (document: Forged) => void): string {
  const { sha256: _, ...document } = JSON.parse(text);
  change(document);
  return JSON.stringify({ ...document, sha256: sha256Hex(canonicalJson(document)) });
}

describe('the file of a predictor', () => {
  it('brings back what predicts the same, and the same bytes', () => {
    const read = parsePredictor(text, 'a.predictor.json');
    expect(serializePredictor(read)).toBe(text);
    const fresh = genomesAtRandom(20, 2);
    const predicted = ({ model }: StoredPredictor) => new Predictor(wasm, model).predict(fresh, fresh.map(lossOf));
    expect(predicted(read)).toEqual(predicted(stored));
    expect(read.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has the schema that is published', () => {
    expect(predictorJsonSchema()).toEqual(published);
  });

  it.each<[string, (good: string) => string, string]>([
    ['half of it', (good) => good.slice(0, good.length / 2), 'is no JSON'],
    ['another document', () => '{"entries":[]}', 'is no predictor'],
    [
      'a changed loss',
      (good) => good.replace('"schemaVersion":1', '"schemaVersion":1 ').replace('"blend":', '"blend": 0'),
      'JSON',
    ],
    ['a changed network name', (good) => good.replace('resnet8', 'resnet9'), 'was changed'],
  ])('is refused with %s', (_, damage, reason) => {
    expect(() => parsePredictor(damage(text), 'a.predictor.json')).toThrow(reason);
  });

  it.each<[string, (document: Forged) => void, string]>([
    ['a signal loss below 0', (d) => (d.lowFidelity.pairs.losses[3] = -1), 'signal loss below 0'],
    ['a look too few', (d) => d.looks.pop(), 'one look for each'],
    ['a look above 1', (d) => (d.looks[2] = 1.5), 'looks.2'],
    ['a genome of its own among those looked at', (d) => (d.lowFidelity.pairs.genomes[0][0] = 9), 'do not know'],
    ['weights of another length', (d) => (d.ensemble.members[0][0].weights = 'AAAA'), 'another shape'],
    ['a layer too few', (d) => d.ensemble.members[1].pop(), 'another shape'],
    ['another number of inputs', (d) => (d.ensemble.sizes[0] = 7), 'inputs'],
    ['two outputs', (d) => (d.ensemble.sizes[2] = 2), 'output'],
    ['huge layers', (d) => (d.ensemble.sizes[1] = 1e9), 'ensemble.sizes'],
    ['a choice that no gene has', (d) => (d.pairs.genomes[0][0] = 200), 'do not know'],
    ['losses missing', (d) => d.pairs.losses.pop(), 'one loss for each'],
    ['a prior too few', (d) => d.genes[0].prior.pop(), 'priors'],
    ['a scheme that is none', (d) => (d.genes[3].choices[0] = 'w99a1'), 'cannot be'],
    ['a scale of 0', (d) => (d.scale.deviation = 0), 'scale.deviation'],
    ['a field of its own', (d) => (d.more = 1), 'Unrecognized'],
  ])('is refused with %s, the hash being right', (_, change, reason) => {
    expect(() => parsePredictor(forged(change), 'a.predictor.json')).toThrow(reason);
  });

  it('is refused with weights that are no numbers', () => {
    const nan = forged((d) => {
      const { weights } = d.ensemble.members[0][0];
      d.ensemble.members[0][0].weights = Buffer.alloc(
        (weights.length / 4) * 3 - (weights.endsWith('==') ? 2 : weights.endsWith('=') ? 1 : 0),
        0xff,
      ).toString('base64');
    });
    expect(() => parsePredictor(nan, 'a.predictor.json')).toThrow('no number');
  });
});
