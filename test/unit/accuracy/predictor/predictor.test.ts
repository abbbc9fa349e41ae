import { describe, expect, it } from 'vitest';
import { Encoding } from '../../../../src/accuracy/predictor/encoding.ts';
import { EnsembleRunner, trainEnsemble } from '../../../../src/accuracy/predictor/ensemble.ts';
import { fitLowFidelity, levelReader } from '../../../../src/accuracy/predictor/low-fidelity.ts';
import { fitPredictor, Predictor } from '../../../../src/accuracy/predictor/predictor.ts';
import { fitArchitectures } from '../../../../src/accuracy/predictor/transfer.ts';
import { Random } from '../../../../src/core/random.ts';
import { rankCorrelation } from '../../../../src/search/guided/rank-correlation.ts';
import { genes, genomesAtRandom, lossOf, quiet, small, wasm } from './predictor-fixture.ts';

const learned = genomesAtRandom(120, 1);
const fresh = genomesAtRandom(80, 2);
const truth = fresh.map(lossOf);
const bare = genes.map(({ prior: _, ...gene }) => gene);

describe('encoding', () => {
  it('puts architecture first, bits one-hot by scheme and by width, and priors where there are some', () => {
    const encoding = new Encoding(bare);
    expect([encoding.architectureSize, encoding.size]).toEqual([6, 6 + 6 * 9]);
    const row = encoding.encode([2, 0, 1, 0, 0, 0, 0, 0]);
    expect([...row.slice(0, 6)]).toEqual([0, 0, 1, 1, 0, 0]);
    expect([...row.slice(6, 15)]).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0]);
    expect([...encoding.encodeArchitecture([2, 0, 1, 0, 0, 0, 0, 0])]).toEqual([...row.slice(0, 6)]);
    expect(encoding.prior).toBeUndefined();
    const known = new Encoding(genes);
    expect(known.size).toBe(encoding.size + 2 + 2 + 6 + 2);
    expect([...known.encode([2, 2, 2, 2, 2, 2, 2, 2])].every(Number.isFinite)).toBe(true);
  });
});

describe('a predictor', () => {
  it('ranks unseen candidates, better than the prior, and says how far off it may be', async () => {
    const pairs = { genomes: learned, losses: learned.map(lossOf) };
    const { model, heldOut } = await fitPredictor(wasm, genes, pairs, small, quiet);
    const predicted = new Predictor(wasm, model).predict(fresh);
    const rho = rankCorrelation(
      predicted.map(({ value }) => value),
      truth,
    );
    const prior = fresh.map((genome) => genome.reduce((sum, value, g) => sum + genes[g].prior![value], 0));
    expect(rho).toBeGreaterThan(0.97);
    expect(rho).toBeGreaterThan(rankCorrelation(prior, truth));
    const within = predicted.filter(({ value, deviation }, i) => Math.abs(value - truth[i]) < 1.96 * deviation).length;
    expect(within / fresh.length).toBeGreaterThan(0.8);
    expect(heldOut.blend).toBeLessThanOrEqual(Math.min(heldOut.ensemble, heldOut.process));
    const again = await fitPredictor(wasm, genes, pairs, small, quiet);
    expect(new Predictor(wasm, again.model).predict(fresh)).toEqual(predicted);
  });

  it('learns without a prior too, and refuses too few candidates', async () => {
    const pairs = { genomes: learned, losses: learned.map(lossOf) };
    const { model } = await fitPredictor(wasm, bare, pairs, small, quiet);
    const predicted = new Predictor(wasm, model).predict(fresh).map(({ value }) => value);
    expect(rankCorrelation(predicted, truth)).toBeGreaterThan(0.85);
    const few = { genomes: learned.slice(0, 9), losses: learned.slice(0, 9).map(lossOf) };
    await expect(fitPredictor(wasm, bare, few, small, quiet)).rejects.toMatchObject({ kind: 'input' });
    const many = { ...small, hidden: [8], members: 32, epochs: 2 };
    const least = { genomes: learned.slice(0, 10), losses: learned.slice(0, 10).map(lossOf) };
    const { model: modest } = await fitPredictor(wasm, bare, least, many, quiet);
    expect(modest.ensemble.members.length).toBe(5);
    expect(new Predictor(wasm, modest).predict(fresh).every(({ value }) => Number.isFinite(value))).toBe(true);
    const stopped = { ...quiet, cancellation: { aborted: true } };
    await expect(fitPredictor(wasm, bare, pairs, small, stopped)).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

describe('candidates that were looked at cheaply', () => {
  /** Genes act together here, which no sum over them tells. */
  const signalLoss = (genome: readonly number[]) =>
    genome.reduce((sum, value, g) => sum + genes[g].prior![value] * genes[(g + 1) % 8].prior![genome[(g + 1) % 8]], 0);
  const accuracyLoss = (genome: readonly number[]) => {
    const lost = signalLoss(genome) + 0.2 * lossOf(genome);
    return lost / (1 + lost);
  };
  const seen = genomesAtRandom(160, 7);
  const lowFidelity = { genomes: seen, losses: seen.map(signalLoss) };

  it('tell a level of every candidate', () => {
    const level = levelReader(genes, fitLowFidelity(genes, lowFidelity));
    expect(rankCorrelation(fresh.map(level), fresh.map(signalLoss))).toBeGreaterThan(0.95);
    expect(new Encoding(genes, level).encode(fresh[0]).at(-1)).toBe(Math.fround(level(fresh[0]) / 2));
  });

  it('make a predictor better than evaluations alone do', async () => {
    const few = learned.slice(0, 40);
    const pairs = { genomes: few, losses: few.map(accuracyLoss) };
    const settings = { ...small, epochs: 20 };
    const rho = async (before: Parameters<typeof fitPredictor>[5]) => {
      const { model } = await fitPredictor(wasm, genes, pairs, settings, quiet, before);
      const predicted = new Predictor(wasm, model).predict(fresh).map(({ value }) => value);
      return rankCorrelation(predicted, fresh.map(accuracyLoss));
    };
    const [without, cheap] = [await rho({}), await rho({ lowFidelity })];
    expect(cheap).toBeGreaterThan(0.95);
    expect(1 - cheap).toBeLessThan(0.6 * (1 - without));
  });

  it('make a better one still where they are the candidates themselves, which must then all be looked at', async () => {
    const few = learned.slice(0, 40);
    // what so few candidates do not show of the others
    const random = new Random(5);
    const own = new Map([...few, ...fresh].map((genome) => [genome.join(), 0.8 * random.real()]));
    const lossSeen = (genome: readonly number[]) => signalLoss(genome) * (0.6 + own.get(genome.join())!);
    const truly = (genome: readonly number[]) => lossSeen(genome) / (1 + lossSeen(genome));
    const look = (genome: readonly number[]) => truly(genome) ** 2;
    const pairs = { genomes: few, losses: few.map(truly) };
    const rho = async (before: Parameters<typeof fitPredictor>[5]) => {
      const { model } = await fitPredictor(wasm, genes, pairs, { ...small, epochs: 20 }, quiet, before);
      const predictor = new Predictor(wasm, model);
      expect(predictor.needsLooks).toBe(before?.looks !== undefined);
      const predicted = predictor.predict(fresh, fresh.map(look)).map(({ value }) => value);
      if (before?.looks) expect(() => predictor.predict(fresh)).toThrow('not looked at');
      return rankCorrelation(predicted, fresh.map(truly));
    };
    const [others, each] = [await rho({ lowFidelity }), await rho({ looks: few.map(look) })];
    expect(each).toBeGreaterThan(0.97);
    expect(1 - each).toBeLessThan(0.5 * (1 - others));
  });
});

describe('transfer from full precision', () => {
  it('starts out as the architecture predictor, and with few quantized pairs errs less than from scratch', async () => {
    const whole = genomesAtRandom(100, 3).map((genome) => genome.map((value, g) => (g < 2 ? value : 2)));
    const start = await fitArchitectures(wasm, bare, { genomes: whole, losses: whole.map(lossOf) }, small, quiet);
    const encoding = new Encoding(bare);
    const rows = learned.map((genome) => encoding.encode(genome));
    const untouched = await trainEnsemble(
      wasm,
      rows,
      new Float64Array(rows.length),
      { ...small, epochs: 0 },
      quiet,
      start,
    );
    const ofBits = new EnsembleRunner(wasm, untouched).predict([rows[0], rows[0].map((v, i) => (i < 6 ? v : 1 - v))]);
    expect(ofBits[0].value).toBe(ofBits[1].value); // the inputs of bits have no weight yet
    expect(start.sizes[0]).toBe(6);
    // losses in which the architecture decides nearly all, as a test of what is carried over
    const mostly = (genome: readonly number[]) =>
      lossOf(genome.map((value, g) => (g < 2 ? value : 2))) + 0.02 * lossOf(genome);
    const few = learned.slice(0, 18);
    const losses = few.map(mostly);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length);
    const targets = Float64Array.from(losses, (loss) => (loss - mean) / deviation);
    const fewRows = few.map((genome) => encoding.encode(genome));
    const errorFrom = async (from?: typeof start) => {
      const ensemble = await trainEnsemble(wasm, fewRows, targets, { ...small, epochs: 30 }, quiet, from);
      const predicted = new EnsembleRunner(wasm, ensemble).predict(fresh.map((genome) => encoding.encode(genome)));
      return fresh.reduce(
        (sum, genome, i) => sum + Math.abs(mean + deviation * predicted[i].value - mostly(genome)),
        0,
      );
    };
    expect(await errorFrom(start)).toBeLessThan(0.8 * (await errorFrom()));
  });
});
